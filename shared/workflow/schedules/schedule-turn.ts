import { milliseconds } from '../../contract/duration.ts';
import type { Overlap } from '../../contract/schedule-plan.ts';
import type { Occurrences } from './occurrences.ts';
import type { Backfill, Pending, Recent, Running, ScheduleRecord, Taken } from './schedule-record.ts';

/** Times that one turn takes; where there are more, the next turn follows at once. */
const MOST_AT_ONCE = 50;
/** Times that were missed cost nothing: so many are passed over at once. */
const MOST_MISSED_AT_ONCE = 10_000;
/** Of the times that wait, as many are looked after in a turn. */
const LOOKED_AFTER = 20;
/** Times that may wait for the end of a run. */
const MOST_WAITING = 1_000;
const MOST_RECENT = 20;
/** A run whose document is not there so long after its start never began: its start is a dead letter. */
const LOST_MS = milliseconds('1h');
/** While times wait for the end of a run, a lost message of that end is made up for after so long. */
const LOOK_MS = milliseconds('1h');

/** What is known of a run: `none` where there is no document of it. */
export type Known = 'running' | 'ended' | 'none';

/** The times that have come, before anything is decided about them. */
export interface Due {
  /** How many were missed: they are older than `catchUp`. */
  readonly missed: number;
  readonly times: readonly number[];
  readonly after: number;
  readonly backfilled: readonly number[];
  readonly backfills: readonly Backfill[];
  /** There is more to take than a turn takes. */
  readonly more: boolean;
}

/** What came for a schedule beside the time. */
export interface Asked {
  readonly pending: Pending;
  readonly overlap: Overlap;
}

export interface Turn {
  readonly record: ScheduleRecord;
  /** Runs to be started, in order. */
  readonly starts: readonly Pending[];
  readonly stops: readonly { readonly runId: string; readonly how: 'cancel' | 'terminate' }[];
  /** Another turn is to follow at once. */
  readonly more: boolean;
}

/** The times that have come by `now`. */
export function dueOf(record: ScheduleRecord, occurrences: Occurrences, now: number): Due {
  const oldest = now - milliseconds(record.plan.catchUp);
  const times: number[] = [];
  let { after } = record;
  let missed = 0;
  let more = false;
  if (record.paused === undefined) {
    for (
      let next = occurrences.next(after);
      next !== undefined && next <= now;
      next = occurrences.next(after)
    ) {
      more = times.length === MOST_AT_ONCE || missed === MOST_MISSED_AT_ONCE;
      if (more) break;
      after = next;
      if (next < oldest) missed += 1;
      else times.push(next);
    }
  }
  const [first, ...others] = record.backfills;
  const backfilled: number[] = [];
  // What can't wait is not taken yet.
  const room = Math.min(MOST_AT_ONCE, MOST_WAITING - record.waiting.length);
  let at = first?.after ?? 0;
  let over = !first;
  while (first && backfilled.length < room) {
    const next = occurrences.next(at);
    over = next === undefined || next > first.to;
    if (next === undefined || over) break;
    at = next;
    backfilled.push(next);
  }
  const backfills = !first || over ? others : [{ ...first, after: at }, ...others];
  const goesOn = backfills.length > 0 && record.waiting.length + backfilled.length < MOST_WAITING;
  return { missed, times, after, backfilled, backfills, more: more || goesOn };
}

/** The runs that a turn has to know about. */
export function runsOf(
  record: ScheduleRecord,
  due: Due,
  asked: Asked | undefined,
  runIdOf: (pending: Pending) => string,
): string[] {
  const pending: Pending[] = [
    ...record.waiting.slice(0, LOOKED_AFTER),
    ...due.times.map((at) => ({ at })),
    ...due.backfilled.map((at) => ({ at })),
    ...(asked ? [asked.pending] : []),
  ];
  return [...new Set([...record.running.map(({ runId }) => runId), ...pending.map(runIdOf)])];
}

/** Takes what is due: pure. `knownOf` knows of the runs of `runsOf`, and answers undefined for any other. */
export function takeTurn(request: {
  readonly record: ScheduleRecord;
  readonly due: Due;
  readonly asked?: Asked | undefined;
  readonly occurrences: Occurrences;
  readonly now: number;
  /** Milliseconds for which the document of a schedule that is over is kept. */
  readonly retentionMs: number;
  runIdOf(pending: Pending): string;
  knownOf(runId: string): Known | undefined;
}): Turn {
  const { record, due, asked, occurrences, now, retentionMs, runIdOf, knownOf } = request;
  const taking = new Taking(record, now, runIdOf, knownOf);
  const isPaused = record.paused !== undefined;
  taking.drain(isPaused);
  if (due.missed > 0) taking.missed(due.missed);
  for (const at of due.times) taking.offer({ at }, record.plan.overlap);
  const backfill = record.backfills[0];
  if (backfill) for (const at of due.backfilled) taking.offer({ at, manual: true }, backfill.overlap);
  if (asked) taking.offer(asked.pending, asked.overlap);
  const drained = taking.drain(isPaused);
  const { running, waiting, recent, counts, starts, stops } = taking;
  const { nextAt: _next, wakeAt: _wake, expireAt: _expire, ...rest } = record;
  const next = isPaused ? undefined : occurrences.next(due.after);
  const more = due.more || !drained;
  const isOver =
    !isPaused && next === undefined && running.length + waiting.length + due.backfills.length === 0;
  const look = waiting.length > 0 || due.backfills.length > 0 ? now + LOOK_MS : Number.POSITIVE_INFINITY;
  const wake = more ? now : Math.min(next ?? Number.POSITIVE_INFINITY, look);
  return {
    record: {
      ...rest,
      after: due.after,
      backfills: due.backfills,
      running,
      waiting,
      recent,
      counts,
      updatedAt: new Date(now),
      ...(next !== undefined && { nextAt: new Date(next) }),
      ...(Number.isFinite(wake) && { wakeAt: new Date(wake) }),
      ...(isOver && { expireAt: new Date(now + retentionMs) }),
    },
    starts,
    stops,
    more,
  };
}

/** The state of a schedule while a turn is taken. */
class Taking {
  running: Running[];
  waiting: Pending[];
  recent: Recent[];
  counts: Record<Taken, number>;
  readonly starts: Pending[] = [];
  readonly stops: Turn['stops'][number][] = [];
  readonly #now: number;
  readonly #runIdOf: (pending: Pending) => string;
  readonly #knownOf: (runId: string) => Known | undefined;

  constructor(
    record: ScheduleRecord,
    now: number,
    runIdOf: (pending: Pending) => string,
    knownOf: (runId: string) => Known | undefined,
  ) {
    this.#now = now;
    this.#runIdOf = runIdOf;
    this.#knownOf = knownOf;
    this.running = record.running.filter(({ runId, startedAt }) => {
      const known = knownOf(runId);
      return known === 'running' || (known === 'none' && now - startedAt < LOST_MS);
    });
    this.waiting = [...record.waiting];
    this.recent = [...record.recent];
    this.counts = { ...record.counts };
  }

  missed(count: number): void {
    this.counts.missed += count;
  }

  offer(pending: Pending, overlap: Overlap): void {
    const runId = this.#runIdOf(pending);
    const isOurs = [...this.running, ...this.waiting.map((each) => ({ runId: this.#runIdOf(each) }))];
    if (this.#knownOf(runId) !== 'none' || isOurs.some((each) => each.runId === runId)) {
      this.#took(pending, 'there');
      return;
    }
    const isFree = this.running.length === 0 && this.waiting.length === 0;
    if (isFree || overlap === 'allowAll') this.#start(pending);
    else if (overlap === 'terminateOther') {
      this.#stop('terminate');
      this.#start(pending);
    } else if (overlap === 'cancelOther') {
      this.#stop('cancel');
      // What somebody asked for is not given up for that.
      const asked = this.waiting.filter(({ manual }) => manual);
      for (const older of this.waiting) if (!older.manual) this.#took(older, 'skipped');
      this.waiting = [pending, ...asked];
    } else if (overlap === 'skip' || this.waiting.length >= (overlap === 'bufferOne' ? 1 : MOST_WAITING)) {
      this.#took(pending, 'skipped');
    } else this.waiting.push(pending);
  }

  /** Starts the first that waits, once nothing runs. Returns false where more can be told only once it was looked after. */
  drain(isPaused: boolean): boolean {
    while (this.running.length === 0) {
      const first = this.waiting.find(({ manual }) => manual || !isPaused);
      if (!first) return true;
      const known = this.#knownOf(this.#runIdOf(first));
      if (known === undefined) return false;
      this.waiting = this.waiting.filter((each) => each !== first);
      if (known === 'none') this.#start(first);
      else this.#took(first, 'there');
    }
    return true;
  }

  #start(pending: Pending): void {
    const runId = this.#runIdOf(pending);
    this.starts.push(pending);
    this.running.push({ runId, startedAt: this.#now });
    this.#took(pending, 'started', runId);
  }

  #stop(how: 'cancel' | 'terminate'): void {
    this.running = this.running.map((run) => {
      if (run.stopping) return run;
      this.stops.push({ runId: run.runId, how });
      return { ...run, stopping: true };
    });
  }

  #took({ at }: Pending, taken: Taken, runId?: string): void {
    this.counts[taken] += 1;
    this.recent = [...this.recent, { at, taken, ...(runId !== undefined && { runId }) }].slice(-MOST_RECENT);
  }
}
