import type { StatusError } from '../wire/status.ts';
import { type Consumer, type Delivery, PULL_LAG_MS, type Room } from './consumer.ts';
import type { Message } from './message.ts';
import type { Subscription } from './subscription.ts';

/** https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#streamingpullrequest; 0 or less means no limit. */
export interface PullStreamOptions {
  readonly ackDeadlineSeconds: number;
  readonly maxOutstandingMessages?: number;
  readonly maxOutstandingBytes?: number;
}

/** Where a stream's messages go. */
export interface PullStreamSink {
  /** The stream is open; comes before any messages. */
  opened?(stream: PullStream): void;
  messages(deliveries: readonly Delivery[]): void;
  /** The stream is over; nothing comes after this. */
  ended(reason: StatusError): void;
}

/** So that one response stays under the 4 MB that a gRPC client takes by default. */
const MOST_BYTES_AT_ONCE = 3 * 1024 * 1024;
const MOST_MESSAGES_AT_ONCE = 1000;

function limitOf(most = 0): number {
  return most > 0 ? most : Number.POSITIVE_INFINITY;
}

/**
 * A StreamingPull: an open-ended consumer with flow control. Messages that it holds when it closes stay leased until their
 * deadline, as in the service.
 */
export class PullStream implements Consumer {
  readonly perKey = MOST_MESSAGES_AT_ONCE;
  readonly lagMs = PULL_LAG_MS;
  readonly #subscription: Subscription;
  readonly #sink: PullStreamSink;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #leaseSeconds: number;
  #messages = 0;
  #bytes = 0;

  constructor(subscription: Subscription, options: PullStreamOptions, sink: PullStreamSink) {
    this.#subscription = subscription;
    this.#sink = sink;
    this.#leaseSeconds = options.ackDeadlineSeconds;
    this.#maxMessages = limitOf(options.maxOutstandingMessages);
    this.#maxBytes = limitOf(options.maxOutstandingBytes);
  }

  /** What the stream tells of its subscription, which may change while it is open. */
  get properties() {
    const { enableExactlyOnceDelivery, enableMessageOrdering } = this.#subscription.config;
    return {
      exactlyOnceDeliveryEnabled: enableExactlyOnceDelivery,
      messageOrderingEnabled: enableMessageOrdering,
    };
  }

  get leaseMs(): number {
    return this.#leaseSeconds * 1000;
  }

  /** The ack deadline of the messages that it is given from now on. */
  setAckDeadline(seconds: number): void {
    this.#leaseSeconds = seconds;
  }

  close(): void {
    this.#subscription.detach(this);
  }

  room(): Room {
    return {
      messages: Math.min(MOST_MESSAGES_AT_ONCE, this.#maxMessages - this.#messages),
      bytes: Math.min(MOST_BYTES_AT_ONCE, this.#maxBytes - this.#bytes),
    };
  }

  deliver(deliveries: readonly Delivery[]): void {
    this.#messages += deliveries.length;
    for (const { message } of deliveries) this.#bytes += message.size;
    this.#sink.messages(deliveries);
  }

  released({ message }: { readonly message: Message }): void {
    this.#messages -= 1;
    this.#bytes -= message.size;
  }

  closed(reason: StatusError): void {
    this.#sink.ended(reason);
  }
}
