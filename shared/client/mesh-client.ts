import type { EventRef, MessageRef, QuerySpecs, WorkflowRef } from '../contract/agent.ts';
import type { AttributeSpecs } from '../contract/attributes.ts';
import { messageKey, runIdOf } from '../contract/keys.ts';
import { listRuns, readRun } from '../workflow/runs/index.ts';
import { type Later, timeOf } from './later.ts';
import { type ListFilter, type ListOptions, type RunList, runFilterOf } from './list-runs.ts';
import type { MeshAccess } from './mesh-access.ts';
import { messageId } from './message-id.ts';
import { outgoingEvent, outgoingTo } from './outgoing.ts';
import { factsOf } from './run-facts.ts';
import { checkStart, RunHandle, type SendOnce, type SignalSchemas } from './run-handle.ts';
import { findRun } from './run-lookup.ts';
import { Schedules } from './schedules.ts';
import { SentCommand } from './sent-command.ts';
import type { WaitOptions } from './wait-options.ts';

export interface StartOptions extends Later {
  /**
   * Names the run of a workflow whose contract has no `key`: starting twice with one key is starting once. Where the contract has a
   * `key`, the input names the run.
   */
  readonly idempotencyKey?: string;
}

export interface CommandOptions extends SendOnce, Later {
  /** After this time the agent does not handle the command any more. */
  readonly deadline?: Date;
}

const PAGE = 100;

/**
 * A program's way into a mesh: it starts runs and waits for them, commands agents, publishes events. Everything that it sends is durable
 * before the promise resolves, and sending the same again, under the same key, is harmless. It reads Firestore and publishes to Pub/Sub;
 * it needs no server, topic or subscription of its own.
 */
export class MeshClient {
  readonly #mesh: MeshAccess;
  readonly #close: () => Promise<void>;

  constructor(mesh: MeshAccess, close: () => Promise<void> = async () => {}) {
    this.#mesh = mesh;
    this.#close = close;
  }

  /**
   * Starts a run of a workflow. Resolves once the start is durable: the run begins when its agent gets the message, or at the time that is
   * given: until then it is there as `waiting`, and can be cancelled. A run of the same key and input is joined.
   *
   * @throws MeshError `SchemaMismatch` naming the field, `PayloadTooLarge`; `RunExists` for a run of the same key with another input;
   * `BusUnavailable`: it may have been started, and starting it again with the same key is harmless
   * @example
   * const handle = await client.start(orders['fulfill-order'], order);
   * const { labelId } = await handle.result({ timeout: '2m' });
   */
  async start<
    Input,
    Output,
    Wire,
    Signals extends SignalSchemas,
    Updates,
    Attributes extends AttributeSpecs,
    Queries extends QuerySpecs,
  >(
    ref: WorkflowRef<Input, Output, Wire, Signals, Updates, Attributes, Queries>,
    input: NoInfer<Wire>,
    { idempotencyKey, ...later }: StartOptions = {},
  ): Promise<RunHandle<Output, Signals, Queries, Updates>> {
    const id = messageId(this.#mesh.ports.ids, ['start', ref.type], idempotencyKey);
    const at = timeOf(later, this.#mesh.now());
    const outgoing = outgoingTo(ref, input, { ...this.#sender(), id, at });
    const { runId = '', message, inputDigest } = outgoing;
    const start = { agent: ref.agent, key: messageKey(message), inputDigest };
    const handle = new RunHandle<Output, Signals, Queries, Updates>(this.#mesh, { runId, ref, start });
    // A run whose name nobody else can know is not there.
    const named = ref.key !== undefined || idempotencyKey !== undefined;
    const there = named ? await readRun(this.#mesh.ports.store, runId) : undefined;
    if (there) checkStart(there, start);
    else await this.#mesh.send(outgoing);
    return handle;
  }

  /** The run of a workflow by its key, or by its id. Nothing is read. */
  run<
    Input,
    Output,
    Wire,
    Signals extends SignalSchemas,
    Updates,
    Attributes extends AttributeSpecs,
    Queries extends QuerySpecs,
  >(
    ref: WorkflowRef<Input, Output, Wire, Signals, Updates, Attributes, Queries>,
    which: { readonly key: string } | { readonly runId: string },
  ): RunHandle<Output, Signals, Queries, Updates> {
    const runId = 'key' in which ? runIdOf(ref.name, which.key) : which.runId;
    return new RunHandle(this.#mesh, { runId, ref });
  }

  /** A run by its id. Its output is JSON. Nothing is read. */
  runById(runId: string): RunHandle {
    return new RunHandle(this.#mesh, { runId });
  }

  /**
   * The run that a person names: by its id or its key. Of a run and its reruns, the key means the newest.
   *
   * @throws MeshError `RunNotFound`; `UsageInvalid` for a key that several runs have
   */
  async find(name: string): Promise<RunHandle> {
    const { runId } = await findRun(this.#mesh.ports.store, name);
    return this.runById(runId);
  }

  /**
   * The runs that fit, newest first, a page at a time.
   *
   * @throws MeshError `UsageInvalid` for a `page` of another filter, an attribute that is not declared, and filters that can't be combined;
   * `SchemaMismatch` for a value of another type
   * @example
   * const { runs } = await client.list({ workflow: desk.sell, attributes: { customer: 'ada', total: 1250 } });
   */
  async list<Attributes extends AttributeSpecs = AttributeSpecs>(
    filter: ListFilter<Attributes> = {},
    { limit = PAGE, page }: ListOptions = {},
  ): Promise<RunList> {
    const { runs, next } = await listRuns(this.#mesh.ports.store, runFilterOf(filter), {
      limit,
      ...(page !== undefined && { page }),
    });
    return { runs: runs.map(factsOf), ...(next !== undefined && { next }) };
  }

  /**
   * Sends a command to an agent. Resolves once the command is durable; its answer can be asked for then and later.
   *
   * @throws MeshError `SchemaMismatch` naming the field, `PayloadTooLarge`; `BusUnavailable`: it may have been sent, and sending it again
   * with the same `idempotencyKey` is harmless
   */
  async send<Input, Output, Wire>(
    ref: MessageRef<Input, Output, Wire>,
    input: NoInfer<Wire>,
    { idempotencyKey, deadline, at, after }: CommandOptions = {},
  ): Promise<SentCommand<Output>> {
    const id = messageId(this.#mesh.ports.ids, ['command', ref.type], idempotencyKey);
    const outgoing = outgoingTo(ref, input, {
      ...this.#sender(),
      id,
      keepReply: true,
      at: timeOf({ ...(at && { at }), ...(after && { after }) }, this.#mesh.now()),
      ...(deadline && { deadline: deadline.toISOString() }),
    });
    await this.#mesh.send(outgoing);
    return new SentCommand<Output>(this.#mesh, ref, outgoing);
  }

  /**
   * Sends a command to an agent, and waits for its answer.
   *
   * @throws MeshError as `send` and `SentCommand.answer`
   * @example
   * const { price } = await client.command(quotes.quote, { sku }, { timeout: '10s' });
   */
  async command<Input, Output, Wire>(
    ref: MessageRef<Input, Output, Wire>,
    input: NoInfer<Wire>,
    options: CommandOptions & WaitOptions = {},
  ): Promise<Output> {
    const sent = await this.send(ref, input, options);
    return sent.answer(options);
  }

  /**
   * Publishes an event in the name of the agent that declares it, to whoever subscribes to it. Resolves once the event is durable.
   *
   * @throws MeshError `SchemaMismatch` naming the field, `PayloadTooLarge`, `BusUnavailable`
   */
  async publish<Data, Wire>(
    ref: EventRef<Data, Wire>,
    data: NoInfer<Wire>,
    { idempotencyKey }: SendOnce = {},
  ): Promise<void> {
    const id = messageId(this.#mesh.ports.ids, ['event', ref.type], idempotencyKey);
    await this.#mesh.send(outgoingEvent(ref, data, { ...this.#sender(), id }));
  }

  /** The schedules that are made at run time. */
  get schedules(): Schedules {
    return new Schedules(this.#mesh);
  }

  /** Closes the connections. A call after it opens them anew. */
  close(): Promise<void> {
    return this.#close();
  }

  #sender() {
    const { prefix, source } = this.#mesh;
    return { prefix, source, now: this.#mesh.now() };
  }
}
