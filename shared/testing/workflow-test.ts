import type { Contract, MessageRef } from '../contract/agent.ts';
import { claimCheckOf } from '../contract/claim-check.ts';
import type { Deployment } from '../contract/deployment.ts';
import { type Duration, milliseconds } from '../contract/duration.ts';
import { decodeData, decodeEnvelope, encodeMessage } from '../contract/envelope.ts';
import { type Failure, toFailure } from '../contract/failure.ts';
import { type Json, messageJson, toJson } from '../contract/json.ts';
import { digest } from '../contract/keys.ts';
import { silentLog } from '../contract/log.ts';
import { CANCEL, type Message, REPLY, SIGNAL, UPDATE, type WireMessage } from '../contract/message.ts';
import { deadTopicOf, eventsTopic, subscriptionOf, topicOf } from '../contract/names.ts';
import type { Ports } from '../contract/ports.ts';
import type { Reply } from '../contract/reply.ts';
import { Blobs } from '../kernel/blobs.ts';
import { readDeadLetter } from '../kernel/dead-letter.ts';
import type { Interceptor } from '../kernel/interceptor.ts';
import { createKernel, type Kernel } from '../kernel/kernel.ts';
import { payloadOf } from '../kernel/opened.ts';
import type { WorkflowDefinition } from '../workflow/definition.ts';
import { entriesOf, pagePaths } from '../workflow/run-history.ts';
import { answerTo } from '../workflow/run-queries.ts';
import { decodeRun, type RunRecord } from '../workflow/run-record.ts';
import { historyOf, type StepView } from '../workflow/run-view.ts';
import { workflowRoutes } from '../workflow/workflow-routes.ts';
import type { Fake } from './fake.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryStore } from './memory-store.ts';

const PREFIX = 'test';
/** What a message that was only published lacks of a delivery. */
const UNDELIVERED = { messageId: '', publishTime: '', subscription: '' } as const;

export interface WorkflowTestOptions {
  /** The agent that hosts the workflow. */
  readonly agent: { readonly contract: Contract };
  readonly workflows: readonly WorkflowDefinition[];
  /** How other agents answer. A command that nobody plays stays in `unanswered`, for `reply`. */
  readonly fakes?: readonly Fake[];
  /** Around every operation of the workflows. */
  readonly interceptors?: readonly Interceptor[];
}

/** A command that the workflow sent. */
export interface SentCommand {
  readonly type: string;
  readonly input: Json;
  readonly message: Message;
}

/** A signal that the workflow sent to another run. */
export interface SentSignal {
  readonly runId: string;
  readonly name: string;
  readonly payload?: unknown;
}

/** An update that was sent to the run. */
export interface SentUpdate {
  /** Undefined as long as it is not answered. */
  readonly reply: Reply | undefined;
}

interface Timer {
  readonly at: number;
  readonly message: WireMessage;
}

/**
 * Runs a workflow in memory: the real engine and kernel, agents played by the test, and a clock that the test moves. Nothing is
 * awaited but what the test asks for, and the same test gives the same history every time.
 *
 * @example
 * const test = new WorkflowTest({ agent: orders, workflows: [fulfillOrder], fakes: [fake(payments.charge, …)] });
 * await test.start(orders['fulfill-order'], order);
 * expect(test.commands.map(({ type }) => type)).toEqual(['payments.charge', …]);
 * await test.advance('5s');
 * expect(test.run.status).toBe('failed');
 */
export class WorkflowTest {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore();
  /** Every command that left the workflow, in order; a compensation is one too. */
  readonly commands: SentCommand[] = [];
  /** Every domain event that it published, in order. */
  readonly events: SentCommand[] = [];
  /** Every signal that it sent to another run, in order. One to the run itself is taken by it at once. */
  readonly signals: SentSignal[] = [];
  /** The replies that the run gave to whoever started it. */
  readonly replies: Reply[] = [];
  /** Messages to the workflow that were given up on, and compensations that failed for good, each with its reason. */
  readonly deadLetters: Failure[] = [];
  readonly #contract: Contract;
  readonly #deployment: Deployment;
  readonly #fakes: ReadonlyMap<string, Fake>;
  readonly #kernel: Kernel;
  readonly #inbound: WireMessage[] = [];
  readonly #timers = new Map<string, Timer>();
  readonly #unanswered = new Map<string, SentCommand>();
  readonly #blobs = new Blobs(this.store, this.clock);
  #output: Json = null;
  #runId: string | undefined;
  /** To updates, by the step that waits. */
  readonly #answers = new Map<string, Reply | undefined>();
  #delivered = 0;
  #uuids = 0;

  constructor({ agent, workflows, fakes = [], interceptors = [] }: WorkflowTestOptions) {
    this.#contract = agent.contract;
    this.#deployment = {
      project: 'test',
      prefix: PREFIX,
      agent: this.#contract.name,
      callers: [],
      queue: 'timers',
      database: 'test',
    };
    this.#fakes = new Map(fakes.map((fake) => [fake.type, fake]));
    const ports = this.#ports();
    const { clock, ids } = ports;
    this.#kernel = createKernel({
      contract: this.#contract,
      deployment: this.#deployment,
      ports,
      routes: workflowRoutes({
        ...{ contract: this.#contract, definitions: workflows, clock, ids, interceptors },
        // Time stands still while a message is handled: each backoff is a timer, which `advance` lets ring.
        limits: { effectWaitMs: 0 },
      }),
    });
  }

  /** Starts the run, and brings it as far as it comes without time passing. */
  async start<Input, Output, Wire>(
    ref: MessageRef<Input, Output, Wire>,
    input: NoInfer<Wire>,
  ): Promise<void> {
    this.#send({
      type: ref.type,
      data: toJson(input),
      replyTo: this.#contract.name,
      runId: 'the-test',
      stepId: 'start',
    });
    await this.#settle();
  }

  /** Sends a signal to the run. */
  async signal(name: string, payload?: unknown): Promise<void> {
    this.#send({ type: SIGNAL, runId: this.run.runId, data: toJson({ name, payload }) });
    await this.#settle();
  }

  /** Sends an update to the run. It may be answered only later: by what the test does next. */
  async update(name: string, input?: unknown): Promise<SentUpdate> {
    const answers = this.#answers;
    const stepId = `update-${answers.size}`;
    answers.set(stepId, undefined);
    this.#send({
      type: UPDATE,
      data: messageJson({ run: this.run.runId, name, input }),
      replyTo: this.#contract.name,
      runId: 'the-test',
      stepId,
    });
    await this.#settle();
    return {
      get reply() {
        return answers.get(stepId);
      },
    };
  }

  /** Cancels the run. */
  async cancel(reason?: string): Promise<void> {
    this.#send({ type: CANCEL, runId: this.run.runId, data: toJson({ reason }) });
    await this.#settle();
  }

  /** Answers a command that nobody plays: with its output, or with the error that it failed with. */
  async reply(command: SentCommand, output: unknown): Promise<void> {
    this.#unanswered.delete(command.message.id);
    this.#answer(
      command,
      output instanceof Error
        ? { ok: false, error: toFailure(output) }
        : { ok: true, output: toJson(output) },
    );
    await this.#settle();
  }

  /** Moves time on; what falls due on the way happens at its own instant. */
  async advance(duration: Duration): Promise<void> {
    const end = this.clock.now() + milliseconds(duration);
    for (;;) {
      const next = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0];
      if (!next || next[1].at > end) break;
      this.#timers.delete(next[0]);
      await this.clock.advance(Math.max(0, next[1].at - this.clock.now()));
      this.#inbound.push(next[1].message);
      await this.#settle();
    }
    await this.clock.advance(end - this.clock.now());
  }

  /** Commands that wait for `reply`. */
  get unanswered(): readonly SentCommand[] {
    return [...this.#unanswered.values()];
  }

  /** The run as it stands. Throws when nothing was started. */
  get run(): RunRecord {
    const run = this.#record;
    if (!run)
      throw new Error(`no run was started${this.deadLetters[0] ? `: ${this.deadLetters[0].message}` : ''}`);
    return run.output === undefined ? run : { ...run, output: this.#output };
  }

  get #record(): RunRecord | undefined {
    const document =
      this.#runId === undefined ? undefined : this.store.documents.get(`workflows/${this.#runId}`);
    return document && decodeRun(document);
  }

  /** What the run answers to a query. Throws `QueryFailed`; undefined: it has not answered yet. */
  query(name: string): Json | undefined {
    return answerTo(this.run.queries, name);
  }

  /** The run's steps, in the order in which they began. */
  get steps(): StepView[] {
    const { run } = this;
    const pages = pagePaths(run).map((path) => this.store.documents.get(path));
    return historyOf(entriesOf(run, pages));
  }

  #ports(): Ports {
    return {
      clock: this.clock,
      store: this.store,
      log: silentLog,
      ids: { uuid: () => digest('uuid', String(this.#uuids++)) },
      secrets: {
        get: async (name) => Promise.reject(new Error(`a workflow reads no secret, such as ${name}`)),
        redact: (text) => text,
      },
      bus: {
        publish: async (topic, messages) => {
          for (const message of messages) await this.#sent(topic, message);
        },
      },
      timers: {
        schedule: async ({ name, message, at }) => {
          if (!this.#timers.has(name)) this.#timers.set(name, { at: at.getTime(), message });
        },
      },
    };
  }

  /** A message that the workflow's agent sent: to be answered, or looked at by the test. */
  async #sent(topic: string, wire: WireMessage): Promise<void> {
    if (topic === deadTopicOf(PREFIX, this.#contract.name)) {
      const { failure } = readDeadLetter({ ...wire, ...UNDELIVERED }, this.#deployment);
      this.deadLetters.push(failure);
      return;
    }
    const message = await this.#read(wire);
    const command = { type: message.type, input: message.data, message };
    if (topic === eventsTopic(PREFIX)) this.events.push(command);
    else if (message.type === REPLY && message.runId === 'the-test') this.#told(message);
    else if (message.type === SIGNAL && message.runId !== this.#runId)
      this.signals.push({ ...(message.data as Omit<SentSignal, 'runId'>), runId: message.runId ?? '' });
    else if (topic === topicOf(PREFIX, this.#contract.name) && this.#hosts(message)) this.#inbound.push(wire);
    else if (message.replyTo !== undefined) {
      this.commands.push(command);
      this.#unanswered.set(message.id, command);
    }
  }

  #told({ stepId = '', data }: Message): void {
    if (this.#answers.has(stepId)) this.#answers.set(stepId, data as Reply);
    else this.replies.push(data as Reply);
  }

  /** Not a command of the hosting agent itself, which is played like any other's. */
  #hosts({ type }: Message): boolean {
    return !Object.keys(this.#contract.commands).some((name) => type === `${this.#contract.name}.${name}`);
  }

  /** What claim checks stand for is what the test sees. */
  async #read(wire: WireMessage): Promise<Message> {
    const delivery = { ...wire, ...UNDELIVERED };
    const envelope = decodeEnvelope(delivery, this.#contract.name);
    const data = decodeData(delivery);
    if (envelope.type !== REPLY) return { ...envelope, data: await this.#whole(data) };
    const reply = data as Reply;
    const whole = reply.ok ? { ...reply, output: await this.#whole(reply.output) } : reply;
    return { ...envelope, data: messageJson(whole) };
  }

  async #whole(payload: Json): Promise<Json> {
    const check = claimCheckOf(payload);
    return check ? payloadOf(check, this.#blobs) : payload;
  }

  #answer({ message }: SentCommand, reply: Reply): void {
    const { runId = '', stepId = '', id } = message;
    this.#send({ type: REPLY, runId, stepId, causationId: id, data: messageJson(reply) });
  }

  #send(message: Pick<Message, 'type' | 'data'> & Partial<Message>): void {
    const id = `test-${this.#delivered++}`;
    const time = new Date(this.clock.now()).toISOString();
    this.#inbound.push(encodeMessage({ id, source: '/test', time, correlationId: id, ...message }));
  }

  async #settle(): Promise<void> {
    for (;;) {
      const wire = this.#inbound.shift();
      if (wire) await this.#deliver(wire);
      else if (!(await this.#play())) break;
    }
    const { output } = this.#record ?? {};
    if (output !== undefined) this.#output = await this.#whole(output);
  }

  async #deliver(wire: WireMessage): Promise<void> {
    await this.#kernel.handle({
      ...wire,
      messageId: wire.attributes['ce-id'] ?? '',
      publishTime: new Date(this.clock.now()).toISOString(),
      subscription: subscriptionOf(PREFIX, this.#contract.name),
      deliveryAttempt: this.#contract.retry.maxAttempts,
    });
    this.#runId ??= [...this.store.documents.keys()]
      .find((path) => /^workflows\/[^/]+$/.test(path))
      ?.split('/')[1];
  }

  /** Lets the next command be answered by its fake. False when there is none left that has one. */
  async #play(): Promise<boolean> {
    for (const [id, command] of this.#unanswered) {
      const played = this.#fakes.get(command.type);
      if (!played) continue;
      this.#unanswered.delete(id);
      try {
        this.#answer(command, { ok: true, output: toJson(await played.answer(command.input)) });
      } catch (error) {
        this.#answer(command, { ok: false, error: toFailure(error) });
      }
      return true;
    }
    return false;
  }
}
