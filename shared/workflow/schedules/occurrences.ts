import { milliseconds } from '../../contract/duration.ts';
import type { SchedulePlan } from '../../contract/schedule-plan.ts';

/** The times of a schedule, in milliseconds since the epoch. */
export interface Occurrences {
  /** The first one after a time; undefined where there is none. */
  next(after: number): number | undefined;
}

/**
 * The times that a plan names. A wall-clock time that the clocks skip is the first moment after the gap; one that they repeat is the first of
 * the two, but for hours of `*`, which are every hour that passes.
 */
export async function occurrencesOf(plan: SchedulePlan): Promise<Occurrences> {
  const { start, end } = plan;
  const least = start === undefined ? Number.NEGATIVE_INFINITY : Date.parse(start);
  const most = end === undefined ? Number.POSITIVE_INFINITY : Date.parse(end);
  const after = await strikesOf(plan);
  return {
    next(time) {
      const next = after(Math.max(time, least - 1));
      return next !== undefined && next <= most ? next : undefined;
    },
  };
}

/** The strikes after a time, whatever the limits. */
async function strikesOf({ cron, timeZone, every, start }: SchedulePlan) {
  if (cron === undefined) {
    const interval = milliseconds(every ?? '1d');
    const origin = start === undefined ? 0 : Date.parse(start);
    return (time: number): number | undefined =>
      origin + (Math.floor((time - origin) / interval) + 1) * interval;
  }
  // Loaded with the first schedule: most agents have none.
  const { Cron } = await import('croner');
  const strikes = new Cron(cron, { timezone: timeZone ?? 'Etc/UTC', mode: '5-part' });
  return (time: number): number | undefined => strikes.nextRun(new Date(time))?.getTime();
}
