import type { Order } from '../../agents/orders/contract.ts';
import type { Catalogue } from './catalogue.ts';
import { Dice } from './dice.ts';
import { BAD_PHONES, makeUpPerson, UNDELIVERABLE_COUNTRIES } from './people.ts';

const DAY_MS = 86_400_000;
const ID_LETTERS = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'] as [string, ...string[]];
const CARDS = [
  'pm_card_visa',
  'pm_card_visa',
  'pm_card_mastercard',
  'pm_card_amex',
  'pm_card_visa_debit',
] as const;
const DECLINING_CARDS = [
  'pm_card_chargeDeclined',
  'pm_card_chargeDeclinedInsufficientFunds',
  'pm_card_chargeDeclinedExpiredCard',
] as const;

const DECLINED_SHARE = 0.05;
const UNDELIVERABLE_SHARE = 0.03;
const BAD_PHONE_SHARE = 0.04;

export interface OrdersOptions {
  readonly seed: number;
  readonly count: number;
  readonly catalogue: Catalogue;
  /** What delivery dates are counted from: `2026-01-31`. */
  readonly today: string;
}

/** Orders as a shop gets them: the same for the same options. A few can't be paid, delivered, or told of. */
export function generateOrders({ seed, count, catalogue, today }: OrdersOptions): Order[] {
  const dice = new Dice(seed, 'orders');
  const ids = new Set<string>();
  while (ids.size < count) ids.add(`ORD-${Array.from({ length: 8 }, () => dice.pick(ID_LETTERS)).join('')}`);
  return [...ids].map((orderId) => {
    const { customer, address, currency } = makeUpPerson(dice);
    const declined = dice.chance(DECLINED_SHARE);
    const undeliverable = dice.chance(UNDELIVERABLE_SHARE);
    const unreachable = dice.chance(BAD_PHONE_SHARE);
    const wished = new Date(Date.parse(today) + dice.between(1, 10) * DAY_MS).toISOString().slice(0, 10);
    return {
      orderId,
      customer: { ...customer, ...(unreachable && { phone: dice.pick(BAD_PHONES) }) },
      address: { ...address, ...(undeliverable && { country: dice.pick(UNDELIVERABLE_COUNTRIES) }) },
      lines: basket(dice, catalogue),
      currency,
      payment: { method: dice.pick(declined ? DECLINING_CARDS : CARDS) },
      ...(dice.chance(0.7) && { deliverAfter: wished }),
    };
  });
}

/** Mostly small, now and then for a whole office. */
function basket(dice: Dice, catalogue: Catalogue): Order['lines'] {
  const articles = dice.chance(0.08) ? dice.between(6, 12) : dice.between(1, 4);
  const lines = new Map<string, Order['lines'][number]>();
  for (let at = 0; at < articles; at++) {
    const { sku, price } = dice.weighted(catalogue, ({ popularity }) => popularity);
    const quantity = dice.chance(0.1) ? dice.between(3, 6) : dice.between(1, 2);
    lines.set(sku, { sku, quantity, unitPrice: price });
  }
  return [...lines.values()];
}

/** Whether the order's card takes the charge. */
export const isPayable = ({ payment }: Order) =>
  !(DECLINING_CARDS as readonly string[]).includes(payment.method);
/** Whether something is shipped to the order's address. */
export const isDeliverable = ({ address }: Order) =>
  !(UNDELIVERABLE_COUNTRIES as readonly string[]).includes(address.country);
/** Whether the order's customer can be texted. */
export const isReachable = ({ customer }: Order) =>
  !(BAD_PHONES as readonly string[]).includes(customer.phone);
