import * as z from 'zod';
import { cronProblem } from './cron.ts';
import { type Duration, milliseconds } from './duration.ts';
import { isTimeZone } from './schedule-rules.ts';

/**
 * What a time of a schedule does while a run that the schedule started before has not ended:
 *
 * - `skip`: nothing is started for it.
 * - `bufferOne`: it waits for that end, if none waits yet; else it is skipped.
 * - `bufferAll`: it waits, behind those that wait already.
 * - `cancelOther`: that run is cancelled; the newest time that waits is started once it has ended.
 * - `terminateOther`: that run is terminated, and the new one is started at once.
 * - `allowAll`: it is started at once.
 */
export const Overlap = z.enum([
  'skip',
  'bufferOne',
  'bufferAll',
  'cancelOther',
  'terminateOther',
  'allowAll',
]);
export type Overlap = z.infer<typeof Overlap>;

const time = z.iso.datetime({ offset: true });
const duration = (least: number, most: number, what: string) =>
  z.string().refine((text) => {
    try {
      const ms = milliseconds(text as Duration);
      return ms >= least && ms <= most;
    } catch {
      return false;
    }
  }, `must be a duration of ${what}`) as unknown as z.ZodType<Duration>;

const SECOND_MS = 1_000;
const YEAR_MS = 366 * 86_400_000;

/** When a schedule starts runs of which workflow, and with what. */
export const SchedulePlan = z
  .object({
    /** The workflow, as the contract of its agent names it. */
    workflow: z.string().min(1),
    input: z.json().default(null),
    /** The field of the input that is set to the time of each run, RFC 3339 in UTC. */
    timeField: z.string().min(1).optional(),
    cron: z
      .string()
      .superRefine((text, context) => {
        const problem = cronProblem(text);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
      })
      .optional(),
    /** Of the tz database, for `cron`. Default `Etc/UTC`. */
    timeZone: z.string().refine(isTimeZone, 'must be a time zone of the tz database').optional(),
    /** In place of `cron`: an interval, counted from `start`, or else from 1970. */
    every: duration(SECOND_MS, YEAR_MS, '1s to 366d').optional(),
    /** No time before it. */
    start: time.optional(),
    /** No time after it. */
    end: time.optional(),
    overlap: Overlap.default('skip'),
    /** A time that is found to be due so long after it, as after an outage, is missed. */
    catchUp: duration(10 * SECOND_MS, YEAR_MS, '10s to 366d').default('1h'),
  })
  .refine(({ cron, every }) => (cron === undefined) !== (every === undefined), {
    path: ['cron'],
    message: 'there must be either cron or every',
  })
  .refine(({ cron, timeZone }) => timeZone === undefined || cron !== undefined, {
    path: ['timeZone'],
    message: 'is of cron',
  })
  .refine(({ start, end }) => !start || !end || Date.parse(start) <= Date.parse(end), {
    path: ['end'],
    message: 'is before start',
  });
export type SchedulePlan = z.output<typeof SchedulePlan>;
export type SchedulePlanInput = z.input<typeof SchedulePlan>;

/** The name of a schedule among those of its agent. */
const ScheduleId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/,
    'must be 1 to 128 letters, digits, dots, dashes and underscores',
  );

const of = { schedule: ScheduleId };
const range = { from: time, to: time, overlap: Overlap.optional() };

/** The data of a `mesh.schedule`. `tick` and `ended` are an agent's own: a time has come, and a run that the schedule started has ended. */
export const ScheduleChange = z.discriminatedUnion('op', [
  z.object({ op: z.literal('create'), ...of, plan: SchedulePlan, paused: z.string().max(1_000).optional() }),
  z.object({ op: z.literal('update'), ...of, plan: SchedulePlan }),
  z.object({ op: z.literal('pause'), ...of, note: z.string().max(1_000).default('') }),
  z.object({ op: z.literal('resume'), ...of }),
  z.object({ op: z.literal('trigger'), ...of, overlap: Overlap.optional() }),
  z.object({ op: z.literal('backfill'), ...of, ...range }),
  z.object({ op: z.literal('delete'), ...of }),
  z.object({ op: z.literal('tick'), ...of }),
  z.object({ op: z.literal('ended'), ...of, runId: z.string() }),
]);
export type ScheduleChange = z.output<typeof ScheduleChange>;
