import { type Command, Option } from 'commander';
import {
  formatOf,
  type OutputOptions,
  type TargetOptions,
  timeAgo,
  withOutput,
  withTarget,
} from '../options.ts';
import type { Registration } from '../registration.ts';
import type { ExportOptions, PurgeOptions } from '../runs/run-records.ts';
import { STATUSES } from '../runs/run-status.ts';

/** `mesh runs history`, `export` and `purge`. */
export function registerRecords(runs: Command, { io, setExitCode }: Registration): void {
  const load = () => import('../runs/run-records.ts');
  const about = (command: Command) => withTarget(withOutput(command));

  about(runs.command('history'))
    .description('show every entry of the history of a run')
    .argument('<run>', "the run's id or key")
    .addHelpText(
      'after',
      '\nExamples:\n  mesh runs history order-1-0007\n  mesh runs history order-1-0007 -o jsonl | tail -1',
    )
    .action(async (run: string, options: OutputOptions & TargetOptions) =>
      (await load()).history(io, formatOf(options), options, run),
    );

  about(runs.command('export'))
    .description('write a run with its history as JSON, for the replay check')
    .argument('<run>', "the run's id or key")
    .option('--to <file>', 'the file (default: the standard output)')
    .addHelpText(
      'after',
      `
It holds the data of the run as it is: mind who may read it.

Examples:
  mesh runs export order-1-0007 --to agents/orders/histories/fulfilled.json`,
    )
    .action(async (run: string, options: OutputOptions & ExportOptions) =>
      (await load()).exportTo(io, formatOf(options), options, run),
    );

  about(runs.command('purge'))
    .description('delete runs that ended long ago, with their histories')
    .requiredOption('--older-than <time>', 'ended so long ago (30d), or before this time', timeAgo)
    .addOption(new Option('--status <status>', 'only runs in this state').choices(STATUSES))
    .option('--workflow <name>', 'only runs of this workflow')
    .option('--dry-run', 'only count them')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `
A late reply to a run that is gone becomes a dead letter: keep runs for at least the week that Pub/Sub keeps messages.

Examples:
  mesh runs purge --older-than 30d --dry-run
  mesh runs purge --older-than 30d --status completed --yes`,
    )
    .action(async (options: OutputOptions & PurgeOptions) => {
      setExitCode(await (await load()).purge(io, formatOf(options), options));
    });
}
