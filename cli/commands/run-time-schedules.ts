import { type Command, Option } from 'commander';
import type { Duration } from '../../shared/contract/duration.ts';
import { Overlap } from '../../shared/contract/schedule-plan.ts';
import {
  formatOf,
  type OutputOptions,
  type TargetOptions,
  timeAgo,
  withOutput,
  withTarget,
} from '../options.ts';
import type { Registration } from '../registration.ts';

export type ScheduleOptions = OutputOptions & TargetOptions;

/** The plan of a schedule, as options. */
export interface PlanOptions extends ScheduleOptions {
  readonly cron?: string;
  readonly timeZone?: string;
  readonly every?: Duration;
  readonly start?: string;
  readonly end?: string;
  readonly overlap?: Overlap;
  readonly catchUp?: Duration;
  readonly timeField?: string;
  readonly paused?: string | true;
}

export interface BackfillOptions extends ScheduleOptions {
  readonly from: Date;
  readonly to: Date;
  readonly overlap?: Overlap;
}

const overlapOption = (description: string) =>
  new Option('--overlap <policy>', description).choices(Overlap.options);

/** The commands on schedules that are made at run time. */
export function registerRunTimeSchedules(schedules: Command, { io }: Registration): void {
  const load = () => import('../schedules/run-time-actions.ts');
  const about = (command: Command) =>
    withTarget(withOutput(command))
      .argument('<agent>', 'the agent that hosts the workflow')
      .argument('<schedule>', 'the name of the schedule');
  const planned = (command: Command) =>
    about(command)
      .argument('<workflow>', 'the workflow that it starts')
      .argument('[input]', 'the input of each run: JSON, @file, or - for the standard input', 'null')
      .option('--cron <expression>', 'its times: minute, hour, day of month, month, day of week')
      .option('--time-zone <name>', 'of the cron expression, such as Europe/Berlin (default: Etc/UTC)')
      .option('--every <duration>', 'in place of --cron: an interval, such as 10m')
      .option('--start <time>', 'no time before it (RFC 3339)')
      .option('--end <time>', 'no time after it (RFC 3339)')
      .addOption(overlapOption('what a time does while a run of before has not ended (default: skip)'))
      .option(
        '--catch-up <duration>',
        'a time that is found to be due so long after it is missed (default: 1h)',
      )
      .option('--time-field <name>', 'the field of the input that is set to the time of each run');

  planned(schedules.command('create'))
    .description('make a schedule: it starts runs of a workflow at set times')
    .option('--paused [note]', 'paused, until it is resumed')
    .addHelpText(
      'after',
      `
Examples:
  mesh schedules create reports berlin daily-report '{"day":"yesterday"}' --cron '0 6 * * 1-5' --time-zone Europe/Berlin`,
    )
    .action(async (agent: string, schedule: string, workflow: string, input: string, options: PlanOptions) =>
      (await load()).create(io, formatOf(options), options, { agent, schedule, workflow, input }),
    );

  planned(schedules.command('update'))
    .description('give a schedule another plan, whole, from now on')
    .action(async (agent: string, schedule: string, workflow: string, input: string, options: PlanOptions) =>
      (await load()).update(io, formatOf(options), options, { agent, schedule, workflow, input }),
    );

  about(schedules.command('show'))
    .description('show a schedule: its plan, its next times, and what became of the last ones')
    .action(async (agent: string, schedule: string, options: ScheduleOptions) =>
      (await load()).show(io, formatOf(options), options, { agent, schedule }),
    );

  about(schedules.command('pause'))
    .description('pause a schedule: nothing is started until it is resumed, but for triggers and backfills')
    .option('--note <text>', 'why, for the record')
    .action(async (agent: string, schedule: string, options: ScheduleOptions & { readonly note?: string }) =>
      (await load()).tell(io, formatOf(options), options, { agent, schedule, asked: 'pause' }),
    );

  about(schedules.command('resume'))
    .description('let a paused schedule go on; what came by meanwhile is not made up for')
    .action(async (agent: string, schedule: string, options: ScheduleOptions) =>
      (await load()).tell(io, formatOf(options), options, { agent, schedule, asked: 'resume' }),
    );

  about(schedules.command('trigger'))
    .description('start a run now')
    .addOption(overlapOption('in place of the policy of the schedule'))
    .action(
      async (agent: string, schedule: string, options: ScheduleOptions & { readonly overlap?: Overlap }) =>
        (await load()).tell(io, formatOf(options), options, { agent, schedule, asked: 'trigger' }),
    );

  about(schedules.command('backfill'))
    .description('start the runs of past times that have none')
    .requiredOption('--from <time>', 'the first moment: a time (RFC 3339), or so long ago (7d)', timeAgo)
    .requiredOption('--to <time>', 'the last moment', timeAgo)
    .addOption(overlapOption('how they follow one another (default: bufferAll, one after the other)'))
    .addHelpText(
      'after',
      '\nExamples:\n  mesh schedules backfill reports berlin --from 2026-01-01T00:00:00Z --to 2026-01-31T23:59:59Z',
    )
    .action(async (agent: string, schedule: string, options: BackfillOptions) =>
      (await load()).backfill(io, formatOf(options), options, { agent, schedule }),
    );

  about(schedules.command('delete'))
    .description('delete a schedule; runs that it started go on')
    .action(async (agent: string, schedule: string, options: ScheduleOptions) =>
      (await load()).tell(io, formatOf(options), options, { agent, schedule, asked: 'delete' }),
    );
}
