import type { Alarm, Alarms } from './alarms.ts';
import type { Consumer, Delivery, Room } from './consumer.ts';
import type { Message } from './message.ts';
import type { PushConfig } from './push-config.ts';
import { pushContent } from './push-request.ts';
import type { PushTokens } from './push-token.ts';
import { isAckStatus, type PushTransport } from './push-transport.ts';
import { PushWindow } from './push-window.ts';
import type { Subscription } from './subscription.ts';

/** What a pusher needs of its broker. */
export interface PusherHost {
  readonly now: () => number;
  readonly alarms: Alarms;
  readonly transport: PushTransport;
  readonly tokens: PushTokens | undefined;
}

/**
 * Pushes a subscription's messages: a consumer whose room is the push window, and which takes nothing while it backs off. A
 * message waits for its own retry delay in the subscription besides, so that the longer of the two counts. The lease is the
 * request's timeout: when it ends, the request is aborted.
 */
export class Pusher implements Consumer {
  /** https://cloud.google.com/pubsub/docs/ordering: one message of a key at a time. */
  readonly perKey = 1;
  readonly #subscription: Subscription;
  readonly #host: PusherHost;
  readonly #window = new PushWindow();
  readonly #underWay = new Map<string, { readonly abort: AbortController; readonly round: number }>();
  #pause: Alarm | undefined;
  #stopped = false;

  constructor(subscription: Subscription, host: PusherHost) {
    this.#subscription = subscription;
    this.#host = host;
  }

  /** Stops; requests that are under way may still settle their messages. */
  stop(): void {
    this.#stopped = true;
    this.#pause?.cancel();
  }

  room(): Room {
    const free = this.#window.size - this.#underWay.size;
    return { messages: this.#pause ? 0 : free, bytes: Number.POSITIVE_INFINITY };
  }

  deliver(deliveries: readonly Delivery[]): void {
    const { pushConfig } = this.#subscription.config;
    if (!pushConfig) return;
    for (const delivery of deliveries) {
      const abort = new AbortController();
      this.#underWay.set(delivery.ackId, { abort, round: this.#window.round });
      void this.#push(delivery, pushConfig, abort.signal);
    }
  }

  /** A lease that ends while its request is under way: its deadline passed. */
  released({ ackId }: { readonly ackId: string; readonly message: Message }): void {
    const request = this.#underWay.get(ackId);
    if (!request) return;
    this.#underWay.delete(ackId);
    request.abort.abort();
    this.#backOff(request.round);
  }

  closed(): void {
    this.stop();
    for (const { abort } of this.#underWay.values()) abort.abort();
  }

  async #push(delivery: Delivery, config: PushConfig, signal: AbortSignal): Promise<void> {
    const { name, ackDeadlineSeconds } = this.#subscription.config;
    let acked = false;
    try {
      const { headers, body } = pushContent(delivery, name, config);
      // Awaited only where there is one: without, the request leaves at once.
      const token = this.#host.tokens?.tokenFor(config);
      if (token) headers.authorization = `Bearer ${await token}`;
      const { status } = await this.#host.transport({
        url: config.endpoint,
        headers,
        body,
        timeoutMs: ackDeadlineSeconds * 1000,
        signal,
      });
      acked = isAckStatus(status);
    } catch {
      // No answer is a nack: the endpoint is down, hangs, or was told to stop.
    }
    this.#settle(delivery.ackId, acked);
  }

  /** An answer that comes after the lease ended counts for nothing. */
  #settle(ackId: string, acked: boolean): void {
    const request = this.#underWay.get(ackId);
    if (!request) return;
    this.#underWay.delete(ackId);
    if (acked) {
      this.#window.succeeded();
      this.#subscription.acknowledge([ackId]);
    } else {
      this.#backOff(request.round);
      this.#subscription.modifyAckDeadline([ackId], 0);
    }
  }

  #backOff(round: number): void {
    const pauseMs = this.#window.failed(round);
    if (pauseMs === 0 || this.#stopped) return;
    this.#pause?.cancel();
    this.#pause = this.#host.alarms.set(this.#host.now() + pauseMs, () => {
      this.#pause = undefined;
      this.#subscription.dispatch();
    });
  }
}
