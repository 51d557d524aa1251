import type { DeadLetter } from '../contract/dead-letter.ts';
import type { Deployment } from '../contract/deployment.ts';
import { decodeEnvelope } from '../contract/envelope.ts';
import { ERROR_CATALOGUE, type ErrorCode } from '../contract/errors.ts';
import { type Failure, mended } from '../contract/failure.ts';
import { digest, messageKey } from '../contract/keys.ts';
import type { Delivery, Envelope, WireMessage } from '../contract/message.ts';
import { attemptOf, withoutDeferral } from './deferral.ts';
import { LONGEST_VALUE_BYTES, MOST_ATTRIBUTES } from './message-limits.ts';

/**
 * Dead letters on the wire: the original message, byte for byte and attribute for attribute, with the reason in attributes beside it.
 * Two makers exist: the kernel, which knows the reason (`deadletter*`), and Pub/Sub, which only counts deliveries
 * (`CloudPubSubDeadLetter*`, docs.cloud.google.com/pubsub/docs/dead-letter-topics).
 */
const CODE = 'deadlettercode';
const MESSAGE = 'deadlettermessage';
const FIELD = 'deadletterfield';
const REASON = 'deadletterreason';
const DETAILS = 'deadletterdetails';
const AGENT = 'deadletteragent';
const MESSAGE_ID = 'deadlettermessageid';
const PUBLISH_TIME = 'deadletterpublishtime';
const ATTEMPTS = 'deadletterattempts';
const PUBSUB_PREFIX = 'CloudPubSubDeadLetterSource';

export function deadLetterAttributes(given: Failure, agent: string): Record<string, string> {
  const failure = mended(given);
  return {
    [CODE]: failure.code,
    [AGENT]: agent,
    [MESSAGE]: cut(failure.message || failure.code),
    ...(failure.field && { [FIELD]: cut(failure.field) }),
    ...(failure.reason && { [REASON]: cut(failure.reason) }),
    // A part of it would be no JSON.
    ...(failure.details && fits(failure.details) && { [DETAILS]: failure.details }),
  };
}

/** The delivery as a dead letter to be published. Of the reason only so much is told as the message has attributes to spare. */
export function toDeadLetter(delivery: Delivery, failure: Failure, agent: string): WireMessage {
  const original = originalAttributes(delivery.attributes);
  const reason = {
    ...deadLetterAttributes(failure, agent),
    [MESSAGE_ID]: delivery.messageId,
    [PUBLISH_TIME]: delivery.publishTime,
    ...(delivery.deliveryAttempt !== undefined && { [ATTEMPTS]: String(attemptOf(delivery)) }),
  };
  const room = Math.max(0, MOST_ATTRIBUTES - Object.keys(original).length);
  return {
    data: delivery.data,
    attributes: { ...original, ...Object.fromEntries(Object.entries(reason).slice(0, room)) },
  };
}

/**
 * The id of a dead letter. `identity`: the key of the message, or Pub/Sub's id of one that has none. `redrive`: how often it had been
 * redriven when it died.
 */
export function deadLetterId(agent: string, identity: string, redrive: string): string {
  return digest('dead-letter', agent, identity, redrive);
}

/** Reads what came from a dead-letter topic, whoever put it there. */
export function readDeadLetter(delivery: Delivery, deployment: Deployment): DeadLetter {
  const { attributes } = delivery;
  const agent = attributes[AGENT] ?? agentOf(delivery, deployment.prefix);
  const messageId = attributes[MESSAGE_ID] ?? delivery.messageId;
  const counted = attributes[ATTEMPTS] ?? attributes[`${PUBSUB_PREFIX}DeliveryCount`];
  const attempts = counted !== undefined && /^\d{1,9}$/.test(counted) ? Number(counted) : undefined;
  const original = {
    data: Buffer.from(delivery.data).toString('base64'),
    attributes: originalAttributes(attributes),
    messageId,
    publishTime:
      attributes[PUBLISH_TIME] ?? attributes[`${PUBSUB_PREFIX}TopicPublishTime`] ?? delivery.publishTime,
    ...(delivery.orderingKey && { orderingKey: delivery.orderingKey }),
  };
  // By the time of the original: what a schedule sent is known by its minute.
  const { publishTime } = original;
  const envelope = envelopeOf(
    { ...delivery, messageId, publishTime, attributes: original.attributes },
    agent,
  );
  // Whatever its attributes say: by whose topic it came is what Pub/Sub says.
  const owner = ownerOf(delivery.subscription, deployment.prefix);
  const mayTell = envelope?.replyTo === owner || deployment.callers.includes(`${owner}:${envelope?.replyTo}`);
  const identity = envelope ? messageKey(envelope) : messageId;
  return {
    id: deadLetterId(agent, identity, original.attributes.redrive ?? '0'),
    agent,
    failure: readFailure(attributes, attempts),
    original,
    ...(attempts !== undefined && { deliveryAttempts: attempts }),
    ...(envelope?.replyTo !== undefined && !mayTell && { untold: true as const }),
  };
}

/** The envelope of a dead letter's original; undefined where it is too broken to have one. */
export function originalEnvelope(letter: DeadLetter): Envelope | undefined {
  const { orderingKey: _ordering, data, ...original } = letter.original;
  return envelopeOf({ ...original, data: Buffer.from(data, 'base64'), subscription: '' }, letter.agent);
}

/**
 * The original as it is published again: under the identity that it had, so that what was done is not done twice (I2), and marked, so
 * that a second death is another dead letter.
 */
export function toRedrive(letter: DeadLetter): WireMessage {
  const { attributes, data, messageId, publishTime, orderingKey } = letter.original;
  const redrive = String(redrivesOf(attributes) + 1);
  // What a schedule sent has no id of its own: it is known by the minute, which a redrive would change.
  const id = originalEnvelope(letter)?.id ?? messageId;
  return {
    data: Buffer.from(data, 'base64'),
    attributes: { 'ce-id': id, 'ce-time': publishTime, ...withoutDeferral(attributes), redrive },
    ...(orderingKey && { orderingKey }),
  };
}

/** What is no count is corrected by the redrive, like any other fault of the message would have to be. */
function redrivesOf({ redrive = '0' }: Readonly<Record<string, string>>): number {
  return /^\d{1,5}$/.test(redrive) ? Number(redrive) : 0;
}

function envelopeOf(delivery: Delivery, agent: string): Envelope | undefined {
  try {
    return decodeEnvelope(delivery, agent);
  } catch {
    // A dead letter is often one because of this; it is recorded all the same.
    return undefined;
  }
}

/**
 * Attributes that every service keeps: one that is no Unicode could be neither recorded nor sent on, and whoever waits would never be told. The
 * data of the message, which may be no text at all, stays as it came.
 */
export function mendedAttributes(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const texts = Object.entries(attributes);
  return Object.fromEntries(texts.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]));
}

function readFailure(attributes: Readonly<Record<string, string>>, attempts: number | undefined): Failure {
  const code = attributes[CODE];
  if (code === undefined || !Object.hasOwn(ERROR_CATALOGUE, code)) {
    const times = attempts === undefined ? 'every delivery attempt' : `${attempts} delivery attempts`;
    return { code: 'DeliveriesExhausted', message: `${times} failed` };
  }
  return mended({
    code: code as ErrorCode,
    message: attributes[MESSAGE] ?? code,
    ...(attributes[FIELD] !== undefined && { field: attributes[FIELD] }),
    ...(attributes[REASON] !== undefined && { reason: attributes[REASON] }),
    ...(attributes[DETAILS] !== undefined && { details: attributes[DETAILS] }),
  });
}

function agentOf(delivery: Delivery, prefix: string): string {
  return ownerOf(delivery.attributes[`${PUBSUB_PREFIX}Subscription`] ?? delivery.subscription, prefix);
}

/** The agent that a subscription is of. */
function ownerOf(subscription: string, prefix: string): string {
  return subscription
    .replace(/^.*\//, '')
    .slice(prefix.length + 1)
    .replace(/-events-[0-9a-v]{8}$|-dead$/, '');
}

function originalAttributes(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const added = (name: string) => name.startsWith('deadletter') || name.startsWith('CloudPubSubDeadLetter');
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !added(name)));
}

const fits = (text: string) => Buffer.byteLength(text) <= LONGEST_VALUE_BYTES;

function cut(text: string): string {
  if (fits(text)) return text;
  return `${new TextDecoder().decode(Buffer.from(text).subarray(0, LONGEST_VALUE_BYTES - 8)).replace(/\uFFFD+$/, '')}…`;
}
