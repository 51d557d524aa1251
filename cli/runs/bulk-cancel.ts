import { factsOf } from '../../shared/client/run-facts.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { RunRecord } from '../../shared/workflow/index.ts';
import { cancellableRuns, cancelRuns } from '../../shared/workflow/runs/index.ts';
import { confirm } from '../confirm.ts';
import type { Io } from '../io.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import { findTarget, SOURCE, withPorts } from '../target.ts';
import { type FilterOptions, filterOf } from './run-filter.ts';
import { RUN_COLUMNS } from './run-list.ts';

export interface BulkCancelOptions extends TargetOptions, FilterOptions {
  readonly reason?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Cancels every run that fits and has not ended. Returns the exit code: 8 where the answer was no. */
export async function cancelMany(io: Io, format: Format, options: BulkCancelOptions): Promise<number> {
  const target = findTarget(io, options);
  const filter = await filterOf(options, target.local?.agents);
  if (Object.keys(filter).length === 0 && !options.all) {
    throw new MeshError('UsageInvalid', 'name a run, or say which runs to cancel', {
      field: 'run',
      hint: 'For one: mesh runs cancel <run>. For many: --workflow, --status, --key, --agent, --since, --until or --all',
    });
  }
  return withPorts(target, async (ports) => {
    const runs: RunRecord[] = [];
    for await (const run of cancellableRuns(ports.store, filter)) runs.push(run);
    const printer = new Printer(io, format);
    if (!options.dryRun && runs.length > 0) {
      if (!(await confirm(io, `cancel ${runs.length} run${runs.length === 1 ? '' : 's'}`, options.yes)))
        return 8;
      await cancelRuns(ports, { prefix: target.prefix, source: SOURCE }, runs, options.reason);
      printer.note(`asked to cancel: ${runs.length}`);
    }
    printer.rows(runs.map(factsOf), RUN_COLUMNS, 'There are no such runs that have not ended.');
    return 0;
  });
}
