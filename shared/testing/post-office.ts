import type { Contract } from '../contract/agent.ts';
import type { Bus } from '../contract/bus.ts';
import { claimCheckOf } from '../contract/claim-check.ts';
import type { Deployment } from '../contract/deployment.ts';
import { milliseconds } from '../contract/duration.ts';
import type { PayloadCodec } from '../contract/encryption.ts';
import { decodeData, decodeEnvelope, encodeMessage } from '../contract/envelope.ts';
import { type Failure, toFailure } from '../contract/failure.ts';
import { type Json, toJson } from '../contract/json.ts';
import { type Message, REPLY, type WireMessage } from '../contract/message.ts';
import {
  deadTopicOf,
  eventsSubscriptionOf,
  eventsTopic,
  sourceOf,
  subscriptionOf,
  topicOf,
} from '../contract/names.ts';
import type { Reply } from '../contract/reply.ts';
import type { Store } from '../contract/store.ts';
import type { Timers } from '../contract/timers.ts';
import { Blobs } from '../kernel/blobs.ts';
import { readDeadLetter } from '../kernel/dead-letter.ts';
import { payloadOf } from '../kernel/opened.ts';
import { openedDelivery } from '../kernel/sealing/sealed-messages.ts';
import type { Fake } from './fake.ts';
import type { ManualClock } from './manual-clock.ts';
import type { SentMessage } from './sent-message.ts';
import type { TestMessage } from './test-message.ts';

const PREFIX = 'test';
/** The agent that the test plays. */
const CALLER = 'the-test';

export interface PostOfficeOptions {
  readonly contract: Contract;
  readonly clock: ManualClock;
  readonly store: Store;
  readonly fakes: readonly Fake[];
  /** Where payloads are encrypted. */
  readonly codec: PayloadCodec | undefined;
}

interface Timed<Output = unknown> {
  readonly at: number;
  readonly message: TestMessage<Output>;
}

/** Pub/Sub and Cloud Tasks around one agent in memory: takes what it publishes, keeps its timers, and counts deliveries. */
export class PostOffice implements Bus, Timers {
  readonly caller = CALLER;
  readonly deployment: Deployment;
  readonly events: SentMessage[] = [];
  readonly deadLetters: { readonly failure: Failure; readonly message: SentMessage }[] = [];
  readonly #contract: Contract;
  readonly #clock: ManualClock;
  readonly #blobs: Blobs;
  readonly #codec: PayloadCodec | undefined;
  readonly #fakes: ReadonlyMap<string, Fake>;
  readonly #sent = new Map<string, SentMessage>();
  readonly #known = new Map<string, SentMessage>();
  readonly #replies = new Map<string, Reply>();
  readonly #deliveries = new Map<string, number>();
  /** By the name of the timer, or the id of what is delivered again. */
  readonly #timed = new Map<string, Timed>();
  /** Of all timers that there were: a name is known again, as Cloud Tasks does. */
  readonly #timerNames = new Set<string>();
  readonly #inbound: TestMessage[] = [];
  readonly #unanswered: SentMessage[] = [];
  #published = 0;

  constructor({ contract, clock, store, fakes, codec }: PostOfficeOptions) {
    this.#codec = codec;
    this.#contract = contract;
    this.#clock = clock;
    this.#blobs = new Blobs(store, clock);
    this.#fakes = new Map(fakes.map((fake) => [fake.type, fake]));
    const { name: agent } = contract;
    this.deployment = {
      project: 'test',
      prefix: PREFIX,
      agent,
      callers: [],
      queue: 'timers',
      database: 'test',
    };
  }

  get sent(): readonly SentMessage[] {
    return [...this.#sent.values()];
  }

  async publish(topic: string, messages: readonly WireMessage[]): Promise<void> {
    for (const wire of messages) await this.#take(topic, wire);
  }

  async schedule({ name, topic, message, at }: Parameters<Timers['schedule']>[0]): Promise<void> {
    if (this.#timerNames.has(name)) return;
    this.#timerNames.add(name);
    if (topic !== topicOf(PREFIX, this.#contract.name)) return this.#take(topic, message, at);
    if (isCommand(message)) await this.#note(message, this.#sent, at);
    this.#timed.set(name, { at: at.getTime(), message: this.#arrived(message) });
  }

  /** The subscription that a message comes by. */
  subscriptionOf({ wire }: TestMessage): string {
    const { name, commands, workflows } = this.#contract;
    const type = wire.attributes['ce-type'] ?? '';
    const own = Object.keys({ ...commands, ...workflows }).some((message) => type === `${name}.${message}`);
    if (own || !Object.hasOwn(this.#contract.subscribes, type)) return subscriptionOf(PREFIX, name);
    return eventsSubscriptionOf(PREFIX, name, 'test');
  }

  /** Counts a delivery of the message. */
  attemptOf({ messageId }: TestMessage): number {
    const attempt = (this.#deliveries.get(messageId) ?? 0) + 1;
    this.#deliveries.set(messageId, attempt);
    return attempt;
  }

  /** The reply that a delivery of the message sent; handed out once. */
  async replyTo({ wire }: TestMessage): Promise<Reply | undefined> {
    const id = wire.attributes['ce-id'] ?? '';
    const reply = this.#replies.get(id);
    this.#replies.delete(id);
    return reply;
  }

  /** What comes to the agent next: of what it sent itself, and of the answers to its workflows. */
  async takeInbound(): Promise<TestMessage | undefined> {
    const next = this.#inbound.shift();
    if (next) return next;
    for (const [at, command] of this.#unanswered.entries()) {
      const fake = this.#fakes.get(command.type);
      if (!fake) continue;
      this.#unanswered.splice(at, 1);
      return this.#answer(command, fake);
    }
    return undefined;
  }

  /** When the next timer rings, in milliseconds since the epoch. */
  nextDue(): number | undefined {
    const times = [...this.#timed.values()].map(({ at }) => at);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Has what is due by now delivered. */
  ring(): void {
    const due = [...this.#timed].filter(([, { at }]) => at <= this.#clock.now());
    for (const [name, { message }] of due.sort(([, a], [, b]) => a.at - b.at)) {
      this.#timed.delete(name);
      this.#inbound.push(message);
    }
  }

  /** The deferred copy of a message, and when it is due. It is no longer a timer then. */
  takeDeferred<Output>({ wire, output }: TestMessage<Output>): Timed<Output> | undefined {
    for (const [name, { at, message }] of this.#timed) {
      if (message.wire.attributes['ce-id'] !== wire.attributes['ce-id']) continue;
      this.#timed.delete(name);
      const { output: _, ...copy } = message;
      return { at, message: { ...copy, ...(output && { output }) } };
    }
    return undefined;
  }

  /** Pub/Sub's backoff before the next delivery. */
  backoffMs({ messageId }: TestMessage): number {
    const { minBackoff, maxBackoff } = this.#contract.retry;
    const attempts = this.#deliveries.get(messageId) ?? 1;
    return Math.min(milliseconds(maxBackoff), milliseconds(minBackoff) * 2 ** (attempts - 1));
  }

  /** Has a message delivered again after the backoff, or forwards it to the dead letters after its last attempt. */
  redeliver(message: TestMessage): void {
    if ((this.#deliveries.get(message.messageId) ?? 0) >= this.#contract.retry.maxAttempts) return;
    const at = this.#clock.now() + this.backoffMs(message);
    this.#timed.set(`again ${message.messageId}`, { at, message });
  }

  async #take(topic: string, wire: WireMessage, at?: Date): Promise<void> {
    const { name } = this.#contract;
    if (topic === eventsTopic(PREFIX)) {
      const event = await this.#note(wire, undefined, at);
      if (event.times === 1) this.events.push(event);
      if (Object.hasOwn(this.#contract.subscribes, event.type)) this.#inbound.push(this.#arrived(wire));
    } else if (topic === deadTopicOf(PREFIX, name)) {
      await this.#bury(wire);
    } else if (topic === topicOf(PREFIX, name)) {
      if (isCommand(wire)) await this.#note(wire, this.#sent, at);
      this.#inbound.push(this.#arrived(wire));
    } else if (topic === topicOf(PREFIX, CALLER) && wire.attributes['ce-type'] === REPLY) {
      const { causationId = '', data } = await this.#read(wire);
      this.#replies.set(causationId, data as Reply);
    } else {
      const sent = await this.#note(wire, this.#sent, at);
      if (sent.message.replyTo === name && sent.times === 1) this.#unanswered.push(sent);
    }
  }

  /** Counts a message that was sent, under its id. */
  async #note(
    wire: WireMessage,
    among: Map<string, SentMessage> | undefined,
    at?: Date,
  ): Promise<SentMessage> {
    const message = await this.#read(wire);
    const { id, type, data } = message;
    const times = (this.#known.get(id)?.times ?? 0) + 1;
    const sent: SentMessage = { type, data, message, times, ...(at && { at }) };
    this.#known.set(id, sent);
    among?.set(id, sent);
    return sent;
  }

  async #bury(wire: WireMessage): Promise<void> {
    const letter = readDeadLetter(this.#delivery(wire), this.deployment);
    const { data, attributes } = letter.original;
    const message = await this.#read({ data: Buffer.from(data, 'base64'), attributes }).catch(
      () => undefined,
    );
    const { id = '', type = '' } = message ?? {};
    const fallback = { id, type, source: '', time: '', correlationId: '', data: null };
    const sent = { type, data: message?.data ?? null, message: message ?? fallback, times: 1 };
    this.deadLetters.push({ failure: letter.failure, message: sent });
  }

  async #answer({ type, data, message }: SentMessage, fake: Fake): Promise<TestMessage> {
    const { id: causationId, runId = '', stepId = '', correlationId } = message;
    let reply: Reply;
    try {
      reply = { ok: true, output: toJson(await fake.answer(data)) };
    } catch (error) {
      reply = { ok: false, error: toFailure(error) };
    }
    const id = `answer-${this.#published}`;
    const time = new Date(this.#clock.now()).toISOString();
    const source = sourceOf(type.slice(0, type.indexOf('.')));
    const answer = { id, source, type: REPLY, time, correlationId, causationId, runId, stepId };
    return this.#arrived(encodeMessage({ ...answer, data: toJson(reply) }));
  }

  #arrived(wire: WireMessage): TestMessage {
    return { wire, messageId: `sent-${this.#published++}`, publishedAt: this.#clock.now() };
  }

  #delivery(wire: WireMessage) {
    return { ...wire, messageId: '', publishTime: '', subscription: '' };
  }

  /** The message, with what claim checks in it stand for. */
  async #read(wire: WireMessage): Promise<Message> {
    const sealed = this.#delivery(wire);
    const delivery = this.#codec ? await openedDelivery(this.#codec, sealed) : sealed;
    const envelope = decodeEnvelope(delivery, this.#contract.name);
    const data = decodeData(delivery);
    if (envelope.type !== REPLY) return { ...envelope, data: await this.#whole(data) };
    const reply = data as Reply;
    const whole = reply.ok ? { ...reply, output: await this.#whole(reply.output) } : reply;
    return { ...envelope, data: toJson(whole) };
  }

  async #whole(payload: Json): Promise<Json> {
    const check = claimCheckOf(payload);
    return check ? payloadOf(check, this.#blobs) : payload;
  }
}

/** Whether it is a message of an agent's contract, and none of the mesh's own. */
function isCommand({ attributes }: WireMessage): boolean {
  return !(attributes['ce-type'] ?? 'mesh.').startsWith('mesh.');
}
