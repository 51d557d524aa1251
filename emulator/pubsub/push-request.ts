import type { Delivery } from './consumer.ts';
import type { Message } from './message.ts';
import type { PushConfig } from './push-config.ts';

const COMMON_HEADERS = {
  accept: 'application/json',
  from: 'noreply@google.com',
  'user-agent': 'APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)',
};

/** What an attribute may not replace when attributes become headers. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Body and headers of a push, wrapped or not (https://cloud.google.com/pubsub/docs/push#receive_push). */
export function pushContent(
  delivery: Delivery,
  subscription: string,
  config: PushConfig,
): { headers: Record<string, string>; body: Uint8Array } {
  if (!config.noWrapper) {
    return {
      headers: { ...COMMON_HEADERS, 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(wrap(delivery, subscription))),
    };
  }
  const headers: Record<string, string> = { ...COMMON_HEADERS, 'content-type': 'application/octet-stream' };
  if (config.noWrapper.writeMetadata) Object.assign(headers, metadataHeaders(delivery.message, subscription));
  return { headers, body: delivery.message.data };
}

/** The wrapped body; as everywhere in the service's JSON, what is empty is left out. */
function wrap({ message, deliveryAttempt }: Delivery, subscription: string) {
  const publishTime = new Date(message.publishTimeMs).toISOString();
  return {
    ...(deliveryAttempt !== undefined && { deliveryAttempt }),
    message: {
      ...(Object.keys(message.attributes).length > 0 && { attributes: message.attributes }),
      ...(message.data.byteLength > 0 && { data: base64(message.data) }),
      messageId: message.messageId,
      message_id: message.messageId,
      ...(message.orderingKey && { orderingKey: message.orderingKey }),
      publishTime,
      publish_time: publishTime,
    },
    subscription,
  };
}

/** https://cloud.google.com/pubsub/docs/payload-unwrapping: attributes that are no legal headers stay out. */
function metadataHeaders(message: Message, subscription: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [key, value] of Object.entries(message.attributes)) {
    const name = key.toLowerCase();
    if (HEADER_NAME.test(name) && HEADER_VALUE.test(value) && !RESERVED_HEADERS.has(name))
      headers[name] = value;
  }
  headers['x-goog-pubsub-subscription-name'] = subscription;
  headers['x-goog-pubsub-message-id'] = message.messageId;
  headers['x-goog-pubsub-publish-time'] = new Date(message.publishTimeMs).toISOString();
  if (message.orderingKey && HEADER_VALUE.test(message.orderingKey)) {
    headers['x-goog-pubsub-ordering-key'] = message.orderingKey;
  }
  return headers;
}

function base64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}
