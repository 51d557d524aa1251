import { nextStrike } from '../../emulator/scheduler/cron-times.ts';
import type { JobMessage } from '../../emulator/scheduler/job-message.ts';
import type { ScheduleFacts } from '../../shared/client/schedule-handle.ts';
import type { Contract, ScheduleSpec } from '../../shared/contract/agent.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { computeTopology, type Schedule } from '../../shared/topology.ts';
import { contractOf, readContracts } from '../contracts.ts';
import type { Io } from '../io.ts';
import { publish } from '../messages/publish.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import { timeText } from '../output/time.ts';
import { findTarget } from '../target.ts';
import { readRunTime, stateOf } from './run-time-actions.ts';

/** A schedule as it is listed. Times are RFC 3339. */
interface Listed {
  readonly agent: string;
  readonly schedule: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly message: string;
  readonly input: string;
  /** Of the local scheduler; of Cloud Scheduler's own state nothing is known here. */
  readonly state?: JobMessage['state'] | Uppercase<ReturnType<typeof stateOf>>;
  /** Made at run time, not by a contract. */
  readonly runTime?: true;
  readonly nextAt?: string;
  readonly lastAt?: string;
  /** What went wrong the last time. */
  readonly failure?: string;
}

export async function list(io: Io, format: Format, options: TargetOptions): Promise<void> {
  const { project, prefix, local } = findTarget(io, options);
  const contracts = await readContracts(local?.agents);
  const { schedules } = computeTopology(contracts, { project, prefix });
  const jobs = new Map<string, JobMessage>();
  const address = local?.env.CLOUD_SCHEDULER_EMULATOR_HOST;
  if (address) for (const job of await readJobs(address, schedules)) jobs.set(job.name, job);
  const hosts = contracts.filter(({ workflows }) => Object.keys(workflows).length > 0);
  const made = await readRunTime(
    io,
    options,
    hosts.map(({ name }) => name),
  );
  const listed = [
    ...schedules.map((schedule) => listedOf(schedule, jobs.get(schedule.name))),
    ...made.map(runTimeOf),
  ];
  new Printer(io, format).rows(
    listed,
    [
      { title: 'AGENT', value: ({ agent }) => agent },
      { title: 'SCHEDULE', value: ({ schedule }, { bold }) => bold(schedule) },
      { title: 'CRON', value: ({ cron }) => cron },
      { title: 'TIME ZONE', value: ({ timeZone }) => timeZone },
      { title: 'SENDS', value: ({ message, input }) => `${message} ${input}` },
      { title: 'STATE', value: ({ state }) => state?.toLowerCase() ?? '-' },
      { title: 'NEXT', value: ({ nextAt }) => (nextAt ? timeText(new Date(nextAt)) : '-') },
      {
        title: 'LAST',
        value: ({ lastAt, failure }, { red }) =>
          lastAt ? `${timeText(new Date(lastAt))}${failure ? red(` ${failure}`) : ''}` : '-',
      },
    ],
    'There are no schedules.',
  );
}

function listedOf(planned: Schedule, job: JobMessage | undefined): Listed {
  const { agent, schedule, cron, timeZone, attributes, data } = planned;
  const next = job ? job.scheduleTime : timeOf(nextStrike(cron, timeZone, Date.now()));
  return {
    agent,
    schedule,
    cron,
    timeZone,
    message: attributes['ce-type'] ?? '',
    input: data,
    ...(job && { state: job.state }),
    ...(next !== undefined && { nextAt: next }),
    ...(job?.lastAttemptTime !== undefined && { lastAt: job.lastAttemptTime }),
    ...(job?.status?.message !== undefined && { failure: job.status.message }),
  };
}

function runTimeOf(facts: ScheduleFacts): Listed {
  const { plan, agent, id, nextTimes, recent } = facts;
  const last = recent.at(-1);
  return {
    agent,
    schedule: id,
    cron: plan.cron ?? `every ${plan.every}`,
    timeZone: plan.cron === undefined ? '-' : (plan.timeZone ?? 'Etc/UTC'),
    message: `${agent}.${plan.workflow}`,
    input: JSON.stringify(plan.input),
    state: upperCase(stateOf(facts)),
    runTime: true,
    ...(nextTimes[0] && { nextAt: nextTimes[0].toISOString() }),
    ...(last && { lastAt: new Date(last.at).toISOString() }),
  };
}

const upperCase = <Text extends string>(text: Text) => text.toUpperCase() as Uppercase<Text>;

const timeOf = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());

/** The jobs of the local scheduler. */
async function readJobs(address: string, schedules: readonly Schedule[]): Promise<readonly JobMessage[]> {
  const [first] = schedules;
  if (!first) return [];
  const parent = first.name.slice(0, first.name.lastIndexOf('/'));
  const response = await fetch(`http://${address}/v1/${parent}`).catch((cause: unknown) => {
    throw new MeshError('MeshNotRunning', `the local scheduler at ${address} does not answer`, { cause });
  });
  const { jobs } = (await response.json()) as { readonly jobs: readonly JobMessage[] };
  return jobs;
}

export interface RunRequest {
  readonly agent: string;
  readonly schedule: string;
  /** As it was written on the command line. Left out: the schedule's own. */
  readonly input: string | undefined;
}

/** Sends the schedule's message, under an id of its own: it is another than that of any tick. Returns the exit code. */
export async function run(
  io: Io,
  format: Format,
  options: TargetOptions & { readonly wait?: boolean; readonly timeout: number },
  { agent, schedule, input }: RunRequest,
): Promise<number> {
  const spec = scheduleOf(
    contractOf(await readContracts(findTarget(io, options).local?.agents), agent),
    schedule,
  );
  const data = input ?? JSON.stringify(spec.input ?? null);
  const request = { agent, type: spec.message, data };
  return publish(io, format, { ...options, attribute: { schedule } }, request);
}

/** Throws `NotFound`, naming those that there are. */
function scheduleOf({ name, schedules }: Contract, schedule: string): ScheduleSpec {
  const spec = Object.hasOwn(schedules, schedule) ? schedules[schedule] : undefined;
  if (spec) return spec;
  throw new MeshError('NotFound', `${name} has no schedule ${JSON.stringify(schedule)}`, {
    field: 'schedule',
    hint: `It has: ${Object.keys(schedules).join(', ') || 'none'}`,
  });
}
