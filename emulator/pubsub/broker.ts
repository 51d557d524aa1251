import type { Clock } from '../../shared/contract/clock.ts';
import { type Page, type PageRequest, pageOf } from '../wire/page.ts';
import { StatusError } from '../wire/status.ts';
import type { AckRefusals } from './ack-refusals.ts';
import { Alarms } from './alarms.ts';
import { BrokerContents } from './broker-contents.ts';
import type { Delivery } from './consumer.ts';
import type { SubscriptionStatus } from './counts.ts';
import type { Faults } from './faults.ts';
import { invalidArgument, requireWithin } from './invalid.ts';
import type { PubSubKeeper } from './keeper.ts';
import { acceptMessage, type Message, measureMessages, type OutgoingMessage } from './message.ts';
import { PullStream, type PullStreamOptions, type PullStreamSink } from './pull-stream.ts';
import { waitForMessages } from './pull-wait.ts';
import type { PushConfig } from './push-config.ts';
import { PushTokens, type TokenSigner } from './push-token.ts';
import type { PushTransport } from './push-transport.ts';
import {
  detachedError,
  type PushHost,
  pushOnly,
  type Registration,
  type SubscriptionView,
} from './registration.ts';
import {
  alreadyExists,
  DELETED_TOPIC,
  notFound,
  requireProjectName,
  requireSubscriptionName,
  requireTopicName,
} from './resource-name.ts';
import { SchemaRegistry } from './schema/schema-registry.ts';
import { Snapshots } from './snapshots.ts';
import type { Subscription } from './subscription.ts';
import {
  completeSubscription,
  patchSubscription,
  requireAckDeadline,
  type SubscriptionInput,
} from './subscription-config.ts';
import type { SubscriptionHost } from './subscription-host.ts';
import {
  completeTopic,
  type Later,
  patchTopic,
  type Topic,
  type TopicConfig,
  type TopicInput,
} from './topic.ts';
import { describedBy, shownTopic, withSchema } from './topic-schemas.ts';

export interface BrokerOptions {
  readonly clock: Clock;
  /** How pushes leave; without one, push subscriptions are refused. */
  readonly pushTransport?: PushTransport;
  /** Signs the tokens of push subscriptions that ask for one; without it, those are refused. */
  readonly signToken?: TokenSigner;
  readonly faults?: Faults;
  /** Whether the service itself may forward a subscription's dead letters to a topic; it may unless given. */
  readonly mayForward?: (subscription: string, topic: string) => boolean;
  /** Keeps what there is beyond the process. */
  readonly keeper?: PubSubKeeper;
  /** Told of each topic, subscription, snapshot and schema that is gone. */
  readonly onDeleted?: (name: string) => void;
}

const LARGEST_PAGE = 1000;
/** Expiration is counted in days: looking at it once an hour keeps it off the path of messages. */
const EXPIRY_CHECK_MS = 3_600_000;

/**
 * Pub/Sub, without a wire: topics, subscriptions and the messages between them. All time comes from the clock and all I/O goes
 * through the push transport, so the same broker serves the local servers and a simulation.
 *
 * Every method throws `StatusError` as the service would answer: INVALID_ARGUMENT naming the field, NOT_FOUND, ALREADY_EXISTS,
 * FAILED_PRECONDITION; a call that throws has changed nothing (I11).
 */
export class Broker {
  readonly schemas: SchemaRegistry;
  readonly snapshots: Snapshots;
  /** What there is, for who keeps it. */
  readonly contents: BrokerContents;
  readonly #clock: Clock;
  readonly #alarms: Alarms;
  readonly #pushHost: PushHost;
  readonly #onDeleted: (name: string) => void;
  readonly #keeper: PubSubKeeper | undefined;
  readonly #topics: Map<string, Topic>;
  readonly #subscriptions: Map<string, Registration>;
  #nextExpiryCheck = 0;

  constructor(options: BrokerOptions) {
    const { clock, pushTransport, signToken, faults = {}, mayForward = () => true, keeper } = options;
    this.#keeper = keeper;
    this.#clock = clock;
    this.#onDeleted = options.onDeleted ?? (() => {});
    this.schemas = new SchemaRegistry(clock, this.#onDeleted, keeper);
    this.snapshots = new Snapshots({
      clock,
      subscription: (name) => this.#attached(name),
      topic: (name) => this.#topic(name),
      onDeleted: this.#onDeleted,
      keeper,
    });
    this.#alarms = new Alarms(clock);
    this.#pushHost = {
      clock,
      alarms: this.#alarms,
      transport: pushTransport,
      tokens: signToken && new PushTokens(clock, signToken),
      held: false,
    };
    const host: SubscriptionHost = {
      clock,
      alarms: this.#alarms,
      faults,
      forward: (topic, message, subscription) =>
        mayForward(subscription, topic) && this.#forward(topic, message),
      settled: keeper && ((subscription, messageIds) => keeper.settled(subscription, messageIds)),
      topicRetentionMs: (topic) => this.#topics.get(topic)?.config.messageRetentionMs ?? 0,
    };
    this.contents = new BrokerContents(clock, host, this.#pushHost);
    this.#topics = this.contents.topics;
    this.#subscriptions = this.contents.subscriptions;
  }

  createTopic(input: TopicInput): TopicConfig {
    const config = withSchema(this.schemas, completeTopic(input));
    if (this.#topics.has(config.name)) throw alreadyExists(config.name);
    this.contents.addTopic(config);
    this.#keeper?.topic(config);
    return config;
  }

  getTopic(name: string): TopicConfig {
    return shownTopic(this.schemas, this.#topic(name).config);
  }

  /** `paths` are the update mask's, in snake_case. */
  updateTopic(patch: TopicInput, paths: readonly string[]): TopicConfig {
    const topic = this.#topic(patch.name);
    topic.configure(withSchema(this.schemas, patchTopic(topic.config, patch, paths)));
    this.#keeper?.topic(topic.config);
    return shownTopic(this.schemas, topic.config);
  }

  /** `project` is `projects/<id>`. */
  listTopics(project: string, page: PageRequest = {}): Page<TopicConfig> {
    const prefix = `${requireProjectName(project)}/`;
    const topics = [...this.#topics.values()].map(({ config }) => shownTopic(this.schemas, config));
    const own = topics.filter(({ name }) => name.startsWith(prefix));
    return pageOf(own, ({ name }) => name, page, LARGEST_PAGE);
  }

  /** The names of the topic's subscriptions. */
  listTopicSubscriptions(topic: string, page: PageRequest = {}): Page<string> {
    this.#expire();
    const names = [...this.#topic(topic).subscriptions].map(({ config }) => config.name);
    return pageOf(names, (name) => name, page, LARGEST_PAGE);
  }

  /** Its subscriptions live on and keep their backlog, with `_deleted-topic_` for a topic. */
  deleteTopic(name: string): void {
    const topic = this.#topic(name);
    this.#topics.delete(name);
    this.snapshots.topicDeleted(topic);
    this.#onDeleted(name);
    for (const registration of this.#subscriptions.values()) {
      if (registration.topic === topic) {
        registration.topic = undefined;
        registration.subscription.configure({ ...registration.subscription.config, topic: DELETED_TOPIC });
      }
    }
    this.#keeper?.topicDeleted(name);
  }

  /** Returns the messages' ids, in order. All or none of the messages are published; they leave by `later`, or at once without it. */
  publish(topicName: string, messages: readonly OutgoingMessage[], later?: Later): string[] {
    const topic = this.#topic(topicName);
    const sizes = measureMessages(messages);
    this.#expire();
    const described = describedBy(this.schemas, topic.config, messages);
    const accepted = described.map((message, index) => this.#accept(message, sizes[index] ?? 0));
    this.#keeper?.published(topicName, accepted);
    topic.publish(accepted, later);
    return accepted.map(({ messageId }) => messageId);
  }

  createSubscription(input: SubscriptionInput): SubscriptionView {
    const config = completeSubscription(input);
    requireTopicName(config.topic);
    this.#requirePushable(config.pushConfig);
    this.#expire();
    if (this.#subscriptions.has(config.name)) throw alreadyExists(config.name);
    const topic = this.#topic(config.topic);
    if (config.deadLetterPolicy) this.#topic(config.deadLetterPolicy.deadLetterTopic);
    const registration = this.contents.addSubscription(config, topic);
    this.#keeper?.subscription(registration);
    return registration.view;
  }

  getSubscription(name: string): SubscriptionView {
    return this.#find(name).view;
  }

  /** `paths` are the update mask's, in snake_case. */
  updateSubscription(patch: Omit<SubscriptionInput, 'topic'>, paths: readonly string[]): SubscriptionView {
    const registration = this.#find(patch.name);
    const config = patchSubscription(registration.subscription.config, patch, paths);
    this.#requirePushable(config.pushConfig);
    const { deadLetterPolicy } = config;
    if (deadLetterPolicy && paths.some((path) => path.startsWith('dead_letter_policy'))) {
      this.#topic(deadLetterPolicy.deadLetterTopic);
    }
    registration.subscription.configure(config);
    registration.connectPush();
    this.#keeper?.subscription(registration);
    return registration.view;
  }

  listSubscriptions(project: string, page: PageRequest = {}): Page<SubscriptionView> {
    const prefix = `${requireProjectName(project)}/`;
    this.#expire();
    const views = Array.from(this.#subscriptions.values(), ({ view }) => view);
    const own = views.filter(({ name }) => name.startsWith(prefix));
    return pageOf(own, ({ name }) => name, page, LARGEST_PAGE);
  }

  deleteSubscription(name: string): void {
    this.#remove(this.#find(name));
  }

  /** Turns a subscription to push, or (with none) to pull. */
  modifyPushConfig(name: string, pushConfig: PushConfig | undefined): void {
    this.updateSubscription({ name, pushConfig }, ['push_config']);
  }

  /** Cuts a subscription off its topic for good: it drops its backlog and gets nothing more. */
  detachSubscription(name: string): void {
    const registration = this.#find(name);
    registration.detach();
    this.#keeper?.subscription(registration);
  }

  /**
   * Takes up to `maxMessages`. When there is nothing, waits up to `waitMs` (0: not at all) for the first, and may then come
   * back empty.
   */
  async pull(
    name: string,
    options: { readonly maxMessages: number; readonly waitMs?: number; readonly signal?: AbortSignal },
  ): Promise<readonly Delivery[]> {
    const { maxMessages, waitMs = 0, signal } = options;
    const subscription = this.#pullable(name);
    if (!(maxMessages > 0)) throw invalidArgument('max_messages', 'it must be positive');
    const most = Math.min(maxMessages, 1000);
    const ready = subscription.pull(most);
    if (ready.length > 0 || waitMs <= 0) return ready;
    const untilMs = this.#clock.now() + waitMs;
    return waitForMessages(subscription, this.#alarms, { maxMessages: most, untilMs, signal });
  }

  /** Opens a StreamingPull; messages come to the sink until the stream is closed. */
  openStream(name: string, options: PullStreamOptions, sink: PullStreamSink): PullStream {
    const subscription = this.#pullable(name);
    requireAckDeadline(options.ackDeadlineSeconds);
    const stream = new PullStream(subscription, options, sink);
    sink.opened?.(stream);
    subscription.attach(stream);
    return stream;
  }

  acknowledge(name: string, ackIds: readonly string[]): AckRefusals {
    const { subscription } = this.#find(name);
    if (ackIds.length === 0) throw invalidArgument('ack_ids', 'it must not be empty');
    return subscription.acknowledge(ackIds);
  }

  /** Moves the deadlines of deliveries to `seconds` (0..600) from now; 0 is a nack. Returns the ids that an exactly-once subscription refuses as stale. */
  modifyAckDeadline(name: string, ackIds: readonly string[], seconds: number): string[] {
    const { subscription } = this.#find(name);
    if (ackIds.length === 0) throw invalidArgument('ack_ids', 'it must not be empty');
    requireWithin('ack_deadline_seconds', seconds, 0, 600);
    return subscription.modifyAckDeadline(ackIds, seconds);
  }

  /** What happened in each subscription, and what is there now, by the subscription's name. */
  status(): Map<string, SubscriptionStatus> {
    this.#expire();
    return new Map(
      Array.from(this.#subscriptions, ([name, { subscription }]) => [name, subscription.status]),
    );
  }

  /** Whether nothing is outstanding and nothing waits, in the subscriptions that `include` picks (all unless given). */
  idle(include: (subscription: string) => boolean = () => true): boolean {
    for (const [name, { subscription }] of this.#subscriptions) {
      if (!include(name)) continue;
      const { outstanding, backlog } = subscription.status;
      if (outstanding > 0 || backlog > 0) return false;
    }
    return true;
  }

  /** Deletes everything, for good; streams and waits end. */
  clear(): void {
    this.#keeper?.cleared();
    this.#forgetAll();
  }

  /** Ends every stream and wait with UNAVAILABLE, aborts the pushes and forgets everything; what is kept of it stays. */
  close(): void {
    this.#keeper?.ended();
    this.#forgetAll();
  }

  #forgetAll(): void {
    for (const { subscription } of this.#subscriptions.values()) {
      subscription.close(new StatusError('UNAVAILABLE', 'The local Pub/Sub is shutting down.'));
    }
    for (const name of [...this.#subscriptions.keys(), ...this.#topics.keys()]) this.#onDeleted(name);
    this.#subscriptions.clear();
    this.#topics.clear();
    this.snapshots.clear();
    this.schemas.clear();
  }

  #accept(message: OutgoingMessage, size: number): Message {
    return acceptMessage(message, String(this.contents.nextMessageId++), this.#clock.now(), size);
  }

  #forward(topicName: string, message: OutgoingMessage): boolean {
    const topic = this.#topics.get(topicName);
    if (!topic) return false;
    // The size is the original's, near enough: the attributes that were added may pass no limit.
    const accepted = [this.#accept(message, message.data?.byteLength ?? 0)];
    this.#keeper?.published(topicName, accepted);
    topic.publish(accepted);
    return true;
  }

  #topic(name: string): Topic {
    const topic = this.#topics.get(requireTopicName(name));
    if (!topic) throw notFound(name);
    return topic;
  }

  #find(name: string): Registration {
    this.#expire();
    const registration = this.#subscriptions.get(requireSubscriptionName(name));
    if (!registration) throw notFound(name);
    registration.lastUsed = this.#clock.now();
    return registration;
  }

  #attached(name: string): Registration {
    const registration = this.#find(name);
    if (registration.detached) throw detachedError();
    return registration;
  }

  #pullable(name: string): Subscription {
    const { subscription } = this.#attached(name);
    if (subscription.config.pushConfig) throw pushOnly();
    return subscription;
  }

  #requirePushable(pushConfig: PushConfig | undefined): void {
    if (pushConfig && !this.#pushHost.transport)
      throw invalidArgument('push_config', 'this broker has no push transport');
    if (pushConfig?.oidcToken && !this.#pushHost.tokens) {
      throw invalidArgument('push_config.oidc_token', 'this broker has no token signer');
    }
  }

  /** Deletes the subscriptions that nobody used for as long as their expiration policy says. */
  #expire(): void {
    const now = this.#clock.now();
    if (now < this.#nextExpiryCheck) return;
    this.#nextExpiryCheck = now + EXPIRY_CHECK_MS;
    for (const registration of this.#subscriptions.values()) {
      if (registration.isExpired(now)) this.#remove(registration);
    }
  }

  #remove({ subscription, topic }: Registration): void {
    topic?.subscriptions.delete(subscription);
    this.#subscriptions.delete(subscription.config.name);
    this.#keeper?.subscriptionDeleted(subscription.config.name);
    this.#onDeleted(subscription.config.name);
    subscription.close(notFound(subscription.config.name));
  }
}
