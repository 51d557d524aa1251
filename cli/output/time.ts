/** A length of time for people: `840 ms`, `2.4 s`, `3 min 5 s`, `2 h 10 min`. */
export function lengthText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.round((seconds % 3_600) / 60)} min`;
}

/** RFC 3339, to the second. */
export const timeText = (time: Date) => `${time.toISOString().slice(0, 19)}Z`;
