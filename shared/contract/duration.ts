import { MeshError } from './errors.ts';

/** A length of time as people write it: `250ms`, `5s`, `10m`, `2h`, `7d`; at most `365000d`, about 1,000 years. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
/** So long that nobody means more, and so short that no time counted from now leaves the years that Firestore keeps. */
const LONGEST_DAYS = 365_000;

/**
 * The duration in whole milliseconds.
 *
 * @param field whose duration it is, for the error
 * @throws MeshError `ArgumentInvalid` for what is no `Duration`, or over 365,000 days
 */
export function milliseconds(duration: Duration, field = 'duration'): number {
  const match = typeof duration === 'string' ? FORM.exec(duration) : null;
  const hint = 'Write a number and a unit, such as 250ms, 5s, 10m, 2h or 7d.';
  if (!match) {
    const given = typeof duration === 'string' ? JSON.stringify(duration) : `a ${typeof duration}`;
    const message = `not a duration: ${given}; write for example 250ms, 5s, 10m, 2h or 7d`;
    throw new MeshError('ArgumentInvalid', message, { field, hint });
  }
  const [, amount, unit] = match;
  const ms = Math.round(Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]);
  if (ms <= LONGEST_DAYS * UNIT_MS.d) return ms;
  const message = `the duration ${duration} is too long: the most is ${LONGEST_DAYS}d`;
  throw new MeshError('ArgumentInvalid', message, { field, hint });
}

/** The last millisecond that Firestore keeps as a time (https://firebase.google.com/docs/firestore/manage-data/data-types). */
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * The date in milliseconds since the epoch, not before it.
 *
 * @throws MeshError `ArgumentInvalid` for what is no date, or one after the year 9999
 */
export function timeOfDate(date: unknown, field: string): number {
  const at = date instanceof Date ? date.getTime() : Number.NaN;
  const refused = (rule: string) =>
    new MeshError('ArgumentInvalid', `${field} ${rule}`, { field, hint: 'Give a Date up to the year 9999.' });
  if (Number.isNaN(at)) throw refused('was given a date that is none');
  if (at > LATEST_MS) throw refused('was given a date after the year 9999');
  return Math.max(at, 0);
}
