/** A length of time as people write it: `250ms`, `5s`, `10m`, `2h`, `7d`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** The duration in whole milliseconds. Throws a `TypeError` for anything that is not a `Duration`. */
export function milliseconds(duration: Duration): number {
  const match = FORM.exec(duration);
  if (!match)
    throw new TypeError(
      `not a duration: ${JSON.stringify(duration)}; write for example 250ms, 5s, 10m, 2h or 7d`,
    );
  const [, amount, unit] = match;
  return Math.round(Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]);
}
