/** What happened in one subscription since it was created. */
export interface Counts {
  /** Messages of the topic that came to this subscription, the filtered ones not counted. */
  published: number;
  /** Messages that the filter acked. */
  filtered: number;
  /** Deliveries, redeliveries included. */
  delivered: number;
  acked: number;
  nacked: number;
  /** Deliveries whose ack deadline passed. */
  expired: number;
  /** Messages forwarded to the dead-letter topic. */
  deadLettered: number;
  /** Acks that a fault took for lost. */
  duplicated: number;
}

/** The counts, with what is there now. */
export interface SubscriptionStatus extends Readonly<Counts> {
  /** Delivered and neither acked nor failed yet. */
  readonly outstanding: number;
  /** Waiting to be delivered, retry delays included. */
  readonly backlog: number;
  /** Streams and waiting pulls, and the pusher. */
  readonly consumers: number;
}

export function noCounts(): Counts {
  return {
    published: 0,
    filtered: 0,
    delivered: 0,
    acked: 0,
    nacked: 0,
    expired: 0,
    deadLettered: 0,
    duplicated: 0,
  };
}
