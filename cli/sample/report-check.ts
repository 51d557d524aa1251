import { type Order, totalOf } from '../../agents/orders/contract.ts';
import type { Report } from '../../agents/reports/contract.ts';
import type { Books } from './books.ts';
import { type Check, check } from './checks.ts';

type Counts = Readonly<Record<string, number>>;

export interface Told {
  /** The reports of all the days on which orders ended. */
  readonly reports: readonly Report[];
  readonly fulfilled: readonly Order[];
  /** The other orders that ended, by reason. */
  readonly byReason: Counts;
  readonly books: Books;
}

/** What the reports tell, all days together, is what the books say: orders, money, reasons and pieces. */
export function reportCheck({ reports, fulfilled, byReason, books }: Told): Check {
  const charges = books.stripe.charges.filter(({ amountRefunded }) => amountRefunded > 0);
  const bySku = fulfilled.flatMap(({ lines }) => lines.map(({ sku, quantity }) => [sku, quantity] as const));
  const due = {
    orders: {
      fulfilled: fulfilled.length,
      rejected: Object.values(byReason).reduce((sum, count) => sum + count, 0),
      refunded: charges.length,
    },
    revenue: sums(fulfilled.map((order) => [order.currency, totalOf(order)])),
    refunds: sums(charges.map(({ currency, amountRefunded }) => [currency, amountRefunded])),
    reasons: byReason,
    pieces: sums(bySku.map(([, quantity]) => ['all', quantity])),
  };
  const told = {
    orders: sums(
      reports.flatMap((report) =>
        (['fulfilled', 'rejected', 'refunded'] as const).map((kind) => [kind, report[kind]] as const),
      ),
    ),
    revenue: sums(reports.flatMap(({ revenue }) => revenue.map(money))),
    refunds: sums(reports.flatMap(({ refunds }) => refunds.map(money))),
    reasons: sums(
      reports.flatMap(({ reasons }) => reasons.map(({ reason, count }) => [reason, count] as const)),
    ),
    pieces: sums(reports.flatMap(({ pieces }) => (pieces > 0 ? [['all', pieces] as const] : []))),
  };
  const wrong = Object.entries(due).flatMap(([part, counts]) =>
    differences(part, counts, told[part as keyof typeof told]),
  );
  // Two days may each sell most of another article than both together.
  const [only, ...others] = reports;
  if (only && others.length === 0) wrong.push(...topWrong(only, sums(bySku)));
  return check('the report of the day tells the same', due.orders, told.orders, wrong);
}

const money = ({ currency, amount }: { readonly currency: string; readonly amount: number }) =>
  [currency, amount] as const;

function topWrong({ topSkus }: Report, sold: Counts): string[] {
  const most = Object.values(sold).sort((a, b) => b - a);
  return topSkus.flatMap(({ sku, quantity }, at) =>
    sold[sku] === quantity && quantity === most[at]
      ? []
      : [`top articles: ${sku} ${quantity} told, ${sold[sku] ?? 0} sold`],
  );
}

function differences(part: string, due: Counts, told: Counts): string[] {
  return [...new Set([...Object.keys(due), ...Object.keys(told)])]
    .filter((name) => (due[name] ?? 0) !== (told[name] ?? 0))
    .map((name) => `${part} ${name}: ${told[name] ?? 0} told, ${due[name] ?? 0} due`);
}

function sums(entries: readonly (readonly [string, number])[]): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const [name, number] of entries) totals[name] = (totals[name] ?? 0) + number;
  return totals;
}
