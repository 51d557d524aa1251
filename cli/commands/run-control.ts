import type { Command } from 'commander';
import { formatOf, type OutputOptions, type TargetOptions, withOutput, withTarget } from '../options.ts';
import type { Registration } from '../registration.ts';
import type { PauseOptions, TerminateOptions } from '../runs/run-control.ts';

/** `mesh runs terminate`, `pause` and `resume`. */
export function registerControl(runs: Command, { io }: Registration): void {
  const load = () => import('../runs/run-control.ts');
  const about = (command: Command) =>
    withTarget(withOutput(command)).argument('<run>', "the run's id or key");

  about(runs.command('terminate'))
    .description('end a run at once, its code untold: what it has done is undone in reverse')
    .option('--reason <text>', 'why, for the record')
    .option('--no-compensation', 'leave what it has done as it is')
    .addHelpText(
      'after',
      `
Its children are ended with it. A run that is being undone already can be left as it is with --no-compensation.

Examples:
  mesh runs terminate order-1-0007 --reason "it never ends"
  mesh runs terminate order-1-0007 --no-compensation`,
    )
    .action(async (run: string, options: OutputOptions & TerminateOptions) =>
      (await load()).terminate(io, formatOf(options), options, run),
    );

  about(runs.command('pause'))
    .description('pause a run: it keeps what comes, and does nothing until it is resumed')
    .option('--reason <text>', 'why, for the record')
    .option('--compensation', 'pause its compensations too, where it has come to them')
    .addHelpText('after', '\nExamples:\n  mesh runs pause order-1-0007 --reason "the courier is on strike"')
    .action(async (run: string, options: OutputOptions & PauseOptions) =>
      (await load()).pause(io, formatOf(options), options, run),
    );

  about(runs.command('resume'))
    .description('let a paused run go on')
    .addHelpText('after', '\nExamples:\n  mesh runs resume order-1-0007')
    .action(async (run: string, options: OutputOptions & TargetOptions) =>
      (await load()).resume(io, formatOf(options), options, run),
    );
}
