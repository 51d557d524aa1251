import { type Command, Option } from 'commander';
import type { RunStatus } from '../../shared/workflow/index.ts';
import {
  formatOf,
  type OutputOptions,
  type TargetOptions,
  timeoutOption,
  wholeNumber,
  withOutput,
  withTarget,
} from '../options.ts';
import type { Registration } from '../registration.ts';
import { STATUSES } from '../runs/run-status.ts';

type Common = OutputOptions & TargetOptions;
interface ListOptions extends Common {
  readonly status?: RunStatus;
  readonly workflow?: string;
  readonly limit: number;
}
interface CancelOptions extends Common {
  readonly reason?: string;
  readonly wait?: boolean;
  readonly timeout: number;
}

export function registerRuns({ program, io, setExitCode }: Registration): void {
  const runs = program.command('runs').description('the runs of workflows');
  // Loaded when a command runs, so that help is quick.
  const load = () => import('../runs/run-actions.ts');
  const about = (command: Command) => withTarget(withOutput(command));

  about(runs.command('list'))
    .description('list the newest runs')
    .addOption(new Option('--status <status>', 'only runs in this state').choices(STATUSES))
    .option('--workflow <name>', 'only runs of this workflow')
    .option('--limit <count>', 'at most so many', wholeNumber(1, 1_000), 20)
    .addHelpText(
      'after',
      examples('mesh runs list --status failed --limit 5', 'mesh runs list -o jsonl | jq -r .key'),
    )
    .action(async (options: ListOptions) => (await load()).list(io, formatOf(options), options));

  about(runs.command('show'))
    .description('show a run: its steps, when each began, what it took, and how it was undone')
    .argument('<run>', "the run's id, or its key, such as an order's id")
    .addHelpText('after', examples('mesh runs show order-1-0007'))
    .action(async (run: string, options: Common) => (await load()).show(io, formatOf(options), options, run));

  about(runs.command('signal'))
    .description('send a signal to a run, such as an approval')
    .argument('<run>', "the run's id or key")
    .argument('<name>', "the signal's name")
    .argument('[payload]', 'JSON, @file, or - for the standard input')
    .addHelpText('after', examples(`mesh runs signal order-1-0007 approval '{"approved":true}'`))
    .action(async (run: string, name: string, payload: string | undefined, options: Common) =>
      (await load()).signal(io, formatOf(options), options, { run, name, payload }),
    );

  about(runs.command('cancel'))
    .description('cancel a run: what it has done is undone in reverse')
    .argument('<run>', "the run's id or key")
    .option('--reason <text>', 'why, for the record')
    .option('--wait', 'wait until it has ended')
    .addOption(timeoutOption('wait at most so long', '2m'))
    .addHelpText('after', examples('mesh runs cancel order-1-0007 --reason "ordered by mistake" --wait'))
    .action(async (run: string, options: CancelOptions) => {
      const exitCode = await (await load()).cancel(io, formatOf(options), options, run);
      setExitCode(exitCode);
    });
}

const examples = (...lines: readonly string[]) =>
  `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
