import { encodeMessage } from '../contract/envelope.ts';
import { MeshError } from '../contract/errors.ts';
import { toJson } from '../contract/json.ts';
import { SCHEDULE } from '../contract/message.ts';
import { schedulePath, topicOf } from '../contract/names.ts';
import { parseAs } from '../contract/parse.ts';
import { type Overlap, ScheduleChange } from '../contract/schedule-plan.ts';
import { decodeSchedule, occurrencesOf, type ScheduleRecord } from '../workflow/schedules/index.ts';
import type { MeshAccess } from './mesh-access.ts';
import { messageId } from './message-id.ts';
import { patiently } from './patience.ts';
import type { SendOnce, SentMessage } from './run-handle.ts';
import { patienceOf, type WaitOptions } from './wait-options.ts';

/** A schedule as it stands. */
export interface ScheduleFacts extends ScheduleRecord {
  /** Its next times, at most five; none while it is paused. */
  readonly nextTimes: readonly Date[];
}

export interface BackfillRange {
  /** The first and the last moment whose times are taken. Times that are yet to come are not. */
  readonly from: Date;
  readonly to: Date;
  /** Default `bufferAll`: one after the other. */
  readonly overlap?: Overlap;
}

const SHOWN_TIMES = 5;
/** A schedule that this handle made is waited for so long by what reads it. */
const CREATE_PATIENCE = '30s';

/** A schedule that was made at run time. Each call resolves once it is durable; the agent that has the schedule follows. */
export class ScheduleHandle {
  readonly agent: string;
  readonly id: string;
  readonly #mesh: MeshAccess;
  readonly #isNew: boolean;

  constructor(mesh: MeshAccess, agent: string, id: string, isNew = false) {
    this.#mesh = mesh;
    this.agent = agent;
    this.id = id;
    this.#isNew = isNew;
  }

  /**
   * The schedule as it stands. One that this handle made is waited for, for at most 30 s or `timeout`.
   *
   * @throws MeshError `ScheduleNotFound`
   */
  async read(options: WaitOptions = {}): Promise<ScheduleFacts> {
    const { store, clock } = this.#mesh.ports;
    const patience = patienceOf({ timeout: this.#isNew ? CREATE_PATIENCE : '0s', ...options });
    const document = await patiently(clock, patience, async () => {
      const [found] = await store.read([schedulePath(this.agent, this.id)]);
      return found;
    });
    if (document) return factsOfSchedule(decodeSchedule(document));
    throw new MeshError('ScheduleNotFound', `${this.agent} has no schedule ${JSON.stringify(this.id)}`, {
      field: 'schedule',
    });
  }

  /** Starts nothing more until `resume`, but for triggers and backfills. */
  pause({ note = '', ...options }: SendOnce & { readonly note?: string } = {}): Promise<SentMessage> {
    return this.tell({ op: 'pause', note }, options);
  }

  /** Goes on from now: what came by while it was paused is not made up for. */
  resume(options: SendOnce = {}): Promise<SentMessage> {
    return this.tell({ op: 'resume' }, options);
  }

  /** Starts a run now. `overlap` in place of that of the plan. */
  trigger({ overlap, ...options }: SendOnce & { readonly overlap?: Overlap } = {}): Promise<SentMessage> {
    return this.tell({ op: 'trigger', ...(overlap && { overlap }) }, options);
  }

  /** Starts the runs of past times that have none: a time that had its run gets no other. */
  backfill({ from, to, overlap }: BackfillRange, options: SendOnce = {}): Promise<SentMessage> {
    const range = { from: from.toISOString(), to: to.toISOString(), ...(overlap && { overlap }) };
    return this.tell({ op: 'backfill', ...range }, options);
  }

  /** Deletes the schedule. Runs that it started go on. */
  delete(options: SendOnce = {}): Promise<SentMessage> {
    return this.tell({ op: 'delete' }, options);
  }

  /** Sends a change of the schedule to its agent. */
  async tell(
    change: { readonly op: ScheduleChange['op'] } & Readonly<Record<string, unknown>>,
    { idempotencyKey }: SendOnce = {},
  ): Promise<SentMessage> {
    const { prefix, source, ports } = this.#mesh;
    const json = toJson({ schedule: this.id, ...change }, 'ScheduleInvalid', 'the change of a schedule');
    const data = toJson(parseAs(ScheduleChange, json, 'ScheduleInvalid', 'the change of a schedule'));
    const id = messageId(ports.ids, [SCHEDULE, this.agent, this.id, change.op], idempotencyKey);
    const time = new Date(this.#mesh.now()).toISOString();
    const wire = encodeMessage({ id, source, type: SCHEDULE, time, correlationId: id, data });
    await this.#mesh.send({ topic: topicOf(prefix, this.agent), wire });
    return { id };
  }
}

/** A schedule with the times that come next. */
export async function factsOfSchedule(record: ScheduleRecord): Promise<ScheduleFacts> {
  const nextTimes: Date[] = [];
  if (record.paused === undefined) {
    const occurrences = await occurrencesOf(record.plan);
    for (let next = occurrences.next(record.after); next !== undefined; next = occurrences.next(next)) {
      nextTimes.push(new Date(next));
      if (nextTimes.length === SHOWN_TIMES) break;
    }
  }
  return { ...record, nextTimes };
}
