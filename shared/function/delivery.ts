import { MeshError } from '../contract/errors.ts';
import type { Delivery } from '../contract/message.ts';

/** An HTTP request as it came: header names in lower case, the body's bytes. */
export interface PushRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

type Attributes = Readonly<Record<string, string>>;

const METADATA = 'x-goog-pubsub-';
const STRUCTURED = 'application/cloudevents+json';
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * What a push brought, whichever of the forms it has:
 * - wrapped (https://cloud.google.com/pubsub/docs/push#receive_push): a JSON body `{message, subscription, deliveryAttempt}`;
 * - a CloudEvent from Eventarc, in binary mode (that same body) or structured mode (that body as its `data`);
 * - unwrapped with metadata (https://cloud.google.com/pubsub/docs/payload-unwrapping): the data as the body, all else in headers.
 *
 * @throws MeshError `NotJson` or `SchemaMismatch`, naming the field, for a request that is none of these: nobody delivered anything
 */
export function readDelivery({ headers, body }: PushRequest): Delivery {
  if (header(headers, `${METADATA}message-id`) !== undefined) return readUnwrapped(headers, body);
  const json = readJson(body);
  const structured = header(headers, 'content-type')?.toLowerCase().startsWith(STRUCTURED);
  return readWrapped(structured ? eventData(json) : json);
}

function readWrapped(push: unknown): Delivery {
  const { message, subscription, deliveryAttempt } = object(push, 'body');
  const { data, attributes, messageId, message_id, publishTime, publish_time, orderingKey, ordering_key } =
    object(message, 'message');
  const key = orderingKey ?? ordering_key;
  return {
    data: readData(data),
    attributes: readAttributes(attributes),
    messageId: text(messageId ?? message_id, 'message.messageId'),
    publishTime: text(publishTime ?? publish_time, 'message.publishTime'),
    subscription: shortName(subscription === undefined ? '' : text(subscription, 'subscription')),
    ...(typeof key === 'string' && key !== '' && { orderingKey: key }),
    ...attempt(deliveryAttempt),
  };
}

function eventData(event: unknown): unknown {
  const { data, data_base64 } = object(event, 'body');
  return data_base64 === undefined ? data : readJson(readData(data_base64, 'data_base64'));
}

/** What a request carries that is no attribute of the message. */
const TRANSPORT = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'forwarded',
  'from',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
]);
const INFRASTRUCTURE =
  /^(x-goog-|x-forwarded-|x-cloud-trace-context$|x-serverless-|x-appengine-|function-execution-id$)/;

/** Pub/Sub's own attributes, whose names are not in lower case as headers are (…/pubsub/docs/dead-letter-topics). */
const CANONICAL = new Map(
  ['DeliveryCount', 'Subscription', 'SubscriptionProject', 'TopicPublishTime']
    .map((name) => `CloudPubSubDeadLetterSource${name}`)
    .map((name) => [name.toLowerCase(), name]),
);

function readUnwrapped(headers: PushRequest['headers'], body: Uint8Array): Delivery {
  const metadata = (name: string) => header(headers, `${METADATA}${name}`);
  const attributes: [string, string][] = [];
  for (const name of Object.keys(headers)) {
    const value = header(headers, name);
    if (value === undefined || TRANSPORT.has(name) || INFRASTRUCTURE.test(name)) continue;
    // The type that Pub/Sub gives a body when the message names none.
    if (name === 'content-type' && value === 'application/octet-stream') continue;
    attributes.push([CANONICAL.get(name) ?? name, value]);
  }
  const orderingKey = metadata('ordering-key');
  const deliveryAttempt = metadata('delivery-attempt');
  return {
    data: body,
    attributes: Object.fromEntries(attributes),
    messageId: text(metadata('message-id'), `${METADATA}message-id`),
    publishTime: text(metadata('publish-time'), `${METADATA}publish-time`),
    subscription: shortName(metadata('subscription-name') ?? ''),
    ...(orderingKey && { orderingKey }),
    ...attempt(deliveryAttempt === undefined ? undefined : Number(deliveryAttempt)),
  };
}

function header(headers: PushRequest['headers'], name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value.join(', ') : value;
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch (cause) {
    throw new MeshError('NotJson', `the body is no push of Pub/Sub: ${(cause as Error).message}`, {
      field: 'body',
      hint: 'Publish to the topic of the agent; its subscription pushes the message here.',
      cause,
    });
  }
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

function readData(data: unknown, field = 'message.data'): Uint8Array {
  if (data === undefined || data === null) return new Uint8Array();
  if (typeof data !== 'string' || !BASE64.test(data)) throw unfit(field, 'is not base64');
  return new Uint8Array(Buffer.from(data, 'base64'));
}

function readAttributes(attributes: unknown): Attributes {
  if (attributes === undefined || attributes === null) return {};
  const given = object(attributes, 'message.attributes');
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'string') throw unfit(`message.attributes.${name}`, 'is not a string');
  }
  return given as Attributes;
}

/** The subscription does not count attempts unless it has a dead-letter topic: then there is none, or 0. */
function attempt(value: unknown): { deliveryAttempt?: number } {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
    ? { deliveryAttempt: value }
    : {};
}

function object(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unfit(field, 'is not an object');
  return value as Readonly<Record<string, unknown>>;
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw unfit(field, value === undefined ? 'is missing' : 'is not a string');
  return value;
}

function shortName(resource: string): string {
  return resource.slice(resource.lastIndexOf('/') + 1);
}

function unfit(field: string, problem: string): MeshError {
  return new MeshError('SchemaMismatch', `the body is no push of Pub/Sub: ${field} ${problem}`, {
    field,
    hint: 'Publish to the topic of the agent; its subscription pushes the message here.',
  });
}
