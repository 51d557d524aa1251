import type { Stock } from '../../../agents/inventory/contract.ts';
import { totalOf } from '../../../agents/orders/contract.ts';
import type { Entry, Report } from '../../../agents/reports/contract.ts';
import { reportOf } from '../../../agents/reports/report.ts';
import { tallyOf } from '../../../agents/reports/tally.ts';
import type { Books, OrderRun } from '../../../cli/sample/books.ts';
import { generateCatalogue } from '../../../cli/sample/catalogue.ts';
import { generateOrders, isDeliverable, isPayable, isReachable } from '../../../cli/sample/orders.ts';
import type { ReconcileInput } from '../../../cli/sample/reconcile.ts';

type Mutable<T> = { -readonly [K in keyof T]: Mutable<T[K]> };
type Charge = Mutable<Books['stripe']['charges'][number]>;
type Event = Mutable<Books['calendar']['events'][number]>;

/** A day at the shop on which everything went as it should, with books that a test may cook. */
export function honestDay() {
  const catalogue = generateCatalogue({ seed: 5, orders: 20 });
  const orders = generateOrders({ seed: 5, count: 40, catalogue, today: '2026-01-01' });
  const stock = new Map<string, Mutable<Stock>>(
    catalogue.map(({ sku, stock: pieces }) => [
      sku,
      { kind: 'stock', sku, available: pieces, received: pieces, reserved: 0 },
    ]),
  );
  const charges: Charge[] = [];
  const messages: { to: string; body: string }[] = [];
  const events: Event[] = [];
  const live: { orderId: string }[] = [];
  const runs: { -readonly [K in keyof OrderRun]: OrderRun[K] }[] = [];
  const start = Date.parse('2026-01-01T00:00:00Z');
  for (const [at, order] of orders.entries()) {
    const { orderId, currency, lines, customer } = order;
    const times = { createdAt: new Date(start + at * 10), endedAt: new Date(start + at * 10 + 100 + at) };
    const fail = (reason: string) =>
      runs.push({
        key: orderId,
        status: 'failed',
        failure: { code: 'Rejected', reason, message: reason },
        ...times,
      });
    if (!isPayable(order)) {
      fail('card_declined');
      continue;
    }
    const charge = { amount: totalOf(order), amountRefunded: 0, currency, metadata: { orderId } };
    charges.push(charge);
    const missing = lines.some(({ sku, quantity }) => (stock.get(sku)?.available ?? 0) < quantity);
    if (missing || !isDeliverable(order)) {
      charge.amountRefunded = charge.amount;
      fail(missing ? 'out_of_stock' : 'undeliverable');
      continue;
    }
    for (const { sku, quantity } of lines) {
      const article = stock.get(sku);
      if (!article) continue;
      article.available -= quantity;
      article.reserved += quantity;
    }
    live.push({ orderId });
    events.push({ status: 'confirmed', input: { extendedProperties: { private: { orderId } } } });
    if (isReachable(order))
      messages.push({ to: customer.phone, body: `Hello, your order ${orderId} will be delivered.` });
    runs.push({ key: orderId, status: 'completed', output: { orderId }, ...times });
  }
  // What does not concern the orders is no mistake.
  events.push({ status: 'cancelled', input: {} });
  messages.push({ to: '+15555550100', body: 'Out of stock: TEA-01.' });
  return {
    catalogue,
    orders,
    stock: [...stock.values()],
    runs,
    books: { stripe: { charges }, twilio: { messages }, calendar: { events }, shipping: { live } },
  } satisfies ReconcileInput;
}

export type Day = ReturnType<typeof honestDay>;

/** What the reports agent would tell of the day. */
export function honestReport({ orders, runs, books }: Day): Report {
  const ends = runs.map(({ key: orderId, failure, createdAt, endedAt }): Entry => {
    if (failure) return { kind: 'rejected', orderId, reason: failure.reason ?? failure.code };
    const order = orders.find((each) => each.orderId === orderId);
    if (!order) throw new Error(`there is no order ${orderId}`);
    const { currency, lines } = order;
    const tookMs = (endedAt?.getTime() ?? 0) - createdAt.getTime();
    return { kind: 'fulfilled', orderId, currency, total: totalOf(order), tookMs, lines };
  });
  const refunds = books.stripe.charges.flatMap(({ amountRefunded: amount, currency, metadata }): Entry[] =>
    amount > 0 ? [{ kind: 'refunded', orderId: metadata.orderId ?? '', currency, amount }] : [],
  );
  return reportOf('2026-01-01', tallyOf([...ends, ...refunds]), new Date('2026-01-02T00:10:00Z'));
}
