import type { Entry, Tally } from './contract.ts';

/** More articles, or reasons, than these are counted together: a tally must fit in a document. */
const MOST_SKUS = 2_000;
const MOST_REASONS = 200;
const OTHER_REASONS = 'other';

type Counts = Record<string, number>;

export const EMPTY_TALLY: Tally = {
  kind: 'tally',
  fulfilled: 0,
  rejected: 0,
  refunded: 0,
  revenue: {},
  refunds: {},
  reasons: {},
  skus: {},
  otherPieces: 0,
  took: {},
};

export function tallyOf(entries: readonly Entry[]): Tally {
  const tally = structuredClone(EMPTY_TALLY);
  for (const entry of entries) {
    tally[entry.kind] += 1;
    switch (entry.kind) {
      case 'fulfilled':
        add(tally.revenue, entry.currency, entry.total);
        add(tally.took, String(bucketOf(entry.tookMs)), 1);
        for (const { sku, quantity } of entry.lines) add(tally.skus, sku, quantity);
        break;
      case 'rejected':
        add(tally.reasons, entry.reason, 1);
        break;
      case 'refunded':
        add(tally.refunds, entry.currency, entry.amount);
        break;
    }
  }
  return bounded(tally);
}

export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = structuredClone(EMPTY_TALLY);
  for (const tally of tallies) {
    for (const part of ['fulfilled', 'rejected', 'refunded', 'otherPieces'] as const)
      sum[part] += tally[part];
    for (const part of ['revenue', 'refunds', 'reasons', 'skus', 'took'] as const)
      for (const [name, count] of Object.entries(tally[part])) add(sum[part], name, count);
  }
  return bounded(sum);
}

/** The names that were counted most, first. */
export function mostFirst(counts: Readonly<Counts>): [name: string, count: number][] {
  return Object.entries(counts).sort(([a, some], [b, more]) => more - some || (a < b ? -1 : 1));
}

/** Times are counted in buckets each 2 % longer than the one before, so that a quantile is off by 1 % at most. */
const GROWTH = 1.02;

const bucketOf = (ms: number) => (ms <= 1 ? 0 : Math.ceil(Math.log(ms) / Math.log(GROWTH)));

/** The nearest-rank quantile, in whole milliseconds; 0 of none. */
export function quantileOf({ took }: Pick<Tally, 'took'>, share: number): number {
  const buckets = Object.entries(took)
    .map(([bucket, count]) => [Number(bucket), count] as const)
    .sort(([a], [b]) => a - b);
  const rank = Math.max(1, Math.ceil(share * buckets.reduce((sum, [, count]) => sum + count, 0)));
  let seen = 0;
  for (const [bucket, count] of buckets) {
    seen += count;
    if (seen >= rank) return Math.round((2 * GROWTH ** bucket) / (1 + GROWTH));
  }
  return 0;
}

function add(counts: Counts, name: string, count: number): void {
  counts[name] = (counts[name] ?? 0) + count;
}

function bounded(tally: Tally): Tally {
  const [skus, otherPieces] = most(tally.skus, MOST_SKUS);
  const [reasons, others] = most(tally.reasons, MOST_REASONS);
  if (others > 0) add(reasons, OTHER_REASONS, others);
  return { ...tally, skus, reasons, otherPieces: tally.otherPieces + otherPieces };
}

/** The largest counts, and the sum of the others. */
function most(counts: Readonly<Counts>, count: number): [Counts, number] {
  const all = mostFirst(counts);
  const rest = all.slice(count).reduce((sum, [, each]) => sum + each, 0);
  return [Object.fromEntries(all.slice(0, count)), rest];
}
