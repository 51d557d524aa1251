import { type Command, Option } from 'commander';
import {
  formatOf,
  type OutputOptions,
  several,
  type TargetOptions,
  timeAgo,
  timeoutOption,
  wholeNumber,
  withOutput,
  withTarget,
} from '../options.ts';
import type { Registration } from '../registration.ts';
import type { BulkCancelOptions } from '../runs/bulk-cancel.ts';
import type { ShowOptions, UpdateOptions } from '../runs/run-actions.ts';
import type { ListOptions } from '../runs/run-list.ts';
import { STATUSES } from '../runs/run-status.ts';
import { registerControl } from './run-control.ts';
import { registerRecords } from './run-records.ts';
import { registerReruns } from './run-reruns.ts';

type Common = OutputOptions & TargetOptions;
interface CancelOptions extends Common, BulkCancelOptions {
  readonly wait?: boolean;
  readonly timeout: number;
}

export function registerRuns(registration: Registration): void {
  const { program, io, setExitCode } = registration;
  const runs = program.command('runs').description('the runs of workflows');
  // Loaded when a command runs, so that help is quick.
  const load = () => import('../runs/run-actions.ts');
  const about = (command: Command) => withTarget(withOutput(command));
  const filtered = (command: Command) =>
    about(command)
      .addOption(new Option('--status <status>', 'only runs in this state').choices(STATUSES))
      .option('--workflow <name>', 'only runs of this workflow')
      .option('--key <key>', "only runs with this key, such as an order's id")
      .option('--agent <name>', 'only runs that this agent hosts')
      .option('--since <time>', 'only runs created since: 2h, or a time', timeAgo)
      .option(
        '--where <condition>',
        'only runs with this search attribute: customer=ada, total>=100',
        several,
      )
      .option('--until <time>', 'only runs created before: 30m, or a time', timeAgo);

  filtered(runs.command('list'))
    .description('list the newest runs')
    .option('--limit <count>', 'at most so many', wholeNumber(1, 1_000), 20)
    .option('--page <token>', 'go on where the list before ended')
    .addHelpText(
      'after',
      examples(
        'mesh runs list --status failed --limit 5',
        "mesh runs list --workflow approve-refund --where 'amount>=5000' --where 'amount<10000'",
        'mesh runs list -o jsonl | jq -r .key',
      ),
    )
    .action(async (options: Common & ListOptions) => {
      const { list } = await import('../runs/run-list.ts');
      await list(io, formatOf(options), options);
    });

  about(runs.command('show'))
    .description('show a run: its steps, when each began, what it took, and how it was undone')
    .argument('<run>', "the run's id, or its key, such as an order's id")
    .option('--payloads', 'show the input and the output whole, where they are kept by claim check')
    .addHelpText(
      'after',
      examples('mesh runs show order-1-0007', 'mesh runs show order-1-0007 --payloads -o json'),
    )
    .action(async (run: string, options: Common & ShowOptions) =>
      (await load()).show(io, formatOf(options), options, run),
    );

  about(runs.command('query'))
    .description('show what a run answers to its queries, as of the last turn of its code')
    .argument('<run>', "the run's id or key")
    .argument('[query]', 'one of them: its answer alone')
    .addHelpText('after', examples('mesh runs query order-1-0007', 'mesh runs query order-1-0007 progress'))
    .action(async (run: string, query: string | undefined, options: Common) =>
      (await load()).query(io, formatOf(options), options, { run, query }),
    );

  about(runs.command('signal'))
    .description('send a signal to a run, such as an approval')
    .argument('<run>', "the run's id or key")
    .argument('<name>', "the signal's name")
    .argument('[payload]', 'JSON, @file, or - for the standard input')
    .addHelpText('after', examples(`mesh runs signal order-1-0007 approval '{"approved":true}'`))
    .action(async (run: string, name: string, payload: string | undefined, options: Common) =>
      (await load()).signal(io, formatOf(options), options, { run, name, payload }),
    );

  about(runs.command('update'))
    .description('ask a running workflow for something, by an update of its contract, and print its answer')
    .argument('<run>', "the run's id or key")
    .argument('<name>', "the update's name")
    .argument('[input]', 'JSON, @file, or - for the standard input')
    .addOption(timeoutOption('wait at most so long', '2m'))
    .addHelpText('after', examples(`mesh runs update cart-1 add '{"sku":"tea"}'`))
    .action(async (run: string, name: string, input: string | undefined, options: Common & UpdateOptions) =>
      (await load()).update(io, formatOf(options), options, { run, name, input }),
    );

  filtered(runs.command('cancel'))
    .description('cancel a run, or all that fit: what each has done is undone in reverse')
    .argument('[run]', "the run's id or key")
    .option('--all', 'every run that has not ended')
    .option('--reason <text>', 'why, for the record')
    .option('--wait', 'for one run: wait until it has ended')
    .addOption(timeoutOption('wait at most so long', '2m'))
    .option('--dry-run', 'for many: only list them')
    .option('--yes', 'for many: do not ask')
    .addHelpText(
      'after',
      examples(
        'mesh runs cancel order-1-0007 --reason "ordered by mistake" --wait',
        'mesh runs cancel --workflow fulfill-order --status blocked --dry-run',
      ),
    )
    .action(async (run: string | undefined, options: CancelOptions) => {
      if (run !== undefined) {
        setExitCode(await (await load()).cancel(io, formatOf(options), options, run));
        return;
      }
      const { cancelMany } = await import('../runs/bulk-cancel.ts');
      setExitCode(await cancelMany(io, formatOf(options), options));
    });

  registerControl(runs, registration);
  registerReruns(runs, registration);
  registerRecords(runs, registration);
}

const examples = (...lines: readonly string[]) =>
  `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
