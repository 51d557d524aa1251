import type { Command } from 'commander';
import {
  formatOf,
  type OutputOptions,
  timeoutOption,
  wholeNumber,
  withOutput,
  withTarget,
} from '../options.ts';
import type { Registration } from '../registration.ts';
import type { ForkOptions, RerunOptions } from '../runs/rerun.ts';

/** `mesh runs rerun` and `mesh runs fork`. */
export function registerReruns(runs: Command, { io, setExitCode }: Registration): void {
  const load = () => import('../runs/rerun.ts');
  const about = (command: Command) =>
    withTarget(withOutput(command))
      .argument('<run>', "the run's id or key")
      .option('--dry-run', 'only show which effects would be repeated')
      .option('--agents <directory>', "the agents' folder, for their code (default: this checkout's)")
      .option('--wait', 'wait until it has ended; exit with 0 only if it completed')
      .addOption(timeoutOption('wait at most so long', '2m'));

  about(runs.command('rerun'))
    .description('repeat a run as a new one, linked to it; shows which effects are repeated')
    .option('--from <step>', 'from this step on: what came before is taken over')
    .option('--input <json>', 'another input: JSON, @file, or - for the standard input')
    .option('--version <number>', 'the version to run by (default: that of the run)', wholeNumber(1))
    .addHelpText(
      'after',
      `
A run that ended can be repeated from a step; steps before it that were undone can't be gone on from.

Examples:
  mesh runs rerun order-1-0007 --dry-run
  mesh runs rerun order-1-0007 --from 3 --input @corrected.json --wait`,
    )
    .action(async (run: string, options: RerunOptions & OutputOptions) => {
      setExitCode(await (await load()).rerun(io, formatOf(options), options, run));
    });

  about(runs.command('fork'))
    .description('go on with a run that ended by another version, as a new run linked to it')
    .requiredOption('--version <number>', 'the version to go on by', wholeNumber(1))
    .option('--from <step>', 'from this step on (default: as late as can be)')
    .addHelpText(
      'after',
      `
What is taken over is replayed against that version first; where it does not match, the first differing command is named.

Examples:
  mesh runs fork order-1-0007 --version 2 --dry-run
  mesh runs fork order-1-0007 --version 2 --from 4`,
    )
    .action(async (run: string, options: ForkOptions & OutputOptions) => {
      setExitCode(await (await load()).fork(io, formatOf(options), options, run));
    });
}
