export type PaymentIntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'succeeded'
  | 'canceled';

/** A payment, from its creation on. Amounts are in the currency's smallest unit, times in milliseconds since the epoch. */
export interface PaymentIntent {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createMs: number;
  readonly clientSecret: string;
  readonly paymentMethodTypes: readonly string[];
  /** Set where the payment may take any method that the account has enabled. */
  readonly automatic?: { readonly allowRedirects: 'always' | 'never' };
  readonly description?: string;
  readonly customer?: string;
  readonly receiptEmail?: string;
  readonly status: PaymentIntentStatus;
  readonly paymentMethod?: string;
  readonly latestCharge?: string;
  readonly lastError?: object;
  readonly canceledMs?: number;
  readonly cancellationReason?: string;
}

/** Money that was captured. */
export interface Charge {
  readonly id: string;
  readonly paymentIntent: string;
  readonly amount: number;
  readonly amountRefunded: number;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createMs: number;
}

export interface Refund {
  readonly id: string;
  readonly charge: string;
  readonly paymentIntent: string;
  readonly amount: number;
  readonly currency: string;
  readonly reason?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createMs: number;
}

/** The PaymentIntent object of the API (https://docs.stripe.com/api/payment_intents/object). */
export function paymentIntentObject(intent: PaymentIntent): object {
  const { id, amount, currency, metadata, status, automatic, paymentMethodTypes } = intent;
  const succeeded = status === 'succeeded';
  return {
    id,
    object: 'payment_intent',
    amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: succeeded ? amount : 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods:
      automatic === undefined ? null : { allow_redirects: automatic.allowRedirects, enabled: true },
    canceled_at: secondsOrNull(intent.canceledMs),
    cancellation_reason: intent.cancellationReason ?? null,
    capture_method: 'automatic_async',
    client_secret: intent.clientSecret,
    confirmation_method: 'automatic',
    created: Math.floor(intent.createMs / 1000),
    currency,
    customer: intent.customer ?? null,
    description: intent.description ?? null,
    last_payment_error: intent.lastError ?? null,
    latest_charge: intent.latestCharge ?? null,
    livemode: false,
    metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: intent.paymentMethod ?? null,
    payment_method_options: {},
    payment_method_types: paymentMethodTypes,
    processing: null,
    receipt_email: intent.receiptEmail ?? null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status,
    transfer_data: null,
    transfer_group: null,
  };
}

/** The Refund object of the API (https://docs.stripe.com/api/refunds/object). */
export function refundObject(refund: Refund): object {
  return {
    id: refund.id,
    object: 'refund',
    amount: refund.amount,
    balance_transaction: null,
    charge: refund.charge,
    created: Math.floor(refund.createMs / 1000),
    currency: refund.currency,
    metadata: refund.metadata,
    payment_intent: refund.paymentIntent,
    reason: refund.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
}

function secondsOrNull(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.floor(ms / 1000);
}
