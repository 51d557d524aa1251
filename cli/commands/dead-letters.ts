import { type Command, Option } from 'commander';
import {
  formatOf,
  type OutputOptions,
  type TargetOptions,
  wholeNumber,
  withOutput,
  withTarget,
} from '../options.ts';
import type { Registration } from '../registration.ts';

type Common = OutputOptions & TargetOptions;
interface ListOptions extends Common {
  readonly agent?: string;
  readonly code?: string;
  readonly status?: 'open' | 'redriven';
  readonly limit: number;
}
interface RedriveOptions extends Common {
  readonly all?: boolean;
  readonly agent?: string;
  readonly code?: string;
  readonly again?: boolean;
}

export function registerDeadLetters({ program, io }: Registration): void {
  const deadLetters = program
    .command('dead-letters')
    .description('messages that were given up on, each with its reason');
  const load = () => import('../dead-letters/dead-letter-actions.ts');
  const about = (command: Command) => withTarget(withOutput(command));

  about(deadLetters.command('list'))
    .description('list dead letters, those seen last first')
    .option('--agent <name>', 'only those of this agent')
    .option('--code <code>', 'only those with this error code, such as SchemaMismatch')
    .addOption(new Option('--status <status>', 'only those in this state').choices(['open', 'redriven']))
    .option('--limit <count>', 'at most so many', wholeNumber(1, 1_000), 20)
    .addHelpText(
      'after',
      examples(
        'mesh dead-letters list --status open',
        'mesh dead-letters list --code SchemaMismatch -o jsonl',
      ),
    )
    .action(async (options: ListOptions) => (await load()).list(io, formatOf(options), options));

  about(deadLetters.command('show'))
    .description('show a dead letter: why, where, and the original message as it came')
    .argument('<id>', "the dead letter's id")
    .addHelpText('after', examples('mesh dead-letters show 3q2k…'))
    .action(async (id: string, options: Common) => (await load()).show(io, formatOf(options), options, id));

  about(deadLetters.command('redrive'))
    .description('send dead letters again, to the agent that gave up on them')
    .argument('[id]', "the dead letter's id")
    .option('--all', 'every open one')
    .option('--agent <name>', 'with --all: only those of this agent')
    .option('--code <code>', 'with --all: only those with this error code')
    .option('--again', 'also one that was redriven before')
    .addHelpText(
      'after',
      examples('mesh dead-letters redrive 3q2k…', 'mesh dead-letters redrive --all --agent payments'),
    )
    .action(async (id: string | undefined, options: RedriveOptions) =>
      (await load()).redriveMany(io, formatOf(options), options, id),
    );
}

const examples = (...lines: readonly string[]) =>
  `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
