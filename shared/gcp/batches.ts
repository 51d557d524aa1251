import type { WireMessage } from '../contract/message.ts';

/** The most that one publish request takes (https://cloud.google.com/pubsub/quotas#resource_limits): 1,000 messages, 10 MB. */
const MOST_MESSAGES = 1_000;
const MOST_BYTES = 10_000_000;
/** Tags, lengths and the topic's name, generously. */
const OVERHEAD_BYTES = 64;

/** Splits messages into as few requests as the limits allow, in order. One message that is too large alone is left to be refused. */
export function batches(messages: readonly WireMessage[]): WireMessage[][] {
  const split: WireMessage[][] = [];
  let open: WireMessage[] = [];
  let bytes = OVERHEAD_BYTES;
  for (const message of messages) {
    const size = wireBytes(message);
    if (open.length > 0 && (open.length === MOST_MESSAGES || bytes + size > MOST_BYTES)) {
      split.push(open);
      open = [];
      bytes = OVERHEAD_BYTES;
    }
    open.push(message);
    bytes += size;
  }
  if (open.length > 0) split.push(open);
  return split;
}

/** At least what the message takes in a request. */
export function wireBytes({ data, attributes, orderingKey = '' }: WireMessage): number {
  let bytes = OVERHEAD_BYTES + data.byteLength + Buffer.byteLength(orderingKey);
  for (const [key, value] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value) + 16;
  }
  return bytes;
}
