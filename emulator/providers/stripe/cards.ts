/** How a card that declines is declined (https://docs.stripe.com/declines/codes). */
export interface Decline {
  readonly code: string;
  readonly declineCode?: string;
  readonly message: string;
}

/** What a test payment method does when it is charged. */
export interface TestCard {
  readonly brand: string;
  readonly decline?: Decline;
}

const DECLINED = 'Your card was declined.';

function declined(declineCode: string, message = DECLINED): TestCard {
  return { brand: 'visa', decline: { code: 'card_declined', declineCode, message } };
}

function failing(code: string, message: string): TestCard {
  return { brand: 'visa', decline: { code, message } };
}

const genericDecline = declined('generic_decline');
const insufficientFunds = declined('insufficient_funds', 'Your card has insufficient funds.');
const lostCard = declined('lost_card');
const stolenCard = declined('stolen_card');
const velocityExceeded = declined(
  'card_velocity_exceeded',
  'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
);
const fraudulent = declined('fraudulent');

/** The test payment methods of https://docs.stripe.com/testing, with and without the brand in a decline's name. */
const TEST_CARDS: Readonly<Record<string, TestCard>> = {
  pm_card_visa: { brand: 'visa' },
  pm_card_visa_debit: { brand: 'visa' },
  pm_card_mastercard: { brand: 'mastercard' },
  pm_card_mastercard_debit: { brand: 'mastercard' },
  pm_card_amex: { brand: 'amex' },
  pm_card_discover: { brand: 'discover' },
  pm_card_diners: { brand: 'diners' },
  pm_card_jcb: { brand: 'jcb' },
  pm_card_chargeDeclined: genericDecline,
  pm_card_visa_chargeDeclined: genericDecline,
  pm_card_chargeDeclinedInsufficientFunds: insufficientFunds,
  pm_card_visa_chargeDeclinedInsufficientFunds: insufficientFunds,
  pm_card_chargeDeclinedLostCard: lostCard,
  pm_card_visa_chargeDeclinedLostCard: lostCard,
  pm_card_chargeDeclinedStolenCard: stolenCard,
  pm_card_visa_chargeDeclinedStolenCard: stolenCard,
  pm_card_chargeDeclinedVelocityLimitExceeded: velocityExceeded,
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: velocityExceeded,
  pm_card_chargeDeclinedFraudulent: fraudulent,
  pm_card_chargeDeclinedExpiredCard: failing('expired_card', 'Your card has expired.'),
  pm_card_chargeDeclinedIncorrectCvc: failing('incorrect_cvc', "Your card's security code is incorrect."),
  pm_card_chargeDeclinedProcessingError: failing(
    'processing_error',
    'An error occurred while processing your card. Try again in a little bit.',
  ),
};

/** Undefined for a payment method that does not exist. */
export function testCard(paymentMethod: string): TestCard | undefined {
  return Object.hasOwn(TEST_CARDS, paymentMethod) ? TEST_CARDS[paymentMethod] : undefined;
}
