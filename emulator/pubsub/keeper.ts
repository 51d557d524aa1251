import type { Message } from './message.ts';
import type { Registration } from './registration.ts';
import type { SchemaKeeper } from './schema/schema-registry.ts';
import type { Snapshot, SnapshotConfig } from './snapshot.ts';
import type { Subscription } from './subscription.ts';
import type { TopicConfig } from './topic.ts';

/** Who keeps what a broker holds beyond the process: told of each change before whoever made it is answered. */
export interface PubSubKeeper extends SchemaKeeper {
  /** One that is new, or has new settings. */
  topic(config: TopicConfig): void;
  topicDeleted(name: string): void;
  /** One that is new, has new settings, or was detached. */
  subscription(registration: Registration): void;
  subscriptionDeleted(name: string): void;
  /** Told before the messages are given to anybody. */
  published(topic: string, messages: readonly Message[]): void;
  /** A subscription is done with messages: they were acked or dead-lettered. What only became too old is not told. */
  settled(subscription: string, messageIds: readonly string[]): void;
  /** A subscription was sought: it holds something else altogether. */
  sought(subscription: Subscription): void;
  snapshot(snapshot: Snapshot): void;
  snapshotUpdated(config: SnapshotConfig): void;
  snapshotDeleted(name: string): void;
  cleared(): void;
  /** The broker ends: what it drops from now on is not gone. */
  ended(): void;
}
