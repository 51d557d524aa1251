import type { AgentSpec, Contract, EventRef, MessageRef } from '../contract/agent.ts';
import { type Duration, milliseconds } from '../contract/duration.ts';
import { MeshError } from '../contract/errors.ts';
import type { Failure } from '../contract/failure.ts';
import { digest } from '../contract/keys.ts';
import type { Delivery, WireMessage } from '../contract/message.ts';
import type { Ports } from '../contract/ports.ts';
import type { Schema } from '../contract/schema.ts';
import type { Handlers } from '../kernel/handler.ts';
import { handlerRoutes } from '../kernel/handler-routes.ts';
import type { Interceptor } from '../kernel/interceptor.ts';
import { createKernel, type Kernel } from '../kernel/kernel.ts';
import type { Route } from '../kernel/route.ts';
import { EnvelopeCodec } from '../kernel/sealing/envelope-codec.ts';
import { eraseTenant } from '../kernel/sealing/erase-tenant.ts';
import { SealedStore } from '../kernel/sealing/sealed-store.ts';
import type { WorkflowDefinition } from '../workflow/definition.ts';
import { workflowRoutes } from '../workflow/workflow-routes.ts';
import { capturedLog, type LogEntry } from './captured-log.ts';
import type { Fake } from './fake.ts';
import { type Handled, handledOf, outputOf } from './handled.ts';
import { type Death, type Handling, Instance } from './instance.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryKeys } from './memory-keys.ts';
import { MemorySecrets } from './memory-secrets.ts';
import { MemoryStore } from './memory-store.ts';
import { PostOffice } from './post-office.ts';
import { type ProviderFake, withProviderFakes } from './provider-fake.ts';
import type { SentMessage } from './sent-message.ts';
import { type PostDetails, type TestMessage, testMessage } from './test-message.ts';
import { type StateOf, TestState } from './test-state.ts';

export interface AgentTestOptions<Defined extends TestedAgent = TestedAgent> {
  readonly agent: Defined;
  readonly handlers: Handlers;
  /** The workflows of the contract. Left out: none runs, and messages to them are found in `sent`. */
  readonly workflows?: readonly WorkflowDefinition[];
  /** How other agents answer the calls of the workflows. */
  readonly fakes?: readonly Fake[];
  /** The state documents that are there from the beginning, by key. */
  readonly state?: Readonly<Record<string, StateOf<Defined>>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
  /** Providers that the test plays, by their name in the contract. Left out: the handler's own calls are made. */
  readonly providers?: Readonly<Record<string, ProviderFake>>;
  /** Around every handler, and every operation of every workflow. */
  readonly interceptors?: readonly Interceptor[];
  /** Left out: a clock of its own. A sandbox of a provider takes the same one. */
  readonly clock?: ManualClock;
  /** Agents that may ask for replies beside the test itself. */
  readonly callers?: readonly string[];
}

export interface TestedAgent {
  readonly contract: Contract;
  readonly spec: AgentSpec;
}

export interface DeliverOptions {
  /** The delivery attempt that Pub/Sub counts. Left out: one more than this message was delivered before. */
  readonly attempt?: number;
  /** Where the process dies at it. */
  readonly dies?: Death;
}

/** A message may be delivered so often by `deliverToEnd`, and one send may cause so many others. */
const MOST_DELIVERIES = 1_000;

/**
 * Runs an agent's handlers in memory: the real kernel on ports in memory, with a clock that the test moves. So a message is decoded,
 * deduplicated, handled, committed and published as in production, and fails as it does there.
 *
 * @example
 * const test = new AgentTest({ agent: greeter, handlers, state: { ada: { times: 1 } } });
 * expect(await test.send(greeter.greet, { name: 'ada' })).toEqual({ text: 'Hello ada', times: 2 });
 * expect(await test.state.get('ada')).toEqual({ times: 2 });
 */
export class AgentTest<Defined extends TestedAgent = TestedAgent> {
  readonly clock: ManualClock;
  readonly store = new MemoryStore();
  readonly secrets: MemorySecrets;
  /** The keys of tenants, where the contract says that payloads are encrypted. */
  readonly keys = new MemoryKeys();
  /** The agent's state documents. */
  readonly state: TestState<StateOf<Defined>>;
  /** All that was logged, in order. */
  readonly logs: LogEntry[] = [];
  readonly #contract: Contract;
  readonly #office: PostOffice;
  readonly #start: (ports: Ports, watch: (route: Route) => Route) => Kernel;
  /** By which the test itself sees what is encrypted. */
  readonly #view: EnvelopeCodec | undefined;
  #instance: Instance | undefined;
  #posted = 0;
  #uuids = 0;

  constructor(options: AgentTestOptions<Defined>) {
    const { agent, handlers, workflows, settings = {}, clock = new ManualClock() } = options;
    const { interceptors = [] } = options;
    const { contract } = agent;
    this.#contract = contract;
    this.clock = clock;
    this.secrets = new MemorySecrets(options.secrets);
    const fakes = options.fakes ?? [];
    const codec = this.#codec();
    this.#view = codec;
    const store = codec ? new SealedStore({ store: this.store, codec, contract }) : this.store;
    this.state = new TestState(contract, store, clock, options.state);
    this.#office = new PostOffice({ contract, clock, store, fakes, codec });
    const faked = withProviderFakes(handlers, options.providers ?? {});
    const callers = [this.#office.caller, ...(options.callers ?? [])];
    const deployment = { ...this.#office.deployment, callers };
    this.#start = (ports, watch) => {
      const { ids, secrets, store, log } = ports;
      const surroundings = { contract, clock: ports.clock, secrets, env: settings, store, log, interceptors };
      const routes = new Map(handlerRoutes({ ...surroundings, handlers: faked }));
      if (workflows) {
        const definitions = workflows;
        const hosted = workflowRoutes({ contract, definitions, clock: ports.clock, ids, interceptors });
        for (const [type, route] of hosted) routes.set(type, route);
      }
      const watched = new Map([...routes].map(([type, route]) => [type, watch(route)]));
      return createKernel({ contract, deployment, ports, routes: watched });
    };
  }

  /**
   * What the agent sent to agents, itself included, in order; of one handling, what is sent later stands first. A message that was
   * published again is one message.
   */
  get sent(): readonly SentMessage[] {
    return this.#office.sent;
  }

  /** The domain events that it published, in order. */
  get events(): readonly SentMessage[] {
    return this.#office.events;
  }

  /** The messages that it gave up on, in order. */
  get deadLetters(): readonly { readonly failure: Failure; readonly message: SentMessage }[] {
    return this.#office.deadLetters;
  }

  /** The inputs of the commands of one kind that it sent, in order. */
  sentTo<Input, Output, Wire>(ref: MessageRef<Input, Output, Wire>): Input[] {
    return this.sent.filter(({ type }) => type === ref.type).map(({ data }) => ref.input.parse(data));
  }

  /** The data of the events of one kind that it published, in order. */
  published<Data, Wire>(event: EventRef<Data, Wire>): Data[] {
    return this.events.filter(({ type }) => type === event.type).map(({ data }) => event.data.parse(data));
  }

  /**
   * Sends a command, or an event that the agent subscribes to, and delivers it once. Resolves to the output.
   *
   * @throws MeshError as production would end this delivery: `Rejected` with its reason, `SchemaMismatch`, `HandlerFailed`, … Its cause is
   *   what the handler threw. A deferral without an error is `LeaseHeld`.
   */
  async send<Input, Output, Wire>(
    ref: MessageRef<Input, Output, Wire> | EventRef<Input, Wire>,
    input: NoInfer<Wire>,
    details: PostDetails & DeliverOptions = {},
  ): Promise<Output> {
    const message = this.post(ref, input, details);
    return outputOf(await this.deliver(message, details));
  }

  /** The error of a message that is not to succeed, as `send` rejects with it. */
  async fail<Input, Output, Wire>(
    ref: MessageRef<Input, Output, Wire> | EventRef<Input, Wire>,
    input: NoInfer<Wire>,
    details: PostDetails & DeliverOptions = {},
  ): Promise<MeshError> {
    const output = await this.send(ref, input, details).catch((error: unknown) => error);
    if (output instanceof MeshError) return output;
    throw new Error(`${ref.type} did not fail: ${JSON.stringify(output)}`);
  }

  /** Makes a message without delivering it: for `deliver`, as often as the test likes. */
  post<Input, Output, Wire>(
    ref: MessageRef<Input, Output, Wire> | EventRef<Input, Wire>,
    input: NoInfer<Wire>,
    details: PostDetails = {},
  ): TestMessage<Output> {
    const id = `test-${this.#posted++}`;
    const output = 'output' in ref ? (ref.output as Schema<Output> | undefined) : undefined;
    const replyTo = ref.kind === 'event' ? undefined : this.#office.caller;
    return testMessage({ id, type: ref.type, data: input, replyTo, now: this.clock.now() }, details, output);
  }

  /** Makes a message of any bytes and attributes, as any publisher may send it. */
  postRaw(data: string | Uint8Array, attributes: Readonly<Record<string, string>> = {}): TestMessage {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const wire: WireMessage = { data: bytes, attributes };
    return { wire, messageId: `raw-${this.#posted++}`, publishedAt: this.clock.now() };
  }

  /** Delivers a message. The same one delivered again is a redelivery: it has its effect once. */
  async deliver<Output>(
    message: TestMessage<Output>,
    options: DeliverOptions = {},
  ): Promise<Handled<Output>> {
    await this.state.seeded;
    const counted = this.#office.attemptOf(message);
    const attempt = options.attempt ?? counted;
    const handled = await this.#handle(message, attempt, options.dies);
    await this.#settle();
    return handled;
  }

  /**
   * Delivers a message as Pub/Sub and Cloud Tasks do, until it is acked or a dead letter: again after a failure, by the retry policy of
   * the contract, and later where it was deferred. The clock is moved on by these waits.
   */
  async deliverToEnd<Output>(message: TestMessage<Output>): Promise<Handled<Output>> {
    let handled = await this.deliver(message);
    for (let deliveries = 1; ; deliveries++) {
      if (deliveries > MOST_DELIVERIES) throw new Error('the message comes to no end');
      const { outcome } = handled;
      if (outcome === undefined || outcome.kind === 'nack') {
        await this.advance(`${this.#office.backoffMs(message)}ms`);
        handled = await this.deliver(message);
      } else if (outcome.kind === 'defer') {
        const later = this.#office.takeDeferred(message);
        if (!later) return handled;
        await this.advance(`${Math.max(0, later.at - this.clock.now())}ms`);
        handled = await this.deliver(later.message);
      } else return handled;
    }
  }

  /** Moves time on. What falls due on the way, such as deferred messages and timers of workflows, is delivered at its own instant. */
  async advance(duration: Duration): Promise<void> {
    // What was begun gets as far as it comes by itself: its timers count from now.
    await turn();
    const end = this.clock.now() + milliseconds(duration);
    for (;;) {
      const due = this.#office.nextDue();
      if (due === undefined || due > end) break;
      await this.clock.advance(Math.max(0, due - this.clock.now()));
      this.#office.ring();
      await this.#settle();
    }
    await this.clock.advance(Math.max(0, end - this.clock.now()));
  }

  /** Drops all keys of a tenant: what was encrypted for it can't be read any more. The process is replaced, which has them in memory. */
  async eraseTenant(tenant: string): Promise<void> {
    this.keys.drop(tenant);
    await eraseTenant({ store: this.store, clock: this.clock }, tenant);
    this.#view?.forget();
    this.restart();
  }

  /** Replaces the process by a fresh one, which has nothing in memory. */
  restart(): void {
    this.#instance = undefined;
  }

  async #handle<Output>(
    message: TestMessage<Output>,
    attempt: number,
    dies?: Death,
  ): Promise<Handled<Output>> {
    if (!this.#instance || this.#instance.dead) this.#instance = new Instance(this.#ports(), this.#start);
    const delivery: Delivery = {
      ...message.wire,
      messageId: message.messageId,
      publishTime: new Date(message.publishedAt).toISOString(),
      subscription: this.#office.subscriptionOf(message),
      deliveryAttempt: attempt,
    };
    const handling: Handling = { dies };
    const outcome = await this.#instance.handle(delivery, handling);
    return handledOf(outcome, handling.thrown, await this.#office.replyTo(message), message.output);
  }

  /** Delivers what the agent sent to itself, and answers what its workflows called, until nothing is left. */
  async #settle(): Promise<void> {
    for (let deliveries = 0; ; deliveries++) {
      if (deliveries > MOST_DELIVERIES) throw new Error('the agent sends itself messages without end');
      const next = await this.#office.takeInbound();
      if (!next) return;
      const attempt = this.#office.attemptOf(next);
      const { outcome } = await this.#handle(next, attempt);
      if (outcome === undefined || outcome.kind === 'nack') this.#office.redeliver(next);
    }
  }

  #codec(): EnvelopeCodec | undefined {
    if (!this.#contract.encryption) return undefined;
    return new EnvelopeCodec({ keys: this.keys, store: this.store, clock: this.clock });
  }

  #ports(): Ports {
    const codec = this.#codec();
    return {
      ...(codec && { codec }),
      clock: this.clock,
      store: this.store,
      secrets: this.secrets,
      log: capturedLog(this.logs, { agent: this.#contract.name }),
      ids: { uuid: () => digest('uuid', String(this.#uuids++)) },
      bus: this.#office,
      timers: this.#office,
    };
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
