import { describe, expect, test } from 'vitest';
import type { Report } from '../../../agents/reports/contract.ts';
import { reconcile } from '../../../cli/sample/reconcile.ts';
import { type Day, honestDay, honestReport } from './shop.ts';

function first<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (item === undefined) throw new Error('there is none');
  return item;
}
const fulfilledRun = ({ runs }: Day) => first(runs.filter(({ status }) => status === 'completed'));
const failedRun = ({ runs }: Day, reason: string) =>
  first(runs.filter(({ failure }) => failure?.reason === reason));
const chargeOf = ({ books }: Day, orderId: string) =>
  first(books.stripe.charges.filter(({ metadata }) => metadata.orderId === orderId));

test('honest books balance', () => {
  const day = honestDay();
  const { balanced, checks, endings, byReason } = reconcile(day);
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(balanced).toBe(true);
  const ends = [...endings.values()];
  expect(new Set(ends)).toEqual(new Set(['fulfilled', 'refunded', 'rejected']));
  expect(Object.values(byReason).reduce((sum, count) => sum + count, 0)).toBe(
    ends.filter((ending) => ending !== 'fulfilled').length,
  );
  expect(Object.keys(byReason)).toEqual(expect.arrayContaining(['card_declined', 'out_of_stock']));
});

const MONEY = 'captured − refunded = total of fulfilled orders';
const PAID = 'every fulfilled order is paid, and no other';
const TWICE = 'orders charged twice';
const STOCK = 'stock sold = stock removed';
const LABELS = 'one label per fulfilled order';
const SLOTS = 'one delivery slot per fulfilled order';
const TEXTS = 'one text per fulfilled order that can be texted';

const cooked: readonly (readonly [string, readonly string[], (day: Day) => void])[] = [
  [
    'an order was charged twice',
    [MONEY, PAID, TWICE],
    ({ books }) => books.stripe.charges.push(first(books.stripe.charges)),
  ],
  [
    'an order was charged twice and one charge refunded',
    [TWICE],
    ({ books }) => {
      const charge = first(books.stripe.charges);
      books.stripe.charges.push({ ...charge, amountRefunded: charge.amount });
    },
  ],
  [
    'a refund was never made',
    [MONEY, PAID],
    (day) => {
      chargeOf(day, failedRun(day, 'out_of_stock').key).amountRefunded = 0;
    },
  ],
  [
    'a fulfilled order was refunded',
    [MONEY, PAID],
    (day) => {
      const charge = chargeOf(day, fulfilledRun(day).key);
      charge.amountRefunded = charge.amount;
    },
  ],
  [
    "one order's money was kept for another's",
    [PAID],
    (day) => {
      const charge = chargeOf(day, fulfilledRun(day).key);
      charge.metadata.orderId = failedRun(day, 'card_declined').key;
    },
  ],
  [
    'a charge has no order',
    [PAID],
    ({ books }) => {
      first(books.stripe.charges).metadata = {};
    },
  ],
  [
    'stock was lost',
    [STOCK],
    ({ stock }) => {
      first(stock).available -= 1;
    },
  ],
  [
    'stock was given back twice',
    [STOCK],
    ({ stock }) => {
      const article = first(stock);
      article.available += 1;
      article.reserved -= 1;
    },
  ],
  [
    'one article was taken for another',
    [STOCK],
    ({ stock }) => {
      const [some, other] = stock;
      if (some) some.available -= 1;
      if (other) other.available += 1;
    },
  ],
  ['a label is missing', [LABELS], ({ books }) => books.shipping.live.pop()],
  ['a label was made twice', [LABELS], ({ books }) => books.shipping.live.push(first(books.shipping.live))],
  [
    'the label of a refunded order is live',
    [LABELS],
    (day) => day.books.shipping.live.push({ orderId: failedRun(day, 'out_of_stock').key }),
  ],
  [
    'one order has the label of another',
    [LABELS],
    (day) => {
      first(day.books.shipping.live).orderId = failedRun(day, 'card_declined').key;
    },
  ],
  [
    'a slot is missing',
    [SLOTS],
    ({ books }) => {
      first(books.calendar.events).status = 'cancelled';
    },
  ],
  [
    'a slot was booked twice',
    [SLOTS],
    ({ books }) => books.calendar.events.push(first(books.calendar.events)),
  ],
  ['a text is missing', [TEXTS], ({ books }) => books.twilio.messages.shift()],
  ['a text was sent twice', [TEXTS], ({ books }) => books.twilio.messages.push(first(books.twilio.messages))],
  [
    'the customer of a refunded order was texted',
    [TEXTS],
    (day) =>
      day.books.twilio.messages.push({
        to: '+1',
        body: `your order ${failedRun(day, 'out_of_stock').key} will`,
      }),
  ],
  [
    'an undo failed',
    ['undos that failed'],
    (day) => {
      failedRun(day, 'out_of_stock').status = 'compensation_failed';
    },
  ],
];

describe('the books do not balance when', () => {
  test.each(cooked)('%s', (_what, expected, cook) => {
    const day = honestDay();
    cook(day);
    const { balanced, checks } = reconcile(day);
    expect(balanced).toBe(false);
    expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(expected);
    for (const { ok, wrong } of checks) expect(wrong !== undefined).toBe(!ok);
  });

  test('a run has not ended', () => {
    const day = honestDay();
    const run = fulfilledRun(day);
    run.status = 'running';
    const { balanced, checks, endings } = reconcile(day);
    expect(balanced).toBe(false);
    expect(checks[0]).toMatchObject({ name: 'every run ended', ok: false, expected: 40, actual: 39 });
    expect(endings.get(run.key)).toBe('open');
  });

  test('an order has no run', () => {
    const day = honestDay();
    day.runs.pop();
    expect(reconcile(day)).toMatchObject({ balanced: false });
  });

  test('an order was fulfilled that could not be paid', () => {
    const day = honestDay();
    failedRun(day, 'card_declined').status = 'completed';
    const wrong = reconcile(day).checks.filter(({ ok }) => !ok);
    expect(wrong.map(({ name }) => name)).toContain('fulfilled orders that could not be');
  });
});

describe('the report of the day', () => {
  const REPORT = 'the report of the day tells the same';
  const wrongOf = (report: Report) =>
    reconcile({ ...honestDay(), reports: [report] }).checks.filter(({ ok }) => !ok);

  test('that is right balances', () => {
    const { checks } = reconcile({ ...honestDay(), reports: [honestReport(honestDay())] });
    expect(checks.map(({ name }) => name)).toContain(REPORT);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  test.each<[string, (report: Report) => Report]>([
    ['orders fulfilled', (report) => ({ ...report, fulfilled: report.fulfilled - 1 })],
    [
      'revenue usd',
      (report) => ({ ...report, revenue: report.revenue.filter((sum) => sum.currency !== 'usd') }),
    ],
    ['refunds', (report) => ({ ...report, refunds: [] })],
    ['reasons card_declined', (report) => ({ ...report, reasons: report.reasons.slice(1) })],
    ['pieces all', (report) => ({ ...report, pieces: report.pieces + 1 })],
    ['top articles', (report) => ({ ...report, topSkus: report.topSkus.toReversed() })],
  ])('that is wrong in %s is found out', (part, cook) => {
    expect(wrongOf(cook(honestReport(honestDay())))).toMatchObject([
      { name: REPORT, wrong: expect.arrayContaining([expect.stringContaining(part)]) },
    ]);
  });
});
