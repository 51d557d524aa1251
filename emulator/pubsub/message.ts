import { StatusError } from '../wire/status.ts';
import { invalidArgument, requireWithin } from './invalid.ts';

/** What a publisher hands in. */
export interface OutgoingMessage {
  readonly data?: Uint8Array;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
}

/** A message as a topic accepted it. Immutable: every subscription shares the one object. */
export interface Message {
  readonly messageId: string;
  readonly publishTimeMs: number;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  /** Empty when the message has none. */
  readonly orderingKey: string;
  /** Bytes that count against flow control and the limits. */
  readonly size: number;
}

/** https://cloud.google.com/pubsub/quotas#resource_limits */
const PUBLISH_LIMITS = {
  messages: 1000,
  bytes: 10_000_000,
  attributes: 100,
  attributeKeyBytes: 256,
  attributeValueBytes: 1024,
  orderingKeyBytes: 1024,
} as const;

const NO_DATA = new Uint8Array();

/**
 * Checks a publish request against the service's limits and gives each message its size.
 * @throws StatusError INVALID_ARGUMENT naming what is wrong; nothing of the request is then published (I11).
 */
export function measureMessages(messages: readonly OutgoingMessage[]): number[] {
  requireWithin('message_count', messages.length, 1, PUBLISH_LIMITS.messages);
  const sizes = messages.map(measure);
  requireWithin(
    'request_size',
    sizes.reduce((sum, size) => sum + size, 0),
    0,
    PUBLISH_LIMITS.bytes,
  );
  return sizes;
}

/** Completes a message that has been checked. */
export function acceptMessage(outgoing: OutgoingMessage, id: string, now: number, size: number): Message {
  return {
    messageId: id,
    publishTimeMs: now,
    data: outgoing.data ?? NO_DATA,
    attributes: outgoing.attributes ?? {},
    orderingKey: outgoing.orderingKey ?? '',
    size,
  };
}

function measure({ data = NO_DATA, attributes = {}, orderingKey = '' }: OutgoingMessage): number {
  const keyBytes = Buffer.byteLength(orderingKey);
  requireWithin('ordering_key_size', keyBytes, 0, PUBLISH_LIMITS.orderingKeyBytes);
  const size = data.byteLength + keyBytes + measureAttributes(attributes, data.byteLength === 0);
  requireWithin('message_size', size, 0, PUBLISH_LIMITS.bytes);
  return size;
}

function measureAttributes(attributes: Readonly<Record<string, string>>, required: boolean): number {
  const keys = Object.keys(attributes);
  if (required && keys.length === 0) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      'One or more messages in the publish request is empty. Each message must contain either non-empty data, or at least one attribute.',
    );
  }
  requireWithin('attributes_count', keys.length, 0, PUBLISH_LIMITS.attributes);
  let size = 0;
  for (const key of keys) {
    const keyBytes = Buffer.byteLength(key);
    const valueBytes = Buffer.byteLength(attributes[key] ?? '');
    if (keyBytes === 0) throw invalidArgument('attributes', 'a key is empty');
    if (isReserved(key)) throw invalidArgument('attributes', `key "${key}" begins with the reserved "goog"`);
    requireWithin(
      `attributes["${key.slice(0, 40)}"] key size`,
      keyBytes,
      1,
      PUBLISH_LIMITS.attributeKeyBytes,
    );
    requireWithin(`attributes["${key}"] value size`, valueBytes, 0, PUBLISH_LIMITS.attributeValueBytes);
    size += keyBytes + valueBytes;
  }
  return size;
}

/** `goog` is reserved; `googclient_` is what Google's client libraries themselves send (trace context, schema encoding). */
function isReserved(key: string): boolean {
  return key.startsWith('goog') && !key.startsWith('googclient_');
}
