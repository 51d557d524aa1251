import { factsOf } from '../../shared/client/run-facts.ts';
import { listRuns } from '../../shared/workflow/runs/index.ts';
import type { Io } from '../io.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import type { Column } from '../output/table.ts';
import { lengthText, timeText } from '../output/time.ts';
import { findTarget, withPorts } from '../target.ts';
import { type FilterOptions, filterOf } from './run-filter.ts';
import { paintStatus } from './run-status.ts';
import { failureText, saidText } from './run-text.ts';

export interface ListOptions extends TargetOptions, FilterOptions {
  readonly limit: number;
  readonly page?: string;
}

export const RUN_COLUMNS: readonly Column<ReturnType<typeof factsOf>>[] = [
  { title: 'RUN', value: ({ runId }) => runId },
  { title: 'WORKFLOW', value: (run) => run.workflow },
  { title: 'KEY', value: ({ key }, { bold }) => bold(key) },
  { title: 'STATUS', value: (run, palette) => paintStatus(run.status, palette) },
  { title: 'CREATED', value: ({ createdAt }) => timeText(createdAt) },
  {
    title: 'TOOK',
    align: 'right',
    value: ({ createdAt, endedAt }) => (endedAt ? lengthText(endedAt.getTime() - createdAt.getTime()) : '-'),
  },
  {
    title: 'SAYS / WAITS FOR / FAILURE',
    value: ({ customStatus, failure, waitingFor }) =>
      [
        ...(customStatus === undefined ? [] : [saidText(customStatus)]),
        ...(failure ? [failureText(failure)] : waitingFor.length > 0 ? [waitingFor.join(', ')] : []),
      ].join(' / '),
  },
];

/** The data is the page alone; that there are more goes to stderr, as JSON where JSON was asked for. */
export async function list(io: Io, format: Format, options: ListOptions): Promise<void> {
  const { limit, page } = options;
  const target = findTarget(io, options);
  const filter = await filterOf(options, target.local?.agents);
  const { runs, next } = await withPorts(target, ({ store }) =>
    listRuns(store, filter, { limit, ...(page !== undefined && { page }) }),
  );
  const printer = new Printer(io, format);
  printer.rows(runs.map(factsOf), RUN_COLUMNS, 'There are no such runs.');
  if (next === undefined) return;
  printer.note(format === 'table' ? `There are more: --page ${next}` : JSON.stringify({ nextPage: next }));
}
