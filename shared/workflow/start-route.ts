import type { Contract, WorkflowSpec } from '../contract/agent.ts';
import { type Attributes, attributesFrom } from '../contract/attributes.ts';
import { MeshError } from '../contract/errors.ts';
import type { Failure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import { inputDigest, messageKey, runIdOf } from '../contract/keys.ts';
import type { Message } from '../contract/message.ts';
import { runPath, slotPath } from '../contract/names.ts';
import { parseAs } from '../contract/parse.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import { stableValue } from '../contract/stable-value.ts';
import type { Write } from '../contract/store.ts';
import type { Decision, DecisionRequest, Route, Send } from '../kernel/route.ts';
import { ANY_INPUT } from './child-end.ts';
import { deadlineOf } from './continuation.ts';
import { endErased, useRunTenant } from './erased-run.ts';
import { faultOf } from './fail-run.ts';
import { freshRun } from './fresh-run.ts';
import { type Brought, decisionOf, type Host, NO_EFFECT, replay } from './host.ts';
import { Payloads } from './payloads.ts';
import { encodeAttributes } from './run-attributes.ts';
import { keyValueOf } from './run-key.ts';
import { decodeRun, type RunRecord, type Waiter } from './run-record.ts';
import { beginSend, deadlineSend, replySend, startSend } from './sends.ts';
import { slotsWrite } from './slot-route.ts';
import { decodeSlots, enter } from './slots.ts';

/** Bytes of JSON that a run may begin with: they are an entry of its history, which has to fit a page of it. */
const MOST_INPUT_BYTES = 350_000;

/** `<agent>.<workflow>`: starts a run, once per key. */
export function startRoute(host: Host, workflow: string, spec: WorkflowSpec): Route {
  const known = new WeakMap<Message, Accepted>();
  /** Once for each delivery: what the schema fills in by itself, a key even, is the same wherever it is asked for. */
  const accept = (message: Message) => {
    const accepted = known.get(message) ?? acceptedOf(host, workflow, spec, message);
    known.set(message, accepted);
    return accepted;
  };
  const pathOf = (message: Message) => runPath(runIdOf(workflow, accept(message).key));
  return {
    mode: 'commit',
    reads: (message) => {
      if (!spec.concurrency) return [pathOf(message)];
      return [pathOf(message), slotPath(host.contract.name, workflow, accept(message).slotValue)];
    },
    document: pathOf,
    decide: async (request) => {
      const accepted = accept(request.message);
      return request.documents[0]
        ? startedAlready(host, request, workflow, accepted.key)
        : start(host, request, workflow, spec, accepted);
    },
    instead: async (request, error) => {
      if (request.documents[0]) return undefined;
      return start(host, request, workflow, spec, accept(request.message), faultOf(error));
    },
  };
}

/** What a start is taken as. */
interface Accepted {
  /** With what its schema fills in. */
  readonly input: Json;
  readonly key: string;
  /** By which runs are counted. */
  readonly slotValue: string;
}

async function start(
  host: Host,
  request: DecisionRequest,
  workflow: string,
  spec: WorkflowSpec,
  { input: given, key, slotValue }: Accepted,
  fail?: Failure,
): Promise<Decision> {
  const { message } = request;
  const waiter = waiterOf(message);
  const now = host.clock.now();
  const named = {
    runId: runIdOf(workflow, key),
    workflow,
    key,
    correlationId: message.correlationId,
    inputDigest: inputDigest(message.data),
    waiters: waiter ? [waiter] : [],
  };
  // One that fails at once does so now, and takes no slot.
  const startAt = fail ? undefined : delayed(message, now);
  const deadlineAt = deadlineOf(host, workflow, startAt?.getTime() ?? now);
  const entered = fail
    ? undefined
    : startAt
      ? placeLater(spec, slotValue)
      : enterSlots(host, request, spec, workflow, named.runId, slotValue);
  const attributes = attributesGiven(host.contract, workflow, given);
  const run: RunRecord = {
    ...freshRun(host, named, now),
    ...(message.baggage && { baggage: message.baggage }),
    ...(message.runId !== undefined && { parentRunId: message.runId }),
    ...(deadlineAt && { deadlineAt }),
    ...(startAt && { startAt }),
    ...(message.scheduleId !== undefined && { schedule: message.scheduleId }),
    ...(entered && { slot: entered.slot }),
    ...(attributes && { attributes }),
  };
  const payloads = new Payloads();
  const type = `${host.contract.name}.${workflow}`;
  const input = payloads.checkIn(given, takenLimits(host.contract, type), `the input of ${type}`);
  const { baggage } = message;
  const seed = host.ids.uuid();
  // A run that begins later counts its time from then.
  const started = {
    e: 'started',
    at: startAt?.getTime() ?? now,
    input,
    seed,
    ...(baggage && { baggage }),
    ...(attributes && { attributes: encodeAttributes(attributes) }),
  } as const;
  const log = request.log.child({ runId: run.runId, workflow, version: run.version });
  const begun = async (): Promise<Brought> => {
    const held = { ...run, kept: [started] };
    if (startAt) return delayedRun(held, startAt);
    if (entered && !entered.slot.held)
      return { run: { ...held, ...waiting(spec, entered.slot.value) }, writes: [], sends: [] };
    // Its code may have ended the instance that had it before: the run is there before its code is run, so that it can be marked.
    if (!fail && (request.attempt ?? 1) > 1)
      return {
        run: { ...held, wakeAt: new Date(now) },
        writes: [],
        sends: [beginSend(run.agent, run.runId)],
      };
    const stand = { run, payloads, find: request.payloads, history: async () => [] };
    return replay(host, stand, [started], log, fail ? { fail } : {});
  };
  const brought = await begun();
  const decision = decisionOf(host, brought, undefined, payloads);
  return {
    ...decision,
    writes: [...decision.writes, ...(entered?.writes ?? [])],
    sends: [
      ...decision.sends,
      ...(deadlineAt && !brought.run.endedAt ? [deadlineSend(run, deadlineAt)] : []),
      ...(entered?.sends ?? []),
    ],
  };
}

/** The search attributes that a run begins with; undefined for none. Throws `SchemaMismatch` for a field of the input that can't be one. */
export function attributesGiven(contract: Contract, workflow: string, data: Json): Attributes | undefined {
  const { attributes = {}, input } = contract.workflows[workflow] ?? {};
  // Parsed only for a workflow that declares any.
  if (!input || Object.keys(attributes).length === 0) return undefined;
  const what = `the input of ${contract.name}.${workflow}`;
  const given = attributesFrom(attributes, parseAs(input, data, 'SchemaMismatch', what), what);
  return Object.keys(given).length === 0 ? undefined : given;
}

/** When the run is to begin, where that is not now. */
function delayed({ startAt }: Message, now: number): Date | undefined {
  const at = startAt === undefined ? undefined : new Date(startAt);
  return at && at.getTime() > now ? at : undefined;
}

/** The run is there, and can be looked at, cancelled and paused; its code has done nothing yet. */
function delayedRun(run: RunRecord, startAt: Date): Brought {
  const waitingFor = [`its start at ${startAt.toISOString()}`];
  return {
    run: { ...run, status: 'waiting', waitingFor, wakeAt: startAt },
    writes: [],
    sends: [startSend(run, startAt)],
  };
}

/** A run that begins later asks for its slot then. */
function placeLater({ concurrency }: WorkflowSpec, value: string): Entered | undefined {
  return concurrency && { slot: { value, held: false }, writes: [], sends: [] };
}

interface Entered {
  readonly slot: NonNullable<RunRecord['slot']>;
  readonly writes: readonly Write[];
  /** Others that may begin: the limit was raised. */
  readonly sends: readonly Send[];
}

/** A slot for the run, or its place in the queue, to be had in the commit that creates it. Undefined: as many may run as like. */
function enterSlots(
  { contract, clock }: Host,
  { documents: [, document] }: DecisionRequest,
  spec: WorkflowSpec,
  workflow: string,
  runId: string,
  value: string,
): Entered | undefined {
  if (!spec.concurrency) return undefined;
  const { slots, begun } = enter(decodeSlots(document), runId, spec.concurrency.limit);
  return {
    slot: { value, held: begun.includes(runId) },
    writes: [slotsWrite(contract.name, { workflow, value }, slots, document, clock.now())],
    sends: begun.filter((other) => other !== runId).map((other) => beginSend(contract.name, other)),
  };
}

export function waiting(
  { concurrency }: WorkflowSpec,
  value: string,
): Pick<RunRecord, 'status' | 'waitingFor'> {
  const field = concurrency?.key;
  return { status: 'waiting', waitingFor: [field === undefined ? 'a slot' : `a slot of ${field} ${value}`] };
}

/** The value by which runs are counted; the same for all where the contract names no field. */
export function slotValueOf(type: string, { concurrency, input }: WorkflowSpec, data: Json): string {
  if (concurrency?.key === undefined) return '';
  const what = `the input of ${type}`;
  return keyValueOf(parseAs(input, data, 'SchemaMismatch', what), concurrency.key, what);
}

/** Starting twice is starting once; but whoever asks is told of the end. */
function startedAlready(
  host: Host,
  request: DecisionRequest,
  workflow: string,
  key: string,
): Promise<Decision> {
  const document = request.documents[0];
  if (!document) throw new TypeError('there is no run');
  const run = decodeRun(document);
  const waiter = waiterOf(request.message);
  if (run.erased) return Promise.resolve(endErased(host, run, document.version, request.log, waiter));
  useRunTenant(run);
  if (run.inputDigest !== ANY_INPUT && run.inputDigest !== inputDigest(request.message.data)) {
    throw new MeshError(
      'RunExists',
      `there is a run of ${workflow} with the key "${key}" and another input`,
      {
        field: 'data',
      },
    );
  }
  if (!waiter || run.waiters.some((other) => sameWaiter(other, waiter))) return Promise.resolve(NO_EFFECT);
  const waiting: RunRecord = { ...run, waiters: [...run.waiters, waiter] };
  const sends = run.endedAt ? [replySend(run, waiter, run.waiters.length)] : [];
  return Promise.resolve(decisionOf(host, { run: waiting, writes: [], sends }, document.version));
}

/** @throws MeshError `SchemaMismatch`, `PayloadTooLarge` */
function acceptedOf(host: Host, workflow: string, spec: WorkflowSpec, message: Message): Accepted {
  const type = `${host.contract.name}.${workflow}`;
  const what = `the input of ${type}`;
  const input = stableValue(spec.input, message.data, 'SchemaMismatch', what) ?? null;
  const bytes = Buffer.byteLength(JSON.stringify(input));
  const { inlineBytes, claimCheckBytes } = takenLimits(host.contract, type);
  if (bytes > MOST_INPUT_BYTES && (bytes <= inlineBytes || bytes > claimCheckBytes)) {
    const message = `${what} takes ${bytes} bytes; a run may begin with ${MOST_INPUT_BYTES}`;
    throw new MeshError('PayloadTooLarge', message);
  }
  const parsed = parseAs(spec.input, input, 'SchemaMismatch', what);
  const key = spec.key === undefined ? messageKey(message) : keyValueOf(parsed, spec.key, what);
  return { input, key, slotValue: slotValueOf(type, spec, input) };
}

function waiterOf({ id, replyTo, runId, stepId }: Message): Waiter | undefined {
  if (replyTo === undefined) return undefined;
  return {
    causationId: id,
    replyTo,
    ...(runId !== undefined && { runId }),
    ...(stepId !== undefined && { stepId }),
  };
}

const sameWaiter = (a: Waiter, b: Waiter) =>
  a.replyTo === b.replyTo && a.runId === b.runId && a.stepId === b.stepId;
