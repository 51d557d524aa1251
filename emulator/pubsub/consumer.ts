import type { StatusError } from '../wire/status.ts';
import type { Message } from './message.ts';

/** One delivery of a message to one consumer. */
export interface Delivery {
  /** Names this delivery in `acknowledge` and `modifyAckDeadline`. */
  readonly ackId: string;
  readonly message: Message;
  /** 1 + nacks + expired deadlines; absent without a dead-letter policy. */
  readonly deliveryAttempt?: number;
}

/**
 * A client may publish and pull at once, and know its message by the id that the answer told. Both come by connections of their own: this is
 * time enough for it to have read the answer.
 */
export const PULL_LAG_MS = 20;

export interface Room {
  readonly messages: number;
  /** The delivery that passes this is the last one of a batch. */
  readonly bytes: number;
}

/** Whoever takes messages from a subscription: a waiting pull, a stream, the pusher. */
export interface Consumer {
  /** How many messages of one ordering key it may hold at a time. */
  readonly perKey: number;
  /** For how long it leases messages; the subscription's ack deadline when absent. */
  readonly leaseMs?: number;
  /** How long after the answer to its publisher a message reaches it, at the least; at once when absent. */
  readonly lagMs?: number;
  /** What it can take now; `messages` 0 for nothing. */
  room(): Room;
  /** Never called with an empty batch. */
  deliver(deliveries: readonly Delivery[]): void;
  /** A lease of this consumer ended: acked, nacked, expired or revoked. */
  released(delivery: { readonly ackId: string; readonly message: Message }): void;
  /** The subscription will deliver nothing more to it: it was deleted, detached, or turned to push. */
  closed(reason: StatusError): void;
}
