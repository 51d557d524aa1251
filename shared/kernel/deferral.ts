import type { Contract } from '../contract/agent.ts';
import { type ErrorCode, MeshError } from '../contract/errors.ts';
import { digest } from '../contract/keys.ts';
import type { Delivery, Envelope, WireMessage } from '../contract/message.ts';
import { MOST_ATTRIBUTES, MOST_TIMED_BYTES } from './message-limits.ts';

/**
 * Why a message is put off: its time has not come, another instance is at it, others of its entity are before it, or a provider that it
 * needs is not called for now (`failed`: after it was called for this message, in vain).
 */
export type DeferReason = 'not-before' | 'lease' | 'entity' | 'provider' | 'failed';

/** How often the message was begun before the deferral that this copy of it comes from: Pub/Sub counts each copy from 1. */
const PRIOR_ATTEMPTS = 'priorattempts';

/** The time for which a timer published this copy. A copy that is early all the same shows how far the clock of the timers is ahead. */
const TIMED_FOR = 'timedfor';
/** Clocks of services that differ by more are not made up for. A copy that is further ahead ran into the horizon of the timers. */
const MOST_SKEW_MS = 10_000;

/** The attempt that this delivery is, deferrals included: so a message that kills whoever handles it is given up on in the end (I4). */
export function attemptOf(delivery: Delivery): number {
  return priorAttempts(delivery) + (delivery.deliveryAttempt ?? 1);
}

/**
 * Whoever held the message died at it, and so did those before. Its redeliveries are deferred, where Pub/Sub loses count of them.
 *
 * @throws MeshError `DeliveriesExhausted`
 */
export function checkAttempts(delivery: Delivery, { retry: { maxAttempts } }: Contract): void {
  if (attemptOf(delivery) <= maxAttempts) return;
  throw new MeshError(
    'DeliveriesExhausted',
    `the handling of the message was cut short ${maxAttempts} times`,
  );
}

/** Errors of what a message needs, which say nothing of the message itself: it is not given up on for them. */
const WAITED_FOR: ReadonlySet<ErrorCode> = new Set([
  'ProviderUnavailable',
  'ProviderThrottled',
  'KeysUnavailable',
]);

export const isWaitedFor = ({ code }: MeshError) => WAITED_FOR.has(code);

/**
 * How old a message may be that nobody counts the deliveries of: Pub/Sub keeps it for 7 days where nothing else is said
 * (https://cloud.google.com/pubsub/docs/subscription-properties), and then drops it without a word.
 */
const UNCOUNTED_MS = 6 * 86_400_000;

/** Whether this delivery is not to be followed by another. A subscription without a dead-letter policy counts none: there age tells. */
export function isLast(delivery: Delivery, maxAttempts: number, now: number): boolean {
  if (attemptOf(delivery) >= maxAttempts) return true;
  return delivery.deliveryAttempt === undefined && now - Date.parse(delivery.publishTime) > UNCOUNTED_MS;
}

function priorAttempts({ attributes }: Delivery): number {
  const text = attributes[PRIOR_ATTEMPTS];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : 0;
}

/** How many attempts of this copy the next one is not to forget: those that were begun. */
function attemptsBefore({ deliveryAttempt }: Delivery, why: DeferReason): number {
  if (why === 'not-before') return 0;
  if (why === 'failed') return deliveryAttempt ?? 1;
  // The delivery that finds a lease does nothing itself; where deliveries are not counted, there was one before it.
  return (deliveryAttempt ?? (why === 'lease' ? 2 : 1)) - 1;
}

/** The attributes without those that a deferral adds for itself. */
export function withoutDeferral(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const { [PRIOR_ATTEMPTS]: _attempts, [TIMED_FOR]: _time, ...rest } = attributes;
  return rest;
}

/** When a timer for `until` is to ring: later than that by as much as the timer before it rang early. */
function ringAt({ attributes }: Delivery, until: Date, now: number): Date {
  const early = until.getTime() - now;
  const rang = attributes[TIMED_FOR] === until.toISOString() && early > 0 && early <= MOST_SKEW_MS;
  return rang ? new Date(until.getTime() + early) : until;
}

/**
 * The timer that publishes a delivery again, later and under the identity that it has (I2).
 *
 * It is named after the delivery, not the message: Cloud Tasks knows a name again for up to a day after the task ran, and a message may
 * have to be deferred to the very same time once more (it is further ahead than a timer reaches; a clock is slow). A delivery that is
 * repeated is deferred once all the same: its Pub/Sub message id is that of the first.
 *
 * @param now the latest time that this handling knows of, in milliseconds since the epoch
 * @throws MeshError `LeaseHeld`, `InvalidAttribute`, `PayloadTooLarge` for a message with more attributes, or data, than a timer carries
 */
export function deferral(
  delivery: Delivery,
  envelope: Envelope,
  until: Date,
  why: DeferReason,
  now: number,
): { readonly name: string; readonly message: WireMessage; readonly at: Date } {
  const notBefore = until.toISOString();
  const prior = priorAttempts(delivery) + attemptsBefore(delivery, why);
  const needed = {
    ...delivery.attributes,
    'ce-id': envelope.id,
    'ce-time': envelope.time,
    notbefore: notBefore,
    ...(prior > 0 && { [PRIOR_ATTEMPTS]: String(prior) }),
  };
  const attributes =
    Object.keys(needed).length < MOST_ATTRIBUTES ? { ...needed, [TIMED_FOR]: notBefore } : needed;
  const size = delivery.data.byteLength;
  const fits = Object.keys(attributes).length <= MOST_ATTRIBUTES && size <= MOST_TIMED_BYTES;
  // Left to Pub/Sub's own retry, which keeps it as it is.
  if (!fits && why !== 'not-before')
    throw new MeshError('LeaseHeld', `it is to wait until ${notBefore}, and too large for a timer`);
  if (size > MOST_TIMED_BYTES) {
    const message = `the data has ${size} bytes; what is not to be handled yet may have ${MOST_TIMED_BYTES}`;
    throw new MeshError('PayloadTooLarge', message, { field: 'data' });
  }
  if (!fits) {
    const message = `the message has ${Object.keys(delivery.attributes).length} attributes, which leaves no room to defer it`;
    throw new MeshError('InvalidAttribute', message, { field: 'notbefore' });
  }
  return {
    name: digest('defer', envelope.source, envelope.id, delivery.messageId, notBefore),
    message: {
      data: delivery.data,
      attributes,
      ...(delivery.orderingKey && { orderingKey: delivery.orderingKey }),
    },
    at: ringAt(delivery, until, now),
  };
}

/** When the service says that the copy came, in milliseconds since the epoch. */
export function publishedAt({ publishTime }: Delivery): number {
  return Date.parse(publishTime) || 0;
}
