import { describe, expect, test } from 'vitest';
import { nextStrike } from '../../../emulator/scheduler/cron-times.ts';

/** The next strikes after `from`, as RFC 3339 in UTC without seconds. */
function strikes(cron: string, timeZone: string, from: string, count: number): string[] {
  const times: string[] = [];
  let at = Date.parse(from);
  for (let n = 0; n < count; n++) {
    at = nextStrike(cron, timeZone, at) ?? Number.NaN;
    times.push(new Date(at).toISOString().slice(0, 16));
  }
  return times;
}

describe('a cron expression strikes', () => {
  test('after a moment, never at it', () => {
    expect(strikes('5 0 * * *', 'Etc/UTC', '2026-03-01T00:05:00Z', 1)).toEqual(['2026-03-02T00:05']);
    expect(strikes('5 0 * * *', 'Etc/UTC', '2026-03-01T00:04:59.999Z', 1)).toEqual(['2026-03-01T00:05']);
  });

  test('in months that have the day only', () => {
    expect(strikes('0 0 31 * *', 'Etc/UTC', '2026-01-31T12:00:00Z', 3)).toEqual([
      '2026-03-31T00:00',
      '2026-05-31T00:00',
      '2026-07-31T00:00',
    ]);
    expect(strikes('0 0 29 2 *', 'Etc/UTC', '2026-01-01T00:00:00Z', 1)).toEqual(['2028-02-29T00:00']);
  });

  test('on the day of the month or of the week, where both are given', () => {
    expect(strikes('0 0 13 * FRI', 'Etc/UTC', '2026-02-01T00:00:00Z', 3)).toEqual([
      '2026-02-06T00:00',
      '2026-02-13T00:00',
      '2026-02-20T00:00',
    ]);
  });

  test('by the clocks of its time zone', () => {
    expect(strikes('0 9 * * *', 'America/New_York', '2026-03-07T00:00:00Z', 3)).toEqual([
      '2026-03-07T14:00',
      '2026-03-08T13:00',
      '2026-03-09T13:00',
    ]);
  });

  test('at the end of an hour that the clocks skip', () => {
    // In Paris the clocks go from 02:00 to 03:00 on 29 March 2026.
    expect(strikes('30 2 * * *', 'Europe/Paris', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ]);
  });

  test('once in an hour that the clocks repeat', () => {
    // In Paris the clocks go from 03:00 back to 02:00 on 25 October 2026.
    expect(strikes('30 2 * * *', 'Europe/Paris', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
  });
});
