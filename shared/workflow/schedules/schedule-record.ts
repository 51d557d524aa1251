import { type Overlap, SchedulePlan } from '../../contract/schedule-plan.ts';
import type { Fields, StoredDocument } from '../../contract/store.ts';

/** A run that a schedule started and that has not ended. */
export interface Running {
  readonly runId: string;
  /** When it was started, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** It was told to end. */
  readonly stopping?: true;
}

/** A time, or a trigger, that a run is to be started for. */
export interface Pending {
  /** In milliseconds since the epoch. */
  readonly at: number;
  /** Told apart from the time itself: the message that asked for a run now. */
  readonly trigger?: string;
  /** Asked for by somebody: a paused schedule starts it too. */
  readonly manual?: true;
}

/** A range of past times that is being gone through. */
export interface Backfill {
  /** The last time that was taken; in milliseconds since the epoch, as `to`. */
  readonly after: number;
  readonly to: number;
  readonly overlap: Overlap;
}

/** What became of a time. `there`: a run of it was there already. */
export type Taken = 'started' | 'skipped' | 'missed' | 'there';

export interface Recent {
  readonly at: number;
  readonly taken: Taken;
  readonly runId?: string;
}

/** A schedule that was made at run time, as its document holds it. */
export interface ScheduleRecord {
  readonly id: string;
  readonly agent: string;
  readonly plan: SchedulePlan;
  /** Tells a schedule apart from another of its name that was deleted: part of the identity of the runs. */
  readonly generation: string;
  /** There as long as it is paused; why. */
  readonly paused?: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** The times up to here were taken; in milliseconds since the epoch. */
  readonly after: number;
  /** Its next time. */
  readonly nextAt?: Date;
  /** When it is to have been heard of: a sweep looks after one that was not. */
  readonly wakeAt?: Date;
  /** It is over, and deleted then. */
  readonly expireAt?: Date;
  readonly running: readonly Running[];
  readonly waiting: readonly Pending[];
  readonly backfills: readonly Backfill[];
  /** The newest last. */
  readonly recent: readonly Recent[];
  readonly counts: Readonly<Record<Taken, number>>;
}

export function encodeSchedule(record: ScheduleRecord): Fields {
  const { id, plan, running, waiting, backfills, recent, counts, ...plain } = record;
  return {
    ...plain,
    schedule: id,
    workflow: plan.workflow,
    counts: { ...counts },
    // As text: an element of a list would be an entry of an index each.
    ...jsonOf({ plan, running, waiting, backfills, recent }),
  };
}

/** Reads a schedule's document. Throws a `TypeError` for a document that is none. */
export function decodeSchedule({ path, fields }: StoredDocument): ScheduleRecord {
  const { schedule, agent, generation, createdAt, updatedAt, after, counts } = fields;
  const { paused, nextAt, wakeAt, expireAt } = fields;
  const plan = SchedulePlan.safeParse(parsed(fields.plan));
  if (
    typeof schedule !== 'string' ||
    typeof agent !== 'string' ||
    typeof generation !== 'string' ||
    typeof after !== 'number' ||
    !(createdAt instanceof Date) ||
    !(updatedAt instanceof Date) ||
    !plan.success
  )
    throw new TypeError(`${path} is not a schedule`);
  return {
    id: schedule,
    agent,
    generation,
    createdAt,
    updatedAt,
    after,
    plan: plan.data,
    ...(typeof paused === 'string' && { paused }),
    ...(nextAt instanceof Date && { nextAt }),
    ...(wakeAt instanceof Date && { wakeAt }),
    ...(expireAt instanceof Date && { expireAt }),
    running: parsed(fields.running) as readonly Running[],
    waiting: parsed(fields.waiting) as readonly Pending[],
    backfills: parsed(fields.backfills) as readonly Backfill[],
    recent: parsed(fields.recent) as readonly Recent[],
    counts: { started: 0, skipped: 0, missed: 0, there: 0, ...(counts as Partial<Record<Taken, number>>) },
  };
}

function jsonOf(values: Readonly<Record<string, unknown>>): Fields {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
}

const parsed = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : []);
