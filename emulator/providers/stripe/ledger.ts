import type { Clock } from '../../../shared/contract/clock.ts';
import { type Random, randomText } from '../random.ts';
import { type TestCard, testCard } from './cards.ts';
import { writeAmount } from './money.ts';
import { invalidRequest, noSuch, StripeProblem } from './problem.ts';
import { type Charge, type PaymentIntent, paymentIntentObject, type Refund } from './records.ts';

/** What a new payment is made from. */
export type PaymentInput = Omit<PaymentIntent, 'id' | 'createMs' | 'clientSecret' | 'status'>;

export interface RefundInput {
  readonly target: { readonly paymentIntent: string } | { readonly charge: string };
  /** Absent refunds what is left. */
  readonly amount?: number;
  readonly reason?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An attempt to charge a card that declined it. */
export interface DeclinedAttempt {
  readonly charge: string;
  readonly paymentIntent: string;
  readonly amount: number;
  readonly currency: string;
  readonly code: string;
  readonly declineCode?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createMs: number;
}

/**
 * Payments, charges and refunds, under Stripe's rules for them. No refund takes a charge's refunds over its amount; a payment
 * is captured at most once.
 */
export class Ledger {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #intents = new Map<string, PaymentIntent>();
  readonly #charges = new Map<string, Charge>();
  readonly #refunds = new Map<string, Refund>();
  readonly #declined: DeclinedAttempt[] = [];

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Oldest first, like the other lists. */
  get intents(): readonly PaymentIntent[] {
    return [...this.#intents.values()];
  }

  get charges(): readonly Charge[] {
    return [...this.#charges.values()];
  }

  get refunds(): readonly Refund[] {
    return [...this.#refunds.values()];
  }

  get declined(): readonly DeclinedAttempt[] {
    return this.#declined;
  }

  intent(id: string): PaymentIntent {
    const intent = this.#intents.get(id);
    if (intent === undefined) throw noSuch(404, 'payment_intent', id, 'intent');
    return intent;
  }

  refund(id: string): Refund {
    const refund = this.#refunds.get(id);
    if (refund === undefined) throw noSuch(404, 'refund', id, 'id');
    return refund;
  }

  create(input: PaymentInput): PaymentIntent {
    const id = this.#newId('pi');
    return this.#keep({
      ...input,
      id,
      createMs: this.#clock.now(),
      clientSecret: `${id}_secret_${randomText(this.#random, 24)}`,
      status: input.paymentMethod === undefined ? 'requires_payment_method' : 'requires_confirmation',
    });
  }

  /** Charges the card. Throws `card_declined` and its like (402); the payment then waits for another method. */
  confirm(id: string, given: string | undefined, hasReturnUrl: boolean): PaymentIntent {
    const intent = this.intent(id);
    if (intent.status === 'succeeded' || intent.status === 'canceled') {
      const why =
        intent.status === 'succeeded'
          ? 'it has already succeeded after being previously confirmed.'
          : 'it has a status of canceled. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action, requires_payment_method.';
      throw unexpectedState(intent, `You cannot confirm this PaymentIntent because ${why}`);
    }
    const paymentMethod = given ?? intent.paymentMethod;
    if (paymentMethod === undefined) {
      throw unexpectedState(
        intent,
        "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
      );
    }
    const card = knownCard(paymentMethod);
    checkRedirects(intent.automatic, hasReturnUrl);
    return this.#charge({ ...intent, paymentMethod }, card);
  }

  cancel(id: string, reason: string | undefined): PaymentIntent {
    const intent = this.intent(id);
    if (intent.status === 'succeeded' || intent.status === 'canceled') {
      throw unexpectedState(
        intent,
        `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action, processing.`,
      );
    }
    const because = reason === undefined ? {} : { cancellationReason: reason };
    return this.#keep({ ...intent, status: 'canceled', canceledMs: this.#clock.now(), ...because });
  }

  /** Gives back what is named, or all that is left. Throws `charge_already_refunded` when nothing is. */
  giveBack({ target, amount, reason, metadata }: RefundInput): Refund {
    const charge = this.#refundable(target);
    const left = charge.amount - charge.amountRefunded;
    if (left === 0) {
      const message = `Charge ${charge.id} has already been refunded.`;
      throw invalidRequest(message, { code: 'charge_already_refunded', charge: charge.id });
    }
    const given = amount ?? left;
    if (given > left) {
      const wanted = writeAmount(given, charge.currency);
      const unrefunded = writeAmount(left, charge.currency);
      const message = `Refund amount (${wanted}) is greater than unrefunded amount on charge (${unrefunded})`;
      throw invalidRequest(message, { param: 'amount', charge: charge.id });
    }
    const refund: Refund = {
      id: this.#newId('re'),
      charge: charge.id,
      paymentIntent: charge.paymentIntent,
      amount: given,
      currency: charge.currency,
      metadata,
      createMs: this.#clock.now(),
      ...(reason === undefined ? {} : { reason }),
    };
    this.#refunds.set(refund.id, refund);
    this.#charges.set(charge.id, { ...charge, amountRefunded: charge.amountRefunded + given });
    return refund;
  }

  #charge(intent: PaymentIntent, { decline }: TestCard): PaymentIntent {
    const { id: paymentIntent, amount, currency, metadata } = intent;
    const charge = this.#newId('ch');
    const createMs = this.#clock.now();
    if (decline === undefined) {
      this.#charges.set(charge, {
        id: charge,
        paymentIntent,
        amount,
        amountRefunded: 0,
        currency,
        metadata,
        createMs,
      });
      return this.#keep({ ...intent, status: 'succeeded', latestCharge: charge });
    }
    const { code, declineCode, message } = decline;
    const why = { code, ...(declineCode === undefined ? {} : { decline_code: declineCode }), message };
    this.#declined.push({
      charge,
      paymentIntent,
      amount,
      currency,
      code,
      metadata,
      createMs,
      ...(declineCode === undefined ? {} : { declineCode }),
    });
    const { paymentMethod: _declinedMethod, ...rest } = intent;
    const failed = this.#keep({
      ...rest,
      status: 'requires_payment_method',
      latestCharge: charge,
      lastError: { type: 'card_error', charge, ...why },
    });
    throw new StripeProblem(402, {
      type: 'card_error',
      ...why,
      charge,
      payment_intent: paymentIntentObject(failed),
    });
  }

  #refundable(target: RefundInput['target']): Charge {
    if ('charge' in target) {
      const charge = this.#charges.get(target.charge);
      if (charge === undefined) throw noSuch(400, 'charge', target.charge, 'charge');
      return charge;
    }
    const intent = this.#intents.get(target.paymentIntent);
    if (intent === undefined) throw noSuch(400, 'payment_intent', target.paymentIntent, 'payment_intent');
    const charge = this.#charges.get(intent.latestCharge ?? '');
    if (charge !== undefined) return charge;
    const message = `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`;
    throw invalidRequest(message, { param: 'payment_intent' });
  }

  #keep(intent: PaymentIntent): PaymentIntent {
    this.#intents.set(intent.id, intent);
    return intent;
  }

  #newId(prefix: string): string {
    return `${prefix}_${randomText(this.#random, 24)}`;
  }
}

/** The test card behind a payment method; 400 `resource_missing` when there is none. */
export function knownCard(paymentMethod: string): TestCard {
  const card = testCard(paymentMethod);
  if (card === undefined) throw noSuch(400, 'PaymentMethod', paymentMethod, 'payment_method');
  return card;
}

/** A payment that may take methods which redirect the buyer needs somewhere to redirect them back to. */
export function checkRedirects(automatic: PaymentIntent['automatic'], hasReturnUrl: boolean): void {
  if (automatic === undefined || automatic.allowRedirects === 'never' || hasReturnUrl) return;
  throw invalidRequest(
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
    { param: 'return_url' },
  );
}

function unexpectedState(intent: PaymentIntent, message: string): StripeProblem {
  return invalidRequest(message, {
    code: 'payment_intent_unexpected_state',
    payment_intent: paymentIntentObject(intent),
  });
}
