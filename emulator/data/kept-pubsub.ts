import type { Broker } from '../pubsub/broker.ts';
import type { PubSubKeeper } from '../pubsub/keeper.ts';
import type { Message } from '../pubsub/message.ts';
import type { Registration } from '../pubsub/registration.ts';
import type { Revision } from '../pubsub/schema/schema-registry.ts';
import { Snapshot, type SnapshotConfig } from '../pubsub/snapshot.ts';
import type { Subscription } from '../pubsub/subscription.ts';
import type { SubscriptionConfig } from '../pubsub/subscription-config.ts';
import type { Topic, TopicConfig } from '../pubsub/topic.ts';
import { DataDamaged } from './data-damaged.ts';
import type { Entry } from './journal.ts';
import type { Kept } from './kept.ts';
import { readMessage, writeMessage } from './kept-message.ts';

type Told = (...entries: Entry[]) => void;

/** Messages of one entry, at most. */
const CHUNK = 1_000;

/**
 * A Pub/Sub: topics with what they retain, subscriptions with what is not acked (and what is, where they retain that), snapshots and
 * schemas. Leases, delivery attempts and retry delays are not kept: each message may be delivered at once, as if for the first time.
 *
 * What a subscription is done with is told by ids and applied at the end of a replay, all at once: to find each of them in a backlog
 * as it comes would cost as much as the backlog is long. No push leaves before that.
 */
export class KeptPubSub implements Kept, PubSubKeeper {
  readonly kind = 'pubsub';
  readonly live: boolean;
  #broker: Broker | undefined;
  #told: Told | undefined;
  /** By subscription, what it is done with by the entries so far. */
  readonly #settled = new Map<string, Set<string>>();
  /** What comes in several entries and is taken up with the last of them: a process may have ended in between. */
  readonly #sought = new Map<string, { readonly messages: Message[]; readonly acked: boolean }[]>();
  readonly #snapshotted = new Map<string, Message[][]>();
  /** By id: a message is one object, however many subscriptions have it. */
  #messages = new Map<string, Message>();

  /** `live`: whether changes are kept as they come, and not only what there is when somebody asks. */
  constructor(live = true) {
    this.live = live;
  }

  /** The broker that it keeps; it pushes nothing until `replayed`. */
  keeps(broker: Broker): void {
    this.#broker = broker;
    broker.contents.hold();
  }

  onEntry(told: Told | undefined): void {
    this.#told = told;
  }

  topic(config: TopicConfig): void {
    this.#told?.({ topic: config });
  }

  topicDeleted(name: string): void {
    this.#told?.({ topicDeleted: name });
  }

  subscription(registration: Registration): void {
    this.#told?.(subscriptionEntry(registration));
  }

  subscriptionDeleted(name: string): void {
    this.#told?.({ subscriptionDeleted: name });
  }

  published(topic: string, messages: readonly Message[]): void {
    this.#told?.({ published: topic, messages: messages.map(writeMessage) });
  }

  settled(subscription: string, messageIds: readonly string[]): void {
    this.#told?.({ settled: subscription, ids: messageIds });
  }

  sought(subscription: Subscription): void {
    const { name } = subscription.config;
    this.#told?.(...backlogEntries(subscription, 'sought'), { filled: name });
  }

  snapshot(snapshot: Snapshot): void {
    this.#told?.(...snapshotEntries(snapshot));
  }

  snapshotUpdated(config: SnapshotConfig): void {
    this.#told?.({ snapshotUpdated: config });
  }

  snapshotDeleted(name: string): void {
    this.#told?.({ snapshotDeleted: name });
  }

  schema(name: string, revisions: readonly Revision[]): void {
    this.#told?.(schemaEntry(name, revisions));
  }

  schemaDeleted(name: string): void {
    this.#told?.(schemaEntry(name, []));
  }

  cleared(): void {
    this.#told?.({ cleared: true });
  }

  ended(): void {
    this.#told = undefined;
  }

  *entries(): Iterable<Entry> {
    const { contents, snapshots, schemas } = this.#kept;
    yield { nextMessageId: contents.nextMessageId };
    for (const [name, revisions] of schemas.all()) yield schemaEntry(name, revisions);
    for (const topic of contents.topics.values()) {
      const { config } = topic;
      yield { topic: config };
      for (const messages of chunksOf(topic.retained())) yield { retained: config.name, messages };
    }
    for (const registration of contents.subscriptions.values()) {
      yield subscriptionEntry(registration);
      yield* backlogEntries(registration.subscription, 'backlog');
    }
    for (const snapshot of snapshots.all()) yield* snapshotEntries(snapshot);
  }

  replay(entry: Entry): void {
    const [kind = ''] = Object.keys(entry);
    const take = Object.hasOwn(this.#takers, kind) ? this.#takers[kind] : undefined;
    if (!take) throw new DataDamaged('an entry is none of Pub/Sub');
    take(entry);
  }

  replayed(): void {
    const { contents } = this.#kept;
    for (const name of this.#settled.keys()) this.#settle(name);
    this.#sought.clear();
    this.#snapshotted.clear();
    this.#messages = new Map();
    contents.resume();
  }

  get #kept(): Broker {
    if (!this.#broker) throw new Error('there is no broker to keep');
    return this.#broker;
  }

  /** By the first field of an entry. */
  readonly #takers: Readonly<Record<string, (entry: Entry) => void>> = {
    nextMessageId: ({ nextMessageId }) => this.#passId(Number(nextMessageId)),
    schema: ({ schema, revisions }) => {
      const all = revisions as readonly Omit<Revision, 'compiled'>[];
      this.#kept.schemas.restore(textOf(schema), all);
    },
    topic: (entry) => {
      const config = entry.topic as TopicConfig;
      const { contents } = this.#kept;
      const topic = contents.topics.get(textOf(config.name));
      if (topic) topic.configure(config);
      else contents.addTopic(config);
    },
    topicDeleted: ({ topicDeleted }) => {
      const name = textOf(topicDeleted);
      if (this.#kept.contents.topics.has(name)) this.#kept.deleteTopic(name);
    },
    retained: ({ retained, messages }) => this.#topic(retained).retain(this.#read(messages)),
    published: ({ published, messages }) => this.#topic(published).publish(this.#read(messages)),
    subscription: ({ subscription, detached }) =>
      this.#takeSubscription(subscription as SubscriptionConfig, detached === true),
    subscriptionDeleted: ({ subscriptionDeleted }) => {
      const name = textOf(subscriptionDeleted);
      this.#settled.delete(name);
      if (this.#kept.contents.subscriptions.has(name)) this.#kept.deleteSubscription(name);
    },
    backlog: ({ backlog, messages, acked }) =>
      this.#subscription(backlog).take(this.#read(messages), acked === true),
    sought: ({ sought, messages, acked }) => {
      const parts = this.#sought.get(textOf(sought)) ?? [];
      this.#sought.set(textOf(sought), [...parts, { messages: this.#read(messages), acked: acked === true }]);
    },
    filled: ({ filled }) => {
      const name = textOf(filled);
      const subscription = this.#subscription(name);
      this.#settled.delete(name);
      subscription.forgetAll();
      for (const { messages, acked } of this.#sought.get(name) ?? []) subscription.take(messages, acked);
      this.#sought.delete(name);
    },
    settled: ({ settled, ids }) => {
      const name = textOf(settled);
      const all = this.#settled.get(name) ?? new Set();
      this.#settled.set(name, all);
      for (const id of ids as readonly string[]) all.add(id);
    },
    snapshot: ({ snapshot, filter }) => {
      const config = snapshot as SnapshotConfig;
      const topic = this.#kept.contents.topics.get(config.topic);
      const name = textOf(config.name);
      const messages = (this.#snapshotted.get(name) ?? []).flat();
      this.#snapshotted.delete(name);
      this.#kept.snapshots.restore(new Snapshot(config, textOf(filter), messages), topic);
    },
    snapshotted: ({ snapshotted, messages }) => {
      const parts = this.#snapshotted.get(textOf(snapshotted)) ?? [];
      this.#snapshotted.set(textOf(snapshotted), [...parts, this.#read(messages)]);
    },
    snapshotUpdated: ({ snapshotUpdated }) => {
      const config = snapshotUpdated as SnapshotConfig;
      const snapshot = this.#kept.snapshots.peek(textOf(config.name));
      if (!snapshot) throw new DataDamaged('an entry is of a snapshot that there is not');
      snapshot.config = config;
    },
    snapshotDeleted: ({ snapshotDeleted }) => this.#kept.snapshots.forget(textOf(snapshotDeleted)),
    cleared: () => {
      this.#settled.clear();
      this.#kept.clear();
    },
  };

  #takeSubscription(config: SubscriptionConfig, detached: boolean): void {
    const { contents } = this.#kept;
    const name = textOf(config.name);
    let registration = contents.subscriptions.get(name);
    if (!registration) {
      this.#settled.delete(name);
      const topic = detached ? undefined : contents.topics.get(config.topic);
      registration = contents.addSubscription(config, topic);
    } else {
      const { subscription } = registration;
      // What it was done with until now, is retained or not by the settings of until now.
      if (config.retainAckedMessages !== subscription.config.retainAckedMessages) this.#settle(name);
      subscription.configure(config);
    }
    if (detached && !registration.detached) registration.detach();
  }

  #settle(name: string): void {
    const ids = this.#settled.get(name);
    this.#settled.delete(name);
    if (ids) this.#kept.contents.subscriptions.get(name)?.subscription.settle(ids);
  }

  #topic(name: unknown): Topic {
    const topic = this.#kept.contents.topics.get(textOf(name));
    if (!topic) throw new DataDamaged(`an entry is of ${name}, which there is not`);
    return topic;
  }

  #subscription(name: unknown): Subscription {
    const registration = this.#kept.contents.subscriptions.get(textOf(name));
    if (!registration) throw new DataDamaged(`an entry is of ${name}, which there is not`);
    return registration.subscription;
  }

  #read(messages: unknown): Message[] {
    if (!Array.isArray(messages)) throw new DataDamaged('an entry holds no messages');
    return messages.map((json) => {
      const read = readMessage(json);
      const message = this.#messages.get(read.messageId) ?? read;
      this.#messages.set(message.messageId, message);
      this.#passId(Number(message.messageId) + 1);
      return message;
    });
  }

  #passId(next: number): void {
    const { contents } = this.#kept;
    contents.nextMessageId = Math.max(contents.nextMessageId, next);
  }
}

const schemaEntry = (schema: string, revisions: readonly Revision[]): Entry => ({
  schema,
  revisions: revisions.map(({ compiled: _, ...revision }) => revision),
});

const subscriptionEntry = ({ subscription, detached }: Registration): Entry => ({
  subscription: subscription.config,
  ...(detached && { detached }),
});

function* backlogEntries(subscription: Subscription, kind: 'backlog' | 'sought'): Iterable<Entry> {
  const { name } = subscription.config;
  for (const messages of chunksOf(subscription.retained())) yield { [kind]: name, messages, acked: true };
  for (const messages of chunksOf(subscription.unacked())) yield { [kind]: name, messages };
}

function* snapshotEntries({ config, filter, messages }: Snapshot): Iterable<Entry> {
  for (const chunk of chunksOf(messages)) yield { snapshotted: config.name, messages: chunk };
  yield { snapshot: config, filter };
}

/** As JSON. */
function* chunksOf(messages: Iterable<Message>): Iterable<unknown[]> {
  let chunk: unknown[] = [];
  for (const message of messages) {
    chunk.push(writeMessage(message));
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new DataDamaged('an entry names nothing');
}
