import type { Report, Tally } from './contract.ts';
import { mostFirst, quantileOf } from './tally.ts';

const TOP = 10;
/** How much of it is in the text, which is 1,600 characters at most. */
const TOP_IN_TEXT = 5;

export function reportOf(day: string, tally: Tally, madeAt: Date): Report {
  const { fulfilled, rejected, refunded, revenue, refunds, reasons, skus, otherPieces } = tally;
  const amounts = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([currency, amount]) => ({ currency, amount }))
      .sort((a, b) => (a.currency < b.currency ? -1 : 1));
  return {
    kind: 'report',
    day,
    madeAt: madeAt.toISOString(),
    fulfilled,
    rejected,
    refunded,
    revenue: amounts(revenue),
    refunds: amounts(refunds),
    reasons: mostFirst(reasons).map(([reason, count]) => ({ reason, count })),
    pieces: Object.values(skus).reduce((sum, quantity) => sum + quantity, otherPieces),
    topSkus: mostFirst(skus)
      .slice(0, TOP)
      .map(([sku, quantity]) => ({ sku, quantity })),
    tookMs: { p50: quantileOf(tally, 0.5), p95: quantileOf(tally, 0.95) },
  };
}

/** The report in a text message. */
export function textOf(report: Report): string {
  const { day, fulfilled, rejected, refunded, revenue, reasons, topSkus, tookMs } = report;
  const list = (words: readonly string[]) => words.slice(0, TOP_IN_TEXT).join(', ') || 'none';
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  return [
    `Orders of ${day} (UTC): ${fulfilled} fulfilled, ${rejected} rejected, ${refunded} refunded.`,
    `Revenue: ${list(revenue.map(({ currency, amount }) => moneyText(amount, currency)))}.`,
    `Rejected for: ${list(reasons.map(({ reason, count }) => `${reason} ${count}`))}.`,
    `Sold most: ${list(topSkus.map(({ sku, quantity }) => `${sku} ${quantity}`))}.`,
    `Time to fulfil: p50 ${seconds(tookMs.p50)}, p95 ${seconds(tookMs.p95)}.`,
  ].join(' ');
}

/** An amount in minor units as people write it: of yen there are none, of dinars three digits. */
function moneyText(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' });
  const { maximumFractionDigits = 2 } = format.resolvedOptions();
  return format.format(amount / 10 ** maximumFractionDigits).replaceAll('\u00a0', ' ');
}
