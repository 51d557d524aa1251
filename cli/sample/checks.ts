import { type Order, totalOf } from '../../agents/orders/contract.ts';
import type { Json } from '../../shared/contract/json.ts';
import type { Books, StockBook } from './books.ts';
import type { Catalogue } from './catalogue.ts';
import { isDeliverable, isPayable, isReachable } from './orders.ts';

/** One comparison of what should be with what the books say. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly expected: Json;
  readonly actual: Json;
  /** What is wrong, a line each, at most ten. */
  readonly wrong?: readonly string[];
}

const MOST_WRONG = 10;

/** A check that holds when nothing is wrong. */
export function check(name: string, expected: Json, actual: Json, wrong: readonly string[]): Check {
  const ok = wrong.length === 0;
  return { name, ok, expected, actual, ...(!ok && { wrong: wrong.slice(0, MOST_WRONG) }) };
}

/** Money kept is, by currency, what the fulfilled orders cost. */
export function moneyCheck(fulfilled: readonly Order[], { stripe }: Books): Check {
  const expected = sums(fulfilled.map((order) => [order.currency, totalOf(order)]));
  const actual = sums(
    stripe.charges.map(({ currency, amount, amountRefunded }) => [currency, amount - amountRefunded]),
  );
  const currencies = [...new Set([...expected.keys(), ...actual.keys()])].sort();
  const wrong = currencies
    .filter((currency) => (expected.get(currency) ?? 0) !== (actual.get(currency) ?? 0))
    .map((currency) => `${currency}: ${actual.get(currency) ?? 0} kept, ${expected.get(currency) ?? 0} due`);
  const listed = (by: ReadonlyMap<string, number>) =>
    Object.fromEntries(currencies.map((currency) => [currency, by.get(currency) ?? 0]));
  return check('captured − refunded = total of fulfilled orders', listed(expected), listed(actual), wrong);
}

/** Each fulfilled order was charged its total and keeps it; of any other nothing is kept. */
export function chargesCheck(fulfilled: readonly Order[], { stripe }: Books): Check {
  const due = new Map(fulfilled.map((order) => [order.orderId, totalOf(order)]));
  const kept = sums(
    stripe.charges.map(({ metadata, amount, amountRefunded }) => [
      metadata.orderId ?? 'no order',
      amount - amountRefunded,
    ]),
  );
  const wrong = [...new Set([...due.keys(), ...kept.keys()])]
    .filter((orderId) => (due.get(orderId) ?? 0) !== (kept.get(orderId) ?? 0))
    .map((orderId) => `${orderId}: ${kept.get(orderId) ?? 0} kept, ${due.get(orderId) ?? 0} due`);
  const paid = [...kept.values()].filter((amount) => amount !== 0).length;
  return check('every fulfilled order is paid, and no other', fulfilled.length, paid, wrong);
}

export function chargedOnceCheck({ stripe }: Books): Check {
  const charges = sums(stripe.charges.map(({ metadata }) => [metadata.orderId ?? 'no order', 1]));
  const wrong = [...charges]
    .filter(([, count]) => count > 1)
    .map(([orderId, count]) => `${orderId}: charged ${count} times`);
  return check('orders charged twice', 0, wrong.length, wrong);
}

/** By article: what the fulfilled orders bought is what is gone from the stock, and nothing came but what was delivered. */
export function stockCheck(fulfilled: readonly Order[], stock: StockBook, catalogue: Catalogue): Check {
  const sold = sums(fulfilled.flatMap(({ lines }) => lines.map(({ sku, quantity }) => [sku, quantity])));
  const books = new Map(stock.map((each) => [each.sku, each]));
  const skus = [...new Set([...catalogue.map(({ sku }) => sku), ...sold.keys(), ...books.keys()])].sort();
  const delivered = new Map(catalogue.map(({ sku, stock: pieces }) => [sku, pieces]));
  const removed = (sku: string) => (delivered.get(sku) ?? 0) - (books.get(sku)?.available ?? 0);
  const wrong = skus.flatMap((sku) => {
    const told = books.get(sku)?.reserved ?? 0;
    const due = sold.get(sku) ?? 0;
    if (removed(sku) === due && told === due) return [];
    return [`${sku}: ${due} sold, ${removed(sku)} gone, ${told} reserved`];
  });
  const all = (numbers: Iterable<number>) => [...numbers].reduce((sum, number) => sum + number, 0);
  return check('stock sold = stock removed', all(sold.values()), all(skus.map(removed)), wrong);
}

export const labelsCheck = (fulfilled: readonly Order[], { shipping }: Books): Check =>
  onceEach(
    'one label per fulfilled order',
    fulfilled,
    shipping.live.map(({ orderId }) => orderId),
  );

export function slotsCheck(fulfilled: readonly Order[], { calendar }: Books): Check {
  const live = calendar.events.filter(({ status }) => status === 'confirmed');
  return onceEach(
    'one delivery slot per fulfilled order',
    fulfilled,
    live.map(({ input }) => input.extendedProperties?.private?.orderId ?? 'no order'),
  );
}

/** A text is for the order that it names. */
export function textsCheck(fulfilled: readonly Order[], orders: readonly Order[], { twilio }: Books): Check {
  const ids = new Set(orders.map(({ orderId }) => orderId));
  const named = twilio.messages.flatMap(({ body }) =>
    body.split(/[^A-Za-z0-9_-]+/).filter((word) => ids.has(word)),
  );
  return onceEach('one text per fulfilled order that can be texted', fulfilled.filter(isReachable), named);
}

/** Nobody got what can't be paid or delivered. */
export function impossibleCheck(fulfilled: readonly Order[]): Check {
  const wrong = fulfilled
    .filter((order) => !isPayable(order) || !isDeliverable(order))
    .map(({ orderId }) => `${orderId}: can't be paid or delivered`);
  return check('fulfilled orders that could not be', 0, wrong.length, wrong);
}

function onceEach(name: string, wanted: readonly Order[], found: readonly string[]): Check {
  const counts = sums(found.map((orderId) => [orderId, 1]));
  const due = new Set(wanted.map(({ orderId }) => orderId));
  const wrong = [...new Set([...due, ...counts.keys()])]
    .filter((orderId) => (counts.get(orderId) ?? 0) !== (due.has(orderId) ? 1 : 0))
    .map((orderId) => `${orderId}: ${counts.get(orderId) ?? 0}, not ${due.has(orderId) ? 1 : 0}`);
  return check(name, due.size, found.length, wrong);
}

function sums(entries: readonly (readonly [string, number])[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const [key, number] of entries) totals.set(key, (totals.get(key) ?? 0) + number);
  return totals;
}
