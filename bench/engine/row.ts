/** One line of the table. */
export interface Row {
  readonly figure: string;
  readonly value: string;
  readonly goal: string;
  /** What other systems come to, or why the goal is missed. */
  readonly note?: string;
}

export const count = (value: number) => value.toLocaleString('en');

/** The value below which a share of the values is. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
}
