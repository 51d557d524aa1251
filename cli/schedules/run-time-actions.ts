import { type ScheduleFacts, ScheduleHandle } from '../../shared/client/schedule-handle.ts';
import { Schedules } from '../../shared/client/schedules.ts';
import type { WorkflowRef } from '../../shared/contract/agent.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import type { PlanFor } from '../../shared/contract/plan-rules.ts';
import type { Overlap } from '../../shared/contract/schedule-plan.ts';
import type { BackfillOptions, PlanOptions, ScheduleOptions } from '../commands/run-time-schedules.ts';
import { contractOf, readContracts } from '../contracts.ts';
import type { Io } from '../io.ts';
import { refIn } from '../messages/compose.ts';
import { readJson } from '../messages/input.ts';
import type { Palette } from '../output/palette.ts';
import { type Format, Printer } from '../output/printer.ts';
import { timeText } from '../output/time.ts';
import { findTarget, withMesh } from '../target.ts';

interface Named {
  readonly agent: string;
  readonly schedule: string;
}

interface Planned extends Named {
  readonly workflow: string;
  /** As it was written on the command line. */
  readonly input: string;
}

/** @throws MeshError `ScheduleInvalid` naming the field, `ScheduleExists`, `UnknownMessage` */
export async function create(io: Io, format: Format, options: PlanOptions, planned: Planned): Promise<void> {
  const { paused } = options;
  const note = paused === true ? '' : paused;
  await withPlan(io, options, planned, async (schedules, ref, plan) => {
    const handle = await schedules.create(
      ref,
      planned.schedule,
      plan,
      note === undefined ? {} : { paused: note },
    );
    const facts = await handle.read();
    new Printer(io, format).item(facts, (palette) => detailsText(facts, palette));
  });
}

/** @throws MeshError `ScheduleInvalid` naming the field, `ScheduleNotFound`, `UnknownMessage` */
export async function update(io: Io, format: Format, options: PlanOptions, planned: Planned): Promise<void> {
  await withPlan(io, options, planned, async (schedules, ref, plan) => {
    await schedules.of(planned.agent, planned.schedule).read();
    await schedules.update(ref, planned.schedule, plan);
    said(io, format, planned, 'take another plan');
  });
}

/** @throws MeshError `ScheduleNotFound` */
export async function show(io: Io, format: Format, options: ScheduleOptions, { agent, schedule }: Named) {
  await withMesh(findTarget(io, options), async (mesh) => {
    const facts = await new ScheduleHandle(mesh, agent, schedule).read();
    new Printer(io, format).item(facts, (palette) => detailsText(facts, palette));
  });
}

interface Asked extends Named {
  readonly asked: 'pause' | 'resume' | 'trigger' | 'delete';
}

/** @throws MeshError `ScheduleNotFound` */
export async function tell(
  io: Io,
  format: Format,
  options: ScheduleOptions & { readonly note?: string; readonly overlap?: Overlap },
  { agent, schedule, asked }: Asked,
): Promise<void> {
  const { note, overlap } = options;
  await withMesh(findTarget(io, options), async (mesh) => {
    const handle = new ScheduleHandle(mesh, agent, schedule);
    await handle.read();
    if (asked === 'pause') await handle.pause(note === undefined ? {} : { note });
    else if (asked === 'trigger') await handle.trigger(overlap ? { overlap } : {});
    else await handle[asked]();
    said(io, format, { agent, schedule }, asked);
  });
}

/** @throws MeshError `ScheduleNotFound` */
export async function backfill(
  io: Io,
  format: Format,
  { from, to, overlap, ...options }: BackfillOptions,
  { agent, schedule }: Named,
): Promise<void> {
  await withMesh(findTarget(io, options), async (mesh) => {
    const handle = new ScheduleHandle(mesh, agent, schedule);
    await handle.read();
    await handle.backfill({ from, to, ...(overlap && { overlap }) });
    said(
      io,
      format,
      { agent, schedule },
      `start the runs from ${timeText(from)} to ${timeText(to)} that are missing`,
    );
  });
}

function said(io: Io, format: Format, { agent, schedule }: Named, asked: string): void {
  new Printer(io, format).item(
    { agent, schedule, asked },
    () => `the schedule ${schedule} of ${agent} is asked to ${asked}`,
  );
}

/** Runs `use` with the plan that the options make. */
async function withPlan(
  io: Io,
  options: PlanOptions,
  { agent, workflow, input }: Planned,
  use: (schedules: Schedules, ref: Scheduled, plan: PlanFor<Json>) => Promise<void>,
): Promise<void> {
  const target = findTarget(io, options);
  const contract = contractOf(await readContracts(target.local?.agents), agent);
  const ref = refIn(contract, workflow);
  if (ref?.kind !== 'workflow')
    throw new MeshError('UnknownMessage', `${agent} has no workflow ${JSON.stringify(workflow)}`, {
      field: 'workflow',
      hint: `It has: ${Object.keys(contract.workflows).join(', ') || 'none'}`,
    });
  const { cron, timeZone, every, start, end, overlap, catchUp, timeField } = options;
  const plan = {
    input: await readJson(input, io),
    ...(cron !== undefined && { cron }),
    ...(timeZone !== undefined && { timeZone }),
    ...(every !== undefined && { every }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(overlap && { overlap }),
    ...(catchUp !== undefined && { catchUp }),
    ...(timeField !== undefined && { timeField }),
  };
  await withMesh(target, (mesh) => use(new Schedules(mesh), ref, plan));
}

type Scheduled = Pick<WorkflowRef<unknown, unknown, unknown>, 'agent' | 'name' | 'input' | 'key'>;

/** When a plan has its times, in words. */
export function timesText({ cron, timeZone = 'Etc/UTC', every }: ScheduleFacts['plan']): string {
  return cron === undefined ? `every ${every}` : `${cron} ${timeZone}`;
}

export function stateOf({ paused, expireAt }: ScheduleFacts): 'paused' | 'over' | 'active' {
  if (paused !== undefined) return 'paused';
  return expireAt ? 'over' : 'active';
}

function detailsText(facts: ScheduleFacts, { bold, dim }: Palette): string {
  const { plan, counts, recent, running, waiting, nextTimes, paused } = facts;
  const lines: [string, string][] = [
    ['schedule', `${facts.id}, of ${facts.agent}`],
    ['state', `${stateOf(facts)}${paused ? `: ${paused}` : ''}`],
    ['starts', `${plan.workflow} ${JSON.stringify(plan.input)}`],
    ['times', timesText(plan)],
    ['overlap', plan.overlap],
    ['next', nextTimes.map((at) => timeText(at)).join(', ') || '-'],
    ['running', running.map(({ runId }) => runId).join(', ') || '-'],
    ...(waiting.length > 0 ? [['waiting', `${waiting.length} times`] as [string, string]] : []),
    [
      'so far',
      Object.entries(counts)
        .map(([taken, count]) => `${count} ${taken}`)
        .join(', '),
    ],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const last = recent
    .toReversed()
    .map(({ at, taken, runId = '' }) => `  ${timeText(new Date(at))}  ${taken}  ${dim(runId)}`);
  return [...lines.map(([name, text]) => `${bold(name.padEnd(width))}  ${text}`), ...last].join('\n');
}

/** The schedules that were made at run time for these agents. */
export async function readRunTime(
  io: Io,
  options: ScheduleOptions,
  agents: readonly string[],
): Promise<readonly ScheduleFacts[]> {
  return withMesh(findTarget(io, options), async (mesh) => {
    const schedules = new Schedules(mesh);
    const all = await Promise.all(agents.map((agent) => schedules.list(agent, { limit: 1_000 })));
    return all.flat();
  });
}
