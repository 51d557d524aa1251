import { isDeepStrictEqual } from 'node:util';
import type { Contract } from '../../contract/agent.ts';
import { MeshError } from '../../contract/errors.ts';
import type { Json } from '../../contract/json.ts';
import { messageKey, namedId, runIdOf } from '../../contract/keys.ts';
import { CANCEL, type Message, SCHEDULE, TERMINATE } from '../../contract/message.ts';
import { runPath, schedulePath, sourceOf } from '../../contract/names.ts';
import { parseAs } from '../../contract/parse.ts';
import { inputAt, planProblem } from '../../contract/plan-rules.ts';
import { ScheduleChange, type SchedulePlan } from '../../contract/schedule-plan.ts';
import { stableValue } from '../../contract/stable-value.ts';
import type { StoredDocument, Write } from '../../contract/store.ts';
import type { Decision, DecisionRequest, Route, Send } from '../../kernel/route.ts';
import { type Host, NO_EFFECT } from '../host.ts';
import { keyValueOf } from '../run-key.ts';
import { occurrencesOf } from './occurrences.ts';
import { decodeSchedule, encodeSchedule, type Pending, type ScheduleRecord } from './schedule-record.ts';
import { type Asked, dueOf, type Known, runsOf, takeTurn } from './schedule-turn.ts';

/** How long a schedule that a message names is waited for: what makes it may have been overtaken. */
const PATIENCE_MS = 600_000;
const FIRST_LOOK_MS = 1_000;
const LONGEST_BETWEEN_MS = 60_000;
/** How far the clock of its sender may be ahead. */
const MOST_SKEW_MS = 60_000;
const MOST_BACKFILLS = 10;

/**
 * `mesh.schedule`: makes, changes and deletes the schedules of an agent's workflows, and starts their runs. A schedule is one document; its times
 * come as messages that it arms itself. What a time does is committed with the document, and the run of a time is named by the schedule and the
 * time, so each time starts one run, whatever is delivered twice or dies (I1, I2).
 */
export function scheduleRoute(host: Host): Route {
  const { contract } = host;
  const read = ({ data }: Message) =>
    parseAs(ScheduleChange, data, 'SchemaMismatch', 'the change of a schedule');
  const pathOf = (message: Message) => schedulePath(contract.name, read(message).schedule);
  return {
    mode: 'commit',
    reads: (message) => [pathOf(message)],
    document: pathOf,
    decide: (request) => decide(host, read(request.message), request),
  };
}

async function decide(host: Host, change: ScheduleChange, request: DecisionRequest): Promise<Decision> {
  const { message, key, documents } = request;
  const [document] = documents;
  const now = nowAt(host, message);
  const found = document && decodeSchedule(document);
  if (change.op === 'tick' || change.op === 'ended') {
    // Deleted since, or not due: the timer of its next time is another.
    const isDue = (record: ScheduleRecord) =>
      change.op === 'ended' || (record.wakeAt && record.wakeAt.getTime() <= now);
    return found && document && isDue(found) ? turn(host, found, document, request, now) : NO_EFFECT;
  }
  if (change.op === 'create') {
    if (found && found.generation !== key) return joined(host, found, change.plan);
    if (found) return NO_EFFECT;
    checkPlan(host.contract, change.plan);
    return turn(host, made(host.contract, change, key, now), undefined, request, now);
  }
  if (!found || !document) throw notFound(change.schedule, message, now);
  switch (change.op) {
    case 'delete':
      return { writes: [{ kind: 'delete', path: document.path, ifVersion: document.version }], sends: [] };
    case 'update':
      checkPlan(host.contract, change.plan);
      // Times of the new plan that are past are nobody's.
      return turn(
        host,
        { ...found, plan: change.plan, after: Math.max(found.after, now) },
        document,
        request,
        now,
      );
    case 'pause':
      return turn(host, { ...found, paused: change.note }, document, request, now);
    case 'resume': {
      if (found.paused === undefined) return NO_EFFECT;
      const { paused: _, ...record } = found;
      // What came by while it was paused is not made up for: a backfill does that.
      return turn(host, { ...record, after: Math.max(found.after, now) }, document, request, now);
    }
    case 'trigger': {
      const pending: Pending = { at: now, trigger: key, manual: true };
      const asked = { pending, overlap: change.overlap ?? found.plan.overlap };
      return turn(host, found, document, request, now, asked);
    }
    case 'backfill': {
      if (found.backfills.length >= MOST_BACKFILLS)
        throw new MeshError('QueueFull', `${MOST_BACKFILLS} backfills of ${found.id} are under way already`);
      const to = Math.min(Date.parse(change.to), now);
      const backfill = { after: Date.parse(change.from) - 1, to, overlap: change.overlap ?? 'bufferAll' };
      const backfills = [...found.backfills, backfill];
      return turn(host, { ...found, backfills }, document, request, now);
    }
  }
}

/** A tick is handled at its time at the earliest: another instance may have taken it in, whose clock is ahead of this one's. */
function nowAt({ clock }: Host, { notBefore }: Message): number {
  return notBefore === undefined ? clock.now() : Math.max(clock.now(), Date.parse(notBefore));
}

function made(
  { name: agent }: Contract,
  { schedule: id, plan, paused }: Extract<ScheduleChange, { op: 'create' }>,
  generation: string,
  now: number,
): ScheduleRecord {
  return {
    id,
    agent,
    plan,
    generation,
    ...(paused !== undefined && { paused }),
    createdAt: new Date(now),
    updatedAt: new Date(now),
    after: now,
    running: [],
    waiting: [],
    backfills: [],
    recent: [],
    counts: { started: 0, skipped: 0, missed: 0, there: 0 },
  };
}

/** Making a schedule twice is making it once. */
function joined({ contract }: Host, found: ScheduleRecord, plan: SchedulePlan): Decision {
  if (isDeepStrictEqual(found.plan, plan)) return NO_EFFECT;
  const message = `${contract.name} has a schedule ${JSON.stringify(found.id)} already, with another plan`;
  throw new MeshError('ScheduleExists', message, { field: 'schedule' });
}

async function turn(
  host: Host,
  record: ScheduleRecord,
  document: StoredDocument | undefined,
  request: DecisionRequest,
  now: number,
  asked?: Asked,
): Promise<Decision> {
  const { contract } = host;
  const { plan } = record;
  const occurrences = await occurrencesOf(plan);
  const due = dueOf(record, occurrences, now);
  const runOf = (pending: Pending) => runIdAt(contract, record, pending);
  const runs = runsOf(record, due, asked, runOf);
  const known = new Map<string, Known>();
  const read = runs.length > 0 ? await request.read(runs.map(runPath)) : [];
  for (const [at, runId] of runs.entries()) {
    const run = read[at];
    known.set(runId, !run ? 'none' : run.fields.endedAt ? 'ended' : 'running');
  }
  const taken = takeTurn({
    record,
    due,
    asked,
    occurrences,
    now,
    retentionMs: host.retentionMs,
    runIdOf: runOf,
    knownOf: (runId) => known.get(runId),
  });
  for (const { at } of taken.starts)
    request.log.info('a schedule starts a run', { schedule: record.id, at: new Date(at).toISOString() });
  const { nextAt } = taken.record;
  const isArmed = document !== undefined && nextAt?.getTime() === armedAt(document);
  return {
    writes: [writeOf(contract.name, taken.record, document)],
    sends: [
      ...taken.stops.map(({ runId, how }) => stopSend(contract.name, record.id, runId, how)),
      ...taken.starts.map((pending) => startSend(contract.name, record, pending)),
      ...(nextAt && !isArmed ? [tickSend(record, nextAt)] : []),
      ...(taken.more ? [ownSend(contract.name, { op: 'tick', schedule: record.id })] : []),
    ],
  };
}

/** The time that the document, as it was found, has a timer for. */
function armedAt(document: StoredDocument): number | undefined {
  const { nextAt } = decodeSchedule(document);
  return nextAt?.getTime();
}

function writeOf(agent: string, record: ScheduleRecord, document: StoredDocument | undefined): Write {
  const path = schedulePath(agent, record.id);
  const fields = encodeSchedule(record);
  return document
    ? { kind: 'put', path, fields, ifVersion: document.version }
    : { kind: 'create', path, fields };
}

/** What the run of a time is known by, whatever starts it. */
const nameOf = ({ agent, id, generation }: ScheduleRecord, { at, trigger }: Pending) =>
  `schedule:${agent}:${id}:${generation}:${trigger ?? at}`;

function startSend(agent: string, record: ScheduleRecord, pending: Pending): Send {
  const { plan, id } = record;
  return {
    to: { agent },
    type: `${agent}.${plan.workflow}`,
    data: inputAt(plan, pending.at),
    scheduleId: id,
    idFrom: nameOf(record, pending),
  };
}

/** The id of the run of a time: of the message that starts it, or of its input where the contract says so. */
function runIdAt(contract: Contract, record: ScheduleRecord, pending: Pending): string {
  const { plan } = record;
  const spec = contract.workflows[plan.workflow];
  const id = namedId(nameOf(record, pending));
  if (spec?.key === undefined)
    return runIdOf(plan.workflow, messageKey({ source: sourceOf(contract.name), id }));
  const what = `the input of ${contract.name}.${plan.workflow}`;
  // As the start of the run names it.
  const input = stableValue(spec.input, inputAt(plan, pending.at), 'ScheduleInvalid', what) ?? null;
  return runIdOf(
    plan.workflow,
    keyValueOf(parseAs(spec.input, input, 'ScheduleInvalid', what), spec.key, what),
  );
}

function stopSend(agent: string, schedule: string, runId: string, how: 'cancel' | 'terminate'): Send {
  const data: Json = { reason: `the next run of the schedule ${schedule} is due` };
  return { to: { agent }, type: how === 'cancel' ? CANCEL : TERMINATE, data, runId };
}

function tickSend(record: ScheduleRecord, at: Date): Send {
  const { agent, id, generation } = record;
  const tick = ownSend(agent, { op: 'tick', schedule: id });
  return { ...tick, at, idFrom: `schedule:${agent}:${id}:${generation}:tick:${at.getTime()}` };
}

/** A message of an agent to itself about one of its schedules. */
export function ownSend(agent: string, data: { readonly op: 'tick'; readonly schedule: string }): Send {
  return { to: { agent }, type: SCHEDULE, data };
}

/** @throws MeshError `ScheduleInvalid` */
function checkPlan(contract: Contract, plan: SchedulePlan): void {
  const problem = planProblem(contract.workflows, plan);
  if (!problem) return;
  throw new MeshError('ScheduleInvalid', `${problem.field} ${problem.is}`, { field: problem.field });
}

function notFound(id: string, message: Message, now: number): MeshError {
  const age = now - Date.parse(message.time);
  const text = `there is no schedule ${JSON.stringify(id)}`;
  const isEarly = age > -MOST_SKEW_MS && age < PATIENCE_MS;
  // Each look after as long again.
  const retryAfterMs = Math.min(LONGEST_BETWEEN_MS, Math.max(FIRST_LOOK_MS, age));
  return new MeshError('ScheduleNotFound', text, {
    field: 'schedule',
    ...(isEarly && { retryAfterMs }),
  });
}
