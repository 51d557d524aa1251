import type { Command } from 'commander';
import {
  formatOf,
  type OutputOptions,
  type TargetOptions,
  timeoutOption,
  withOutput,
  withTarget,
} from '../options.ts';
import type { Registration } from '../registration.ts';
import { registerRunTimeSchedules } from './run-time-schedules.ts';

type ListOptions = OutputOptions & TargetOptions;
interface RunOptions extends ListOptions {
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

export function registerSchedules({ program, io, setExitCode }: Registration): void {
  const schedules = program.command('schedules').description('messages that agents are sent at set times');
  registerRunTimeSchedules(schedules, { program, io, setExitCode });
  const load = () => import('../schedules/schedule-actions.ts');
  const about = (command: Command) => withTarget(withOutput(command));

  about(schedules.command('list'))
    .description(
      'list the schedules, those of contracts and those made at run time: when each strikes next, and what became of the last time',
    )
    .addHelpText('after', '\nExamples:\n  mesh schedules list')
    .action(async (options: ListOptions) => (await load()).list(io, formatOf(options), options));

  about(schedules.command('run'))
    .description("send a schedule's message now, and leave its times as they are")
    .argument('<agent>', 'the agent')
    .argument('<schedule>', 'the schedule, as its contract names it')
    .argument('[input]', "in place of the schedule's own input: JSON, @file, or - for the standard input")
    .option('--wait', 'wait until the run that it starts has ended; exit with 0 only if it completed')
    .addOption(timeoutOption('wait at most so long', '2m'))
    .addHelpText(
      'after',
      `
Examples:
  mesh schedules run reports daily-report --wait
  mesh schedules run reports daily-report '{"day":"today"}' --wait`,
    )
    .action(async (agent: string, schedule: string, input: string | undefined, options: RunOptions) => {
      const { run } = await load();
      setExitCode(await run(io, formatOf(options), options, { agent, schedule, input }));
    });
}
