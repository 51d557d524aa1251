import { type Command, Option } from 'commander';
import type { ListOptions, PurgeOptions, RedriveOptions } from '../dead-letters/dead-letter-actions.ts';
import {
  formatOf,
  type OutputOptions,
  type TargetOptions,
  timeAgo,
  wholeNumber,
  withOutput,
  withTarget,
} from '../options.ts';
import type { Registration } from '../registration.ts';

type Common = OutputOptions & TargetOptions;
export function registerDeadLetters({ program, io, setExitCode }: Registration): void {
  const deadLetters = program
    .command('dead-letters')
    .description('messages that were given up on, each with its reason');
  const load = () => import('../dead-letters/dead-letter-actions.ts');
  const about = (command: Command) => withTarget(withOutput(command));
  const filtered = (command: Command) =>
    about(command)
      .option('--agent <name>', 'only those of this agent')
      .option('--code <code>', 'only those with this error code, such as SchemaMismatch')
      .option('--type <type>', 'only messages of this type, such as payments.charge');

  filtered(deadLetters.command('list'))
    .description('list dead letters, those seen last first')
    .option('--since <time>', 'only those seen since: 2h, or a time', timeAgo)
    .addOption(new Option('--status <status>', 'only those in this state').choices(['open', 'redriven']))
    .option('--limit <count>', 'at most so many', wholeNumber(1, 1_000), 20)
    .addHelpText(
      'after',
      examples(
        'mesh dead-letters list --status open',
        'mesh dead-letters list --code SchemaMismatch -o jsonl',
      ),
    )
    .action(async (options: OutputOptions & ListOptions) =>
      (await load()).list(io, formatOf(options), options),
    );

  about(deadLetters.command('show'))
    .description('show a dead letter: why, where, and the original message as it came')
    .argument('<id>', "the dead letter's id")
    .addHelpText('after', examples('mesh dead-letters show 3q2k…'))
    .action(async (id: string, options: Common) => (await load()).show(io, formatOf(options), options, id));

  filtered(deadLetters.command('redrive'))
    .description('send dead letters again, to the agent that gave up on them')
    .argument('[id]', "the dead letter's id")
    .option('--all', 'every open one')
    .option('--since <time>', 'only those seen since: 2h, or a time', timeAgo)
    .option('--again', 'for one: also if it was redriven before')
    .option('--dry-run', 'only list them')
    .option('--yes', 'for many: do not ask')
    .addHelpText(
      'after',
      examples(
        'mesh dead-letters redrive 3q2k…',
        'mesh dead-letters redrive --agent payments --code ProviderFailed --since 2h --yes',
      ),
    )
    .action(async (id: string | undefined, options: OutputOptions & RedriveOptions) => {
      setExitCode(await (await load()).redriveMany(io, formatOf(options), options, id));
    });

  filtered(deadLetters.command('purge'))
    .description('delete dead letters that were seen last long ago')
    .requiredOption('--older-than <time>', 'seen last so long ago (30d), or before this time', timeAgo)
    .addOption(new Option('--status <status>', 'only those in this state').choices(['open', 'redriven']))
    .option('--dry-run', 'only count them')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('mesh dead-letters purge --older-than 7d --status redriven --yes'))
    .action(async (options: OutputOptions & PurgeOptions) => {
      setExitCode(await (await load()).purge(io, formatOf(options), options));
    });
}

const examples = (...lines: readonly string[]) =>
  `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
