import type { Verdict } from './part.ts';

/** A line for each part of the gate: how it went and how long it took. */
export function timesTable(verdicts: readonly Verdict[]): string {
  const total = verdicts.reduce((sum, { ms }) => sum + ms, 0);
  const width = Math.max(5, ...verdicts.map(({ title }) => title.length));
  const row = (mark: string, title: string, ms: number) =>
    `${mark}  ${title.padEnd(width)}  ${(ms / 1000).toFixed(1).padStart(6)} s`;
  return [
    ...verdicts.map(({ passed, title, ms }) => row(passed ? 'ok    ' : 'FAILED', title, ms)),
    row('      ', 'total', total),
  ].join('\n');
}
