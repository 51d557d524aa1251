import type { Clock } from '../../shared/contract/clock.ts';
import type { Alarms } from './alarms.ts';
import type { Faults } from './faults.ts';
import type { OutgoingMessage } from './message.ts';

/** What a subscription needs of its broker. */
export interface SubscriptionHost {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly faults: Faults;
  /** Publishes to a dead-letter topic; false when there is no such topic, or it may not. */
  forward(topic: string, message: OutgoingMessage, subscription: string): boolean;
  /** Told of the messages that a subscription is done with, where somebody keeps what it holds. */
  readonly settled?: ((subscription: string, messageIds: readonly string[]) => void) | undefined;
  /** How long a topic keeps messages itself; 0 for not at all. */
  topicRetentionMs(topic: string): number;
}
