import { StatusError } from '../wire/status.ts';
import type { Backlog } from './backlog.ts';
import type { Entry } from './entry.ts';

/** The acks of one request that an exactly-once subscription refuses; any other subscription refuses none. */
export interface AckRefusals {
  /** Stale: the delivery was acked, nacked or expired before. Trying again is in vain. */
  readonly invalid: readonly string[];
  /** Of a message of an ordering key whose earlier ones are not acked; its lease goes on, and it can be acked after them. */
  readonly unordered: readonly string[];
}

/** The acks of ordered messages that do not follow, in the order of the request, on what of their keys is acked. `current` tells whose delivery an id is. */
export function outOfOrder(
  ackIds: Iterable<string>,
  current: (ackId: string) => Entry | undefined,
  backlog: Backlog,
): ReadonlySet<string> {
  const acked = Array.from(ackIds, (ackId) => ({ ackId, entry: current(ackId) }));
  const inOrder = backlog.inOrder(acked.flatMap(({ entry }) => entry ?? []));
  return new Set(acked.flatMap(({ ackId, entry }) => (entry && !inOrder.has(entry) ? [ackId] : [])));
}

const INVALID =
  'Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have expired or the acknowledgement ids were malformed.';
const UNORDERED = 'Some acknowledgement ids in the request were sent out of order.';

/**
 * What a unary call answers: the clients read the reason of each id.
 *
 * @throws StatusError INVALID_ARGUMENT where anything is refused
 */
export function throwRefusals({ invalid, unordered }: AckRefusals): void {
  if (invalid.length + unordered.length === 0) return;
  throw new StatusError('INVALID_ARGUMENT', invalid.length > 0 ? INVALID : UNORDERED, {
    reason: 'EXACTLY_ONCE_ACKID_FAILURE',
    domain: 'pubsub.googleapis.com',
    metadata: Object.fromEntries([
      ...invalid.map((id) => [id, 'PERMANENT_FAILURE_INVALID_ACK_ID'] as const),
      ...unordered.map((id) => [id, 'TRANSIENT_FAILURE_UNORDERED_ACK_ID'] as const),
    ]),
  });
}
