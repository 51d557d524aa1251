import type { Clock } from '../../shared/contract/clock.ts';
import { StatusError } from '../wire/status.ts';
import type { Alarms } from './alarms.ts';
import type { PushTokens } from './push-token.ts';
import type { PushTransport } from './push-transport.ts';
import { Pusher } from './pusher.ts';
import type { Subscription } from './subscription.ts';
import type { SubscriptionConfig } from './subscription-config.ts';
import type { Topic } from './topic.ts';

/** What a registration needs for pushing. */
export interface PushHost {
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly transport: PushTransport | undefined;
  readonly tokens: PushTokens | undefined;
  /** Nothing is pushed for the time being. */
  held: boolean;
}

/** A subscription with what its topic and its life add to its settings. */
export interface SubscriptionView extends SubscriptionConfig {
  readonly detached: boolean;
  readonly topicMessageRetentionMs?: number | undefined;
}

/** A subscription in its broker: its topic, its pusher and its life. */
export class Registration {
  readonly subscription: Subscription;
  /** Undefined once the topic is deleted or the subscription is detached. */
  topic: Topic | undefined;
  /** Milliseconds since the epoch; what expiration counts from. */
  lastUsed: number;
  readonly #host: PushHost;
  #pusher: Pusher | undefined;
  #detached = false;

  constructor(subscription: Subscription, topic: Topic | undefined, host: PushHost) {
    this.subscription = subscription;
    this.topic = topic;
    this.#host = host;
    this.lastUsed = host.clock.now();
    topic?.subscriptions.add(subscription);
    this.connectPush();
  }

  get detached(): boolean {
    return this.#detached;
  }

  get view(): SubscriptionView {
    const topicMessageRetentionMs = this.topic?.config.messageRetentionMs;
    return {
      ...this.subscription.config,
      detached: this.#detached,
      ...(topicMessageRetentionMs !== undefined && { topicMessageRetentionMs }),
    };
  }

  /** Cuts it off its topic for good. */
  detach(): void {
    this.topic?.subscriptions.delete(this.subscription);
    this.topic = undefined;
    this.#detached = true;
    this.subscription.close(detachedError());
  }

  /** Makes who delivers match the settings. */
  connectPush(): void {
    const { subscription } = this;
    const { clock, alarms, transport, tokens, held } = this.#host;
    const wantsPush = subscription.config.pushConfig !== undefined && !this.#detached && !held;
    if (wantsPush === (this.#pusher !== undefined)) return;
    if (this.#pusher) {
      this.#pusher.stop();
      subscription.detach(this.#pusher);
      this.#pusher = undefined;
    } else if (transport) {
      subscription.turnAway(pushOnly());
      this.#pusher = new Pusher(subscription, { now: () => clock.now(), alarms, transport, tokens });
      subscription.attach(this.#pusher);
    }
  }

  /** Whether nobody used it for as long as its expiration policy says. */
  isExpired(now: number): boolean {
    const { subscription } = this;
    const { ttlMs } = subscription.config.expirationPolicy;
    const hasSubscriber = subscription.consumerCount > (this.#pusher ? 1 : 0);
    const idleMs = now - Math.max(this.lastUsed, subscription.lastAckMs);
    return ttlMs !== undefined && !hasSubscriber && idleMs >= ttlMs;
  }
}

export function detachedError(): StatusError {
  return new StatusError('FAILED_PRECONDITION', 'The subscription is detached from its topic.');
}

export function pushOnly(): StatusError {
  return new StatusError('FAILED_PRECONDITION', 'This method is not supported for this subscription type.');
}
