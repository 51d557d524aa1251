/** One HTTP POST to a push endpoint. */
export interface PushRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The ack deadline: an answer after this long counts for nothing. */
  readonly timeoutMs: number;
  /** Aborts when the delivery is no longer wanted: its deadline passed, or its subscription is gone. */
  readonly signal?: AbortSignal;
}

/** How pushes leave the broker. Resolves with the answer's status; rejects when there is no answer. */
export type PushTransport = (request: PushRequest) => Promise<{ readonly status: number }>;

/** https://cloud.google.com/pubsub/docs/push#receive_push: anything else is a nack. */
const ACK_STATUSES: ReadonlySet<number> = new Set([102, 200, 201, 202, 204]);

export function isAckStatus(status: number): boolean {
  return ACK_STATUSES.has(status);
}
