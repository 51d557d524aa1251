import type { Clock } from '../../shared/contract/clock.ts';
import { type PushHost, Registration } from './registration.ts';
import { Subscription } from './subscription.ts';
import type { SubscriptionConfig } from './subscription-config.ts';
import type { SubscriptionHost } from './subscription-host.ts';
import { Topic, type TopicConfig } from './topic.ts';

/** The topics and subscriptions of a broker, as they are: whoever adds one has checked that it may be. */
export class BrokerContents {
  readonly topics = new Map<string, Topic>();
  readonly subscriptions = new Map<string, Registration>();
  /** Ids rise, also from one broker to the next: a store that outlives the broker must not take a new message for an old one. */
  nextMessageId: number;
  readonly #clock: Clock;
  readonly #host: SubscriptionHost;
  readonly #pushHost: PushHost;
  #nextOwner = 1;

  constructor(clock: Clock, host: SubscriptionHost, pushHost: PushHost) {
    this.#clock = clock;
    this.#host = host;
    this.#pushHost = pushHost;
    this.nextMessageId = clock.now() * 1000;
  }

  addTopic(config: TopicConfig): Topic {
    const topic = new Topic(config, this.#clock);
    this.topics.set(config.name, topic);
    return topic;
  }

  /** Without a topic it gets no messages: that was deleted, or it is to be detached. */
  addSubscription(config: SubscriptionConfig, topic: Topic | undefined): Registration {
    const subscription = new Subscription(this.#nextOwner++, config, this.#host);
    const registration = new Registration(subscription, topic, this.#pushHost);
    this.subscriptions.set(config.name, registration);
    return registration;
  }

  /** Pushes nothing until `resume`. */
  hold(): void {
    this.#pushHost.held = true;
  }

  resume(): void {
    this.#pushHost.held = false;
    for (const registration of this.subscriptions.values()) registration.connectPush();
  }
}
