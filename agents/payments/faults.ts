import type Stripe from 'stripe';
import { MeshError, rejected, retryAfterMs } from '../../shared/index.ts';

type StripeError = InstanceType<typeof Stripe.errors.StripeError>;

/** Told by its type, so that the SDK need not be loaded to tell. */
function isStripeError(error: unknown): error is StripeError {
  return (
    error instanceof Error &&
    'type' in error &&
    typeof error.type === 'string' &&
    error.type.startsWith('Stripe')
  );
}

/** Whether the payment was in another state than the request needs: it was confirmed, or cancelled, meanwhile. */
export function isUnexpectedState(error: unknown): boolean {
  return isStripeError(error) && error.code === 'payment_intent_unexpected_state';
}

export function isAlreadyRefunded(error: unknown): boolean {
  return isStripeError(error) && error.code === 'charge_already_refunded';
}

/** An error of Stripe's as the mesh's: refused for good, or worth another try (https://docs.stripe.com/error-handling). */
export function failureOf(error: unknown, now: number): MeshError {
  if (error instanceof MeshError) return error;
  if (!isStripeError(error)) return new MeshError('ProviderFailed', 'Stripe failed', { cause: error });
  if (error.statusCode === 429) {
    const ms = retryAfterMs(error.headers?.['retry-after'], now);
    return new MeshError('ProviderThrottled', 'Stripe asked to be called less often', {
      cause: error,
      ...(ms !== undefined && { retryAfterMs: ms }),
    });
  }
  switch (error.type) {
    case 'StripeCardError':
      return rejected(
        'card_declined',
        `the card was declined: ${error.decline_code ?? error.code ?? error.message}`,
        {
          cause: error,
        },
      );
    case 'StripeIdempotencyError':
      return rejected('order_mismatch', 'the order was paid, or begun to be paid, on other terms', {
        cause: error,
      });
    case 'StripeAuthenticationError':
    case 'StripePermissionError':
      // Ours to mend, and then the message goes through. Stripe's own words quote part of the key (I12).
      return new MeshError('ProviderFailed', 'Stripe refused the API key', {
        hint: 'Set a valid stripe-api-key; the message is tried again.',
      });
    case 'StripeInvalidRequestError':
      if (error.statusCode === 409) break;
      return rejected(error.code ?? 'payment_refused', `Stripe refused the payment: ${error.message}`, {
        ...(error.param !== undefined && { field: error.param }),
        cause: error,
      });
  }
  return new MeshError('ProviderFailed', `Stripe failed: ${error.message}`, { cause: error });
}
