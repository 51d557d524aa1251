import {
  formatOf,
  keyValue,
  type OutputOptions,
  type TargetOptions,
  timeAhead,
  timeoutOption,
  withOutput,
  withTarget,
} from '../options.ts';
import type { Registration } from '../registration.ts';

/** What `mesh publish` was asked for. */
export interface PublishOptions extends OutputOptions, TargetOptions {
  readonly id?: string;
  readonly attribute?: Readonly<Record<string, string>>;
  readonly unchecked?: boolean;
  readonly at?: Date;
  readonly after?: Date;
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

export function registerPublish({ program, io, setExitCode }: Registration): void {
  withTarget(withOutput(program.command('publish')))
    .description('publish a message: start a workflow, send a command, or publish an event')
    .argument('<agent>', 'the agent')
    .argument('<type>', 'the workflow, command or event, as its contract names it')
    .argument('[data]', 'the data: JSON, @file, or - for the standard input')
    .option('--id <id>', 'the message id: publishing twice with one id is publishing once')
    .option('-a, --attribute <key=value>', 'one more attribute; may be given several times', keyValue)
    .option('--unchecked', 'publish it even if the contract has no such message, or the data does not fit')
    .option('--at <time>', 'a run begins then, and a command is not handled before (RFC 3339)', timeAhead)
    .option('--after <duration>', 'the same, so long from now', timeAhead)
    .option(
      '--wait',
      'wait until the run that it starts has ended, or until a command is answered; exit with 0 only if it completed',
    )
    .addOption(timeoutOption('wait at most so long', '2m'))
    .addHelpText(
      'after',
      `
Examples:
  mesh publish orders fulfill-order @order.json --wait
  mesh publish inventory restock '{"lines":[{"sku":"MUG-01","quantity":50}]}' --wait
  jq -c .order request.json | mesh publish orders fulfill-order - --id request-17`,
    )
    .action(async (agent: string, type: string, data: string | undefined, options: PublishOptions) => {
      const { publish } = await import('../messages/publish.ts');
      setExitCode(await publish(io, formatOf(options), options, { agent, type, data }));
    });
}
