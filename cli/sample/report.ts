import type { Json } from '../../shared/contract/json.ts';
import type { Palette } from '../output/palette.ts';
import { table } from '../output/table.ts';
import { lengthText } from '../output/time.ts';
import type { Ending, OrderRun } from './books.ts';
import type { Check } from './checks.ts';
import type { Reconciliation } from './reconcile.ts';

/** What `--json` prints. Times are whole milliseconds. */
export interface SampleReport {
  readonly orders: number;
  readonly fulfilled: number;
  /** Charged, then given back. */
  readonly refunded: number;
  /** Never charged. */
  readonly rejected: number;
  /** Not ended; 0 unless it was not waited for. */
  readonly open: number;
  /** The refunded and the rejected, by reason. */
  readonly byReason: Readonly<Record<string, number>>;
  readonly balanced: boolean;
  readonly checks: readonly Check[];
  /** From the publishing of a fulfilled order to the end of its run. 0 when none was fulfilled. */
  readonly latencyMs: { readonly p50: number; readonly p95: number };
  /** From the start of the command until the mesh was ready, and until the first order was fulfilled. */
  readonly readyMs: number;
  readonly firstOrderMs: number;
  /** From the start of the command until every run had ended. */
  readonly totalMs: number;
  readonly seed: number;
  readonly chaos: boolean;
}

export interface ReportInput {
  readonly reconciliation: Reconciliation;
  readonly runs: readonly OrderRun[];
  /** When each order was published, by its id, in milliseconds since the epoch. Left out: when its run began. */
  readonly publishedAt?: ReadonlyMap<string, number>;
  readonly timing: Pick<SampleReport, 'readyMs' | 'firstOrderMs' | 'totalMs'>;
  readonly seed: number;
  readonly chaos?: boolean;
}

export function buildReport(input: ReportInput): SampleReport {
  const { reconciliation, timing, seed, chaos = false } = input;
  const { endings, byReason, balanced, checks } = reconciliation;
  const count = (ending: Ending) => [...endings.values()].filter((each) => each === ending).length;
  const latencies = latenciesOf(input);
  return {
    orders: endings.size,
    fulfilled: count('fulfilled'),
    refunded: count('refunded'),
    rejected: count('rejected'),
    open: count('open'),
    byReason,
    balanced,
    checks,
    latencyMs: { p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) },
    readyMs: Math.round(timing.readyMs),
    firstOrderMs: Math.round(timing.firstOrderMs),
    totalMs: Math.round(timing.totalMs),
    seed,
    chaos,
  };
}

function latenciesOf({ reconciliation, runs, publishedAt }: ReportInput): number[] {
  return runs
    .flatMap(({ key, createdAt, endedAt }) => {
      if (!endedAt || reconciliation.endings.get(key) !== 'fulfilled') return [];
      return [Math.max(0, endedAt.getTime() - (publishedAt?.get(key) ?? createdAt.getTime()))];
    })
    .sort((a, b) => a - b);
}

/** The nearest-rank quantile of sorted numbers; 0 of none. */
function quantile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
}

/** The report for people. */
export function reportText(report: SampleReport, palette: Palette): string {
  const { orders, fulfilled, refunded, rejected, open, byReason, checks, latencyMs } = report;
  const share = (count: number) => `${((100 * count) / Math.max(1, orders)).toFixed(1)} %`;
  const endings = [
    ['fulfilled', fulfilled],
    ['refunded', refunded],
    ['rejected', rejected],
    ...(open > 0 ? [['open', open]] : []),
  ] as [string, number][];
  const right = 'right' as const;
  const counts = (title: string, rows: readonly [string, number][]) =>
    table(
      rows,
      [
        { title, value: ([name]) => name },
        { title: 'count', value: ([, count]) => String(count), align: right },
        { title: 'share', value: ([, count]) => share(count), align: right },
      ],
      palette,
    );
  const verdicts = table(
    checks,
    [
      { title: '', value: ({ ok }, { green, red }) => (ok ? green('ok') : red('WRONG')) },
      { title: 'check', value: ({ name }) => name },
      { title: 'expected', value: ({ expected }) => shown(expected), align: right },
      { title: 'actual', value: ({ actual }) => shown(actual), align: right },
    ],
    palette,
  );
  const wrong = checks.flatMap(({ name, wrong = [] }) =>
    wrong.map((line) => palette.red(`  ${name}: ${line}`)),
  );
  const reasons = Object.entries(byReason);
  return [
    counts(`${orders} orders`, endings),
    ...(reasons.length > 0 ? [counts('reason', reasons)] : []),
    `time per fulfilled order: p50 ${lengthText(latencyMs.p50)}, p95 ${lengthText(latencyMs.p95)}
ready after ${lengthText(report.readyMs)}, first order fulfilled after ${lengthText(report.firstOrderMs)}, all ended after ${lengthText(report.totalMs)}`,
    verdicts,
    ...(wrong.length > 0 ? [wrong.join('\n')] : []),
    report.balanced ? palette.green('The books balance.') : palette.red('The books do NOT balance.'),
  ].join('\n\n');
}

function shown(value: Json): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${each} ${name}`)
    .join(', ');
}
