import type * as z from 'zod';
import type {
  QueryOutput,
  QuerySpecs,
  SignalName,
  SignalPayload,
  UpdateInput,
  UpdateOutput,
  UpdateSpec,
  WorkflowRef,
} from '../contract/agent.ts';
import { type CheckedIn, checkIn } from '../contract/claim-check.ts';
import { type Duration, milliseconds } from '../contract/duration.ts';
import { encodeMessage } from '../contract/envelope.ts';
import { MeshError } from '../contract/errors.ts';
import { type Json, toJson } from '../contract/json.ts';
import { inputDigest } from '../contract/keys.ts';
import { CANCEL, PAUSE, RESUME, SIGNAL, TERMINATE, UPDATE } from '../contract/message.ts';
import { runPath, topicOf } from '../contract/names.ts';
import { parseAs } from '../contract/parse.ts';
import { updateInput, updateNotDeclared, updateSpecOf } from '../contract/run-target.ts';
import {
  answerTo,
  decodeRun,
  historyOf,
  type RunRecord,
  readHistory,
  type StepView,
} from '../workflow/index.ts';
import { deathIn, deathPath } from './death.ts';
import type { MeshAccess } from './mesh-access.ts';
import { messageId } from './message-id.ts';
import { checked } from './outgoing.ts';
import { patiently } from './patience.ts';
import { outputFor, wholePayload } from './payload.ts';
import { outputOfRun, runTimeout } from './run-end.ts';
import { factsOf, type RunFacts } from './run-facts.ts';
import { SentCommand } from './sent-command.ts';
import { patienceOf, type WaitOptions } from './wait-options.ts';

/** What a handle knows of the workflow of its run. */
export type RunRef = Pick<
  WorkflowRef<unknown, unknown, never>,
  'agent' | 'type' | 'output' | 'signals' | 'queries' | 'inlineBytes' | 'claimCheckBytes'
> & { readonly updates: unknown };

/** The message that is to start a run. */
export interface Start {
  readonly agent: string;
  /** K of the message. */
  readonly key: string;
  readonly inputDigest: string;
}

/** Which run, and what is known of it. */
export interface RunTarget {
  readonly runId: string;
  /** Left out: the handle is not typed, and learns the agent from the run's document. */
  readonly ref?: RunRef;
  /** Left out: the handle did not start the run. */
  readonly start?: Start;
}

export interface SendOnce {
  /** Sending twice with one key is sending once. Left out: each call sends another message. */
  readonly idempotencyKey?: string;
}

/** A message that is durable. */
export interface SentMessage {
  /** Its `ce-id`. */
  readonly id: string;
}

/** The schemas of the signals of a workflow, by name. */
export type SignalSchemas = Readonly<Record<string, z.ZodType>>;

/** A run of this name that is not there is waited for so long, by a handle that did not start it. */
const UNKNOWN_PATIENCE_MS = milliseconds('1m');
/** The first document of a run that this handle started is waited for so long by what reads it. */
const START_PATIENCE = '30s' satisfies Duration;

/** A run of a workflow, as a program outside of the mesh reaches it. It holds no connection and may be kept for as long as you like. */
export class RunHandle<
  Output = Json,
  Signals = SignalSchemas,
  Queries = QuerySpecs,
  Updates = Readonly<Record<string, UpdateSpec>>,
> {
  readonly runId: string;
  readonly #mesh: MeshAccess;
  readonly #target: RunTarget;

  constructor(mesh: MeshAccess, target: RunTarget) {
    this.runId = target.runId;
    this.#mesh = mesh;
    this.#target = target;
  }

  /**
   * Waits until the run has ended, and returns its output. A run that continues as new is waited for to its last end.
   *
   * @throws MeshError the failure of the run, with its `code` and `reason` (`RunCancelled`, `RunTerminated`, `CompensationFailed`, …); the
   * reason why its start became a dead letter; `RunExists` where another start of the same key, with another input, came first;
   * `Timeout`, saying what the run waits for, or that it is blocked or paused; `RunNotFound` for one that is not there, or was deleted
   */
  async result(options: WaitOptions = {}): Promise<Output> {
    const { ref } = this.#target;
    const output = outputOfRun(await this.ended(options));
    if (ref) return (await outputFor(this.#mesh, ref, output)) as Output;
    return (await wholePayload(this.#mesh, output)) as Output;
  }

  /** As `result`, but resolves to the run as it ended, however it did. */
  async end(options: WaitOptions = {}): Promise<RunFacts> {
    return factsOf(await this.ended(options));
  }

  /** The record of the run once it has ended. */
  async ended(options: WaitOptions = {}): Promise<RunRecord> {
    const { clock } = this.#mesh.ports;
    const patience = patienceOf(options);
    const began = clock.now();
    let { runId } = this;
    let seen: RunRecord | undefined;
    const ended = await patiently(clock, patience, async () => {
      let run = await this.#look(runId, seen !== undefined);
      // What is kept of a run that continued as new: its end is that of the run that goes on.
      for (; run?.continuedAs !== undefined; run = await this.#look(runId, true)) runId = run.continuedAs;
      if (!run) {
        if (seen) throw notFound(runId, 'was deleted while it was waited for');
        if (!this.#target.start && clock.now() - began >= UNKNOWN_PATIENCE_MS) throw notFound(runId);
        return undefined;
      }
      seen = run;
      return run.endedAt ? run : undefined;
    });
    if (ended) return ended;
    throw runTimeout(runId, seen, patience.timeoutMs);
  }

  /**
   * The run as it stands. One that this handle started is waited for until it has begun, for at most 30 s or `timeout`.
   *
   * @throws MeshError `RunNotFound` for one that is not there; as `result` for one whose start failed
   */
  async read(options: WaitOptions = {}): Promise<RunFacts> {
    return factsOf(await this.record(options));
  }

  /** As `read`, whole. */
  async record(options: WaitOptions = {}): Promise<RunRecord> {
    const { start } = this.#target;
    const patience = patienceOf({ timeout: start ? START_PATIENCE : '0s', ...options });
    const run = await patiently(this.#mesh.ports.clock, patience, () => this.#look(this.runId, false));
    if (run) return run;
    if (start) throw runTimeout(this.runId, undefined, patience.timeoutMs);
    throw notFound(this.runId);
  }

  /**
   * The answer of the run to a query, as it was at the end of the last turn of its code: the run is not woken. Waits for the first answer of a
   * run that this handle started, for at most 30 s or `timeout`.
   *
   * @throws MeshError `QueryFailed` where the code could not answer; `NotFound` for a run that has not answered this query; as `read`
   */
  async query<Name extends keyof Queries & string>(
    name: Name,
    options: WaitOptions = {},
  ): Promise<QueryOutput<Queries, Name>> {
    const { ref, start } = this.#target;
    const what = `the answer to the query ${JSON.stringify(name)}`;
    const patience = patienceOf({ timeout: start ? START_PATIENCE : '0s', ...options });
    const found = await patiently(this.#mesh.ports.clock, patience, async () => {
      const run = await this.#look(this.runId, false);
      if (!run && !start) throw notFound(this.runId);
      const value = answerTo(run?.queries, name);
      return value === undefined && !run?.endedAt ? undefined : { value };
    });
    if (found?.value === undefined)
      throw new MeshError(
        'NotFound',
        `the run ${this.runId} has not answered the query ${JSON.stringify(name)}`,
        {
          field: 'name',
          hint: 'Its code answers at the end of a turn, once it has come to wf.onQuery.',
        },
      );
    const schema = ref && Object.hasOwn(ref.queries, name) ? ref.queries[name]?.output : undefined;
    return (schema ? parseAs(schema, found.value, 'OutputInvalid', what) : found.value) as QueryOutput<
      Queries,
      Name
    >;
  }

  /** The steps of the run, in the order in which they began. Reads its whole history. */
  async steps(options: WaitOptions = {}): Promise<readonly StepView[]> {
    const run = await this.record(options);
    return historyOf(await readHistory(this.#mesh.ports.store, run));
  }

  /**
   * Sends a signal to the run. Resolves once the signal is durable. One that overtakes the start of its run is kept for it.
   *
   * @throws MeshError `RunEnded`; `SchemaMismatch` naming the field, where the contract declares the signal; `PayloadTooLarge`
   */
  async signal<Name extends SignalName<Signals>>(
    name: Name,
    payload?: SignalPayload<Signals, Name>,
    options: SendOnce = {},
  ): Promise<SentMessage> {
    const { ref } = this.#target;
    const what = `the payload of the signal ${JSON.stringify(name)}`;
    const plain = payload === undefined ? undefined : toJson(payload, 'SchemaMismatch', what);
    const schema = ref && Object.hasOwn(ref.signals, name) ? ref.signals[name] : undefined;
    if (schema) checked(schema, plain, what);
    const sent: Partial<CheckedIn> =
      plain === undefined ? {} : ref ? checkIn(plain, { claimCheckBytes: 0, ...ref }, what) : { data: plain };
    const data = { name, ...(sent.data !== undefined && { payload: sent.data }) };
    return this.#tell(SIGNAL, data, options, sent.blob);
  }

  /**
   * Asks the run for something that its contract declares as an update, and waits for its answer. The run must be typed: `client.start`,
   * `client.run`.
   *
   * @throws MeshError the failure that the run answered: `Rejected` with its `reason`, …; `RunEnded`; `SchemaMismatch` naming the field, before
   * anything is sent; `UpdateNotDeclared`; `IdempotencyKeyReused`; `Timeout`: the update goes on, and is asked for again by the same
   * `idempotencyKey`
   * @example
   * const { items } = await handle.update('add', { sku }, { timeout: '10s', idempotencyKey: 'click-17' });
   */
  async update<Name extends keyof Updates & string>(
    name: Name,
    input: UpdateInput<Updates, Name>,
    options: SendOnce & WaitOptions = {},
  ): Promise<UpdateOutput<Updates, Name>> {
    const { ref } = this.#target;
    const type = `${ref?.type ?? 'the workflow'}.${name}`;
    const spec = ref && updateSpecOf(ref.updates, name);
    if (!ref || !spec) throw updateNotDeclared(ref?.type ?? 'a run that is not typed', name);
    const { runId } = this;
    const { agent } = ref;
    const given = updateInput(ref, name, input);
    const limits = { claimCheckBytes: 0, ...ref };
    const sent: Partial<CheckedIn> =
      given === undefined ? {} : checkIn(given, limits, `the input of the update ${JSON.stringify(name)}`);
    const data = { run: runId, name, ...(sent.data !== undefined && { input: sent.data }) };
    const { prefix, source, ports } = this.#mesh;
    const id = messageId(ports.ids, ['update', runId, name], options.idempotencyKey);
    const time = new Date(this.#mesh.now()).toISOString();
    const message = { id, source, type: UPDATE, time, correlationId: id, data, keepReply: true } as const;
    const wire = encodeMessage(message);
    await this.#mesh.send({ topic: topicOf(prefix, agent), wire, ...(sent.blob && { blob: sent.blob }) });
    const asked = { agent, type, output: spec.output };
    const update = new SentCommand(this.#mesh, asked, { message, inputDigest: inputDigest(data) }, runId);
    return (await update.answer(options)) as UpdateOutput<Updates, Name>;
  }

  /**
   * Cancels the run: its code is told, and what it did is undone.
   *
   * @throws MeshError `RunEnded`
   */
  cancel(options: SendOnce & { readonly reason?: string } = {}): Promise<SentMessage> {
    return this.#tell(CANCEL, reasonIn(options), options);
  }

  /**
   * Ends the run without telling its code. `compensate: false` leaves what it did as it is.
   *
   * @throws MeshError `RunEnded`
   */
  terminate(
    options: SendOnce & { readonly reason?: string; readonly compensate?: boolean } = {},
  ): Promise<SentMessage> {
    return this.#tell(TERMINATE, { ...reasonIn(options), compensate: options.compensate ?? true }, options);
  }

  /**
   * Pauses the run: it keeps what comes, and dispatches nothing. `compensation: true` pauses compensations too.
   *
   * @throws MeshError `RunEnded`
   */
  pause(
    options: SendOnce & { readonly reason?: string; readonly compensation?: boolean } = {},
  ): Promise<SentMessage> {
    return this.#tell(PAUSE, { ...reasonIn(options), compensation: options.compensation ?? false }, options);
  }

  /**
   * Lets a paused run go on.
   *
   * @throws MeshError `RunEnded`
   */
  resume(options: SendOnce = {}): Promise<SentMessage> {
    return this.#tell(RESUME, {}, options);
  }

  /** Sends one of the mesh's own messages to the run. */
  async #tell(
    type: string,
    data: Json,
    { idempotencyKey }: SendOnce,
    blob?: CheckedIn['blob'],
  ): Promise<SentMessage> {
    const { prefix, source, ports } = this.#mesh;
    const [document] = await ports.store.read([runPath(this.runId)]);
    const run = document && decodeRun(document);
    if (run?.endedAt && run.continuedAs === undefined)
      throw new MeshError('RunEnded', `the run ${this.runId} is ${run.status} already`);
    // Not there yet: the message waits for its start, as long as the agent is known.
    const agent = run?.agent ?? this.#target.ref?.agent;
    if (agent === undefined) throw notFound(this.runId);
    const runId = run?.continuedAs ?? this.runId;
    const id = messageId(ports.ids, [type, runId], idempotencyKey);
    const time = new Date(this.#mesh.now()).toISOString();
    const correlationId = run?.correlationId ?? id;
    const wire = encodeMessage({ id, source, type, time, correlationId, runId, data });
    await this.#mesh.send({ topic: topicOf(prefix, agent), wire, ...(blob && { blob }) });
    return { id };
  }

  /** Reads the run, and, as long as it has not begun, looks whether its start is dead. */
  async #look(runId: string, begun: boolean): Promise<RunRecord | undefined> {
    const { store } = this.#mesh.ports;
    const { start } = this.#target;
    const dead = start && !begun ? [deathPath(start.agent, start.key)] : [];
    const [document, letter] = await store.read([runPath(runId), ...dead]);
    const run = document && decodeRun(document);
    if (run && start && runId === this.runId) checkStart(run, start);
    if (run || !start) return run;
    const death = await deathIn(store, start, letter);
    if (death) throw death;
    return undefined;
  }
}

const reasonIn = ({ reason }: { readonly reason?: string }) => (reason === undefined ? {} : { reason });

/** Of a run that was ended before it began, whatever its input would have been. */
const ANY_INPUT = '';

/** Throws `RunExists` for a run that another start began, with another input. */
export function checkStart(run: RunRecord, { inputDigest }: Pick<Start, 'inputDigest'>): void {
  if (run.inputDigest === inputDigest || run.inputDigest === ANY_INPUT) return;
  throw new MeshError(
    'RunExists',
    `there is a run of ${run.workflow} with the key ${JSON.stringify(run.key)} and another input: ${run.runId}`,
    { field: 'input' },
  );
}

function notFound(runId: string, why = 'does not exist'): MeshError {
  return new MeshError('RunNotFound', `the run ${runId} ${why}`, { field: 'runId' });
}
