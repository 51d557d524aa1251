import { Broker, type BrokerOptions } from '../../../emulator/pubsub/broker.ts';
import type { PushRequest, PushTransport } from '../../../emulator/pubsub/push-transport.ts';
import type { SubscriptionInput } from '../../../emulator/pubsub/subscription-config.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

export const TOPIC = 'projects/p/topics/orders';
export const DEAD_TOPIC = 'projects/p/topics/orders-dead';
export const SUBSCRIPTION = 'projects/p/subscriptions/orders-sub';
export const DEAD_SUBSCRIPTION = 'projects/p/subscriptions/dead-sub';
export const SECOND = 1000;
export const DAY = 24 * 3600 * SECOND;

/** A broker on a clock that stands still, with one topic and one subscription on it. */
export function brokerWith(
  settings: Partial<SubscriptionInput> = {},
  options: Partial<BrokerOptions> = {},
): { broker: Broker; clock: ManualClock } {
  const clock = new ManualClock();
  const broker = new Broker({ clock, ...options });
  broker.createTopic({ name: TOPIC });
  broker.createTopic({ name: DEAD_TOPIC });
  broker.createSubscription({ name: DEAD_SUBSCRIPTION, topic: DEAD_TOPIC });
  broker.createSubscription({ name: SUBSCRIPTION, topic: TOPIC, ...settings });
  return { broker, clock };
}

export function publish(broker: Broker, ...texts: string[]): string[] {
  return broker.publish(
    TOPIC,
    texts.map((text) => ({ data: Buffer.from(text) })),
  );
}

/** Publishes messages of ordering keys: `a1` has the key `a`. */
export function publishOrdered(broker: Broker, ...texts: string[]): void {
  broker.publish(
    TOPIC,
    texts.map((text) => ({ data: Buffer.from(text), orderingKey: text[0] ?? '' })),
  );
}

/** What a pull that does not wait gets. */
export async function pull(broker: Broker, maxMessages = 100, subscription = SUBSCRIPTION) {
  const deliveries = await broker.pull(subscription, { maxMessages });
  return deliveries.map(({ ackId, message, deliveryAttempt }) => ({
    ackId,
    message,
    deliveryAttempt,
    text: Buffer.from(message.data).toString(),
  }));
}

export async function pullTexts(broker: Broker, maxMessages = 100, subscription = SUBSCRIPTION) {
  return (await pull(broker, maxMessages, subscription)).map(({ text }) => text);
}

export function statusOf(broker: Broker, subscription = SUBSCRIPTION) {
  const status = broker.status().get(subscription);
  if (!status) throw new Error(`no subscription ${subscription}`);
  return status;
}

/** A push request that waits for the test to answer it. */
export interface PendingPush extends PushRequest {
  readonly text: string;
  readonly json: { deliveryAttempt?: number; message: { data: string; orderingKey?: string } };
  answer(status: number): Promise<void>;
  fail(): Promise<void>;
}

/** A transport whose requests the test answers by hand. */
export class HandTransport {
  readonly sent: PendingPush[] = [];
  #open = 0;
  /** The most requests that were open at one time. */
  peak = 0;

  readonly send: PushTransport = (request) => {
    this.#open += 1;
    this.peak = Math.max(this.peak, this.#open);
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number }>();
    const settle = async (act: () => void) => {
      this.#open -= 1;
      act();
      await new Promise((done) => setImmediate(done));
    };
    const json = JSON.parse(Buffer.from(request.body).toString());
    this.sent.push({
      ...request,
      json,
      text: Buffer.from(json.message.data ?? '', 'base64').toString(),
      answer: (status) => settle(() => resolve({ status })),
      fail: () => settle(() => reject(new Error('connection refused'))),
    });
    return promise;
  };

  get texts(): string[] {
    return this.sent.map(({ text }) => text);
  }

  /** The latest request. */
  get last(): PendingPush {
    const last = this.sent.at(-1);
    if (!last) throw new Error('nothing was pushed');
    return last;
  }
}

/** A transport that answers every request at once with what `statusOf` says. */
export function answering(statusOf: (request: PushRequest) => number): PushTransport {
  return async (request) => ({ status: statusOf(request) });
}

export const PUSH = { pushConfig: { endpoint: 'http://127.0.0.1:1/push' } };
