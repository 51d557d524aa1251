import { Cron } from 'croner';

/**
 * When a cron expression next strikes after `after`, in milliseconds since the epoch; undefined for never. Day of month and day of week
 * together mean either, as in cron. An hour that the clocks skip strikes at the first moment after it, one that they repeat strikes
 * the first time only.
 */
export function nextStrike(cron: string, timeZone: string, after: number): number | undefined {
  return new Cron(cron, { timezone: timeZone, mode: '5-part' }).nextRun(new Date(after))?.getTime();
}
