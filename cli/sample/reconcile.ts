import type { Order } from '../../agents/orders/contract.ts';
import type { Report } from '../../agents/reports/contract.ts';
import type { Books, Ending, OrderRun, StockBook } from './books.ts';
import type { Catalogue } from './catalogue.ts';
import {
  type Check,
  chargedOnceCheck,
  chargesCheck,
  check,
  impossibleCheck,
  labelsCheck,
  moneyCheck,
  slotsCheck,
  stockCheck,
  textsCheck,
} from './checks.ts';
import { reportCheck } from './report-check.ts';

export interface ReconcileInput {
  readonly orders: readonly Order[];
  readonly catalogue: Catalogue;
  readonly books: Books;
  /** The stock documents of the inventory. */
  readonly stock: StockBook;
  /** The runs of `fulfill-order`. Those of other orders are left out of account; what they did is not. */
  readonly runs: readonly OrderRun[];
  /** The daily reports of the days on which the orders ended. Left out: none is looked at. */
  readonly reports?: readonly Report[];
}

export interface Reconciliation {
  readonly balanced: boolean;
  readonly checks: readonly Check[];
  readonly endings: ReadonlyMap<string, Ending>;
  /** How many were refunded or rejected, by the reason of the failure, or its code where it has no reason. */
  readonly byReason: Readonly<Record<string, number>>;
}

const ENDED = new Set(['completed', 'failed', 'cancelled', 'terminated', 'compensation_failed']);

/** Holds what the runs say became of the orders against what the providers' and the inventory's books say. */
export function reconcile({
  orders,
  catalogue,
  books,
  stock,
  runs,
  reports,
}: ReconcileInput): Reconciliation {
  const runOf = new Map(runs.map((run) => [run.key, run]));
  const charged = new Set(books.stripe.charges.map(({ metadata }) => metadata.orderId));
  const endings = new Map<string, Ending>();
  const reasons = new Map<string, number>();
  for (const { orderId } of orders) {
    const run = runOf.get(orderId);
    const ending = endingOf(run, charged.has(orderId));
    endings.set(orderId, ending);
    if (ending !== 'refunded' && ending !== 'rejected') continue;
    const reason = run?.failure?.reason ?? run?.failure?.code ?? run?.status ?? 'unknown';
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const fulfilled = orders.filter(({ orderId }) => endings.get(orderId) === 'fulfilled');
  const byReason = Object.fromEntries(
    [...reasons].sort(([a, some], [b, more]) => more - some || (a < b ? -1 : 1)),
  );
  const checks = [
    endedCheck(orders, runOf),
    undoneCheck(orders, runOf),
    moneyCheck(fulfilled, books),
    chargesCheck(fulfilled, books),
    chargedOnceCheck(books),
    stockCheck(fulfilled, stock, catalogue),
    labelsCheck(fulfilled, books),
    slotsCheck(fulfilled, books),
    textsCheck(fulfilled, orders, books),
    impossibleCheck(fulfilled),
    ...(reports ? [reportCheck({ reports, fulfilled, byReason, books })] : []),
  ];
  return {
    balanced: checks.every(({ ok }) => ok),
    checks,
    endings,
    byReason,
  };
}

function endingOf(run: OrderRun | undefined, charged: boolean): Ending {
  if (!run || !ENDED.has(run.status)) return 'open';
  if (run.status === 'completed') return 'fulfilled';
  return charged ? 'refunded' : 'rejected';
}

function endedCheck(orders: readonly Order[], runOf: ReadonlyMap<string, OrderRun>): Check {
  const wrong = orders
    .filter(({ orderId }) => !ENDED.has(runOf.get(orderId)?.status ?? ''))
    .map(({ orderId }) => `${orderId}: ${runOf.get(orderId)?.status ?? 'no run'}`);
  return check('every run ended', orders.length, orders.length - wrong.length, wrong);
}

function undoneCheck(orders: readonly Order[], runOf: ReadonlyMap<string, OrderRun>): Check {
  const wrong = orders
    .filter(({ orderId }) => runOf.get(orderId)?.status === 'compensation_failed')
    .map(({ orderId }) => `${orderId}: its undo is incomplete`);
  return check('undos that failed', 0, wrong.length, wrong);
}
