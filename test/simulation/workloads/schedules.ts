import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { type Duration, milliseconds } from '../../../shared/contract/duration.ts';
import { SCHEDULE } from '../../../shared/contract/message.ts';
import { schedulePath } from '../../../shared/contract/names.ts';
import type { Overlap } from '../../../shared/contract/schedule-plan.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import type { RunRecord } from '../../../shared/workflow/run-record.ts';
import { decodeSchedule } from '../../../shared/workflow/schedules/schedule-record.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Random } from '../world/random.ts';
import type { Client, EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

const Chime = z.object({ at: z.string(), ms: z.number() });

const belfry = defineAgent({
  name: 'belfry',
  commands: { ring: { input: z.object({ runId: z.string() }) } },
  state: { schema: z.object({ rings: z.number() }) },
});

const tower = defineAgent({
  name: 'tower',
  calls: ['belfry'],
  workflows: { chime: { input: Chime, output: Chime } },
});

const chime = defineWorkflow({
  name: 'chime',
  version: 1,
  input: Chime,
  output: Chime,
  async run(wf, { at, ms }) {
    await wf.call(belfry.ring, { runId: wf.runId });
    if (ms > 0) await wf.sleep(`${ms}ms`);
    return { at, ms };
  },
});

const handlers = {
  ring: {
    keys: ({ runId }) => [runId],
    handle: ({ runId }, ctx) => ctx.state.set(runId, { rings: (ctx.state.get(runId)?.rings ?? 0) + 1 }),
  },
} satisfies HandlersOf<typeof belfry>;

/** What a play has its schedule do. */
interface Drawn {
  readonly every: Duration;
  readonly overlap: Overlap;
  readonly ms: number;
  readonly start: number;
  readonly end: number;
  readonly backfill?: { readonly from: number; readonly to: number } | undefined;
  readonly triggers: number;
  readonly pauses: boolean;
  /** When a run that is started for later begins. */
  readonly later: number;
}

const OVERLAPS = ['skip', 'bufferOne', 'bufferAll', 'cancelOther', 'terminateOther', 'allowAll'] as const;

/** As far apart as the clocks of two instances can be without a jump, twice. */
const TOLERANCE_MS = 6_000;

/**
 * A schedule that is made at run time, by every policy, with backfills, triggers and pauses, and a run that is started for later: each time starts one run,
 * and none is left out.
 */
export const schedules: Workload = { name: 'schedules', play };

function play(random: Random): Play {
  const every = random.pick<Duration>(['40s', '10m', '6h', '9d']);
  const interval = milliseconds(every);
  const count = random.between(1, 4);
  let drawn: Drawn | undefined;
  const overlap = random.pick<Overlap>(OVERLAPS);
  const ms = Math.round(interval * random.pick([0, 0.3, 1.2, 2.6]));
  const backfills = random.chance(0.4) ? random.between(1, 3) : 0;
  const triggers = random.chance(0.3) ? 1 : 0;
  const pauses = random.chance(0.25);
  const later = random.pick([20_000, 3_600_000, 40 * 86_400_000]);
  const draw = (client: Client): Drawn => {
    if (drawn) return drawn;
    const start = Math.floor(client.now() / interval) * interval - 20 * interval;
    const end = start + (20 + count) * interval;
    const from = start + interval;
    const backfill = backfills > 0 ? { from, to: from + (backfills - 1) * interval } : undefined;
    const made = { every, overlap, ms, start, end, backfill, triggers, pauses, later: client.now() + later };
    drawn = made;
    return made;
  };
  const iso = (at: number) => new Date(at).toISOString();
  let sent = 0;
  const tell = (client: Client, data: object, again = false) => {
    if (!again) sent += 1;
    const time = iso(client.now());
    const attributes = {
      'ce-type': SCHEDULE,
      'ce-id': `change-${sent}`,
      'ce-source': '/client',
      'ce-time': time,
    };
    client.raw('tower', JSON.stringify({ schedule: 'bell', ...data }), attributes);
  };
  const create = (client: Client, again: boolean) => {
    const { start, end } = draw(client);
    const times = { every, start: iso(start), end: iso(end), catchUp: '366d' };
    const plan = { workflow: 'chime', input: { ms }, timeField: 'at', overlap, ...times };
    tell(client, { op: 'create', plan }, again);
  };
  const acts: Play['acts'][number][] = [{ atMs: 0, act: (client) => create(client, false) }];
  // Made again, by the same program and by another.
  if (random.chance(0.3))
    acts.push({ atMs: random.below(2_000), act: (client) => create(client, random.chance(0.5)) });
  acts.push({
    atMs: random.below(5_000),
    act: (client) => {
      const { later: startAt } = draw(client);
      client.command('tower', 'chime', { at: 'later', ms: 1 }, { startat: iso(startAt) });
    },
  });
  if (backfills > 0)
    acts.push({
      atMs: 3_000 + random.below(3 * interval),
      act: (client) => {
        const { backfill } = draw(client);
        if (backfill) tell(client, { op: 'backfill', from: iso(backfill.from), to: iso(backfill.to) });
      },
    });
  if (triggers > 0)
    acts.push({
      atMs: 3_000 + random.below(3 * interval),
      act: (client) => tell(client, { op: 'trigger', overlap: 'allowAll' }),
    });
  if (pauses) {
    const from = 3_000 + random.below(3 * interval);
    acts.push({ atMs: from, act: (client) => tell(client, { op: 'pause' }) });
    acts.push({ atMs: from + random.below(3 * interval), act: (client) => tell(client, { op: 'resume' }) });
  }
  return {
    agents: [
      {
        contract: tower.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: tower.contract, definitions: [chime], clock, ids }),
      },
      {
        contract: belfry.contract,
        routes: ({ ports: { clock, secrets } }) =>
          handlerRoutes({ contract: belfry.contract, handlers, clock, secrets, env: {} }),
      },
    ],
    acts,
    audit: (end) => (drawn ? audit(end, drawn) : []),
  };
}

function* audit({ documents, runs, deadLetters, jumped }: EndState, drawn: Drawn): Generator<string> {
  const document = documents.get(schedulePath('tower', 'bell'));
  if (!document) {
    yield 'I4: the schedule was never made';
    return;
  }
  const schedule = decodeSchedule(document);
  const interval = milliseconds(drawn.every);
  const ours = runs.filter((run) => run.schedule === 'bell');
  yield* auditRuns(runs, documents);
  const times = (from: number, to: number) => {
    const all: string[] = [];
    const first = Math.ceil((from - drawn.start) / interval) * interval + drawn.start;
    for (let at = first; at <= to; at += interval) all.push(new Date(at).toISOString());
    return all;
  };
  const { backfill, triggers, pauses, overlap, end } = drawn;
  const regular = times(schedule.createdAt.getTime() + 1, end);
  const filled = backfill ? times(backfill.from, backfill.to) : [];
  const possible = new Set([...regular, ...filled]);
  const atOf = (run: RunRecord) => startedFor(run);
  const started = ours.flatMap((run) => atOf(run) ?? []);
  const nominal = started.filter((at) => possible.has(at));
  const others = started.length - nominal.length;
  if (others !== triggers)
    yield `books: ${others} runs for no time of the schedule, and ${triggers} triggers`;
  if (new Set(nominal).size < nominal.length) yield `I2: a time was started twice: ${nominal}`;
  for (const at of filled)
    if (!nominal.includes(at)) yield `I4: the backfill left ${at} out; there are ${nominal}`;
  const { counts, running, waiting, backfills } = schedule;
  if (schedule.paused !== undefined) return;
  if (running.length + waiting.length + backfills.length > 0)
    yield `I4: the schedule still has ${running.length} running, ${waiting.length} waiting, ${backfills.length} backfills`;
  if (!schedule.expireAt) yield 'I4: the schedule is over, and does not know';
  if (counts.started !== ours.length)
    yield `books: ${counts.started} started, and there are ${ours.length} runs`;
  const taken = counts.started + counts.skipped + counts.missed + counts.there;
  const expected = regular.length + filled.length + triggers;
  if (pauses ? taken > expected : taken !== expected) yield `I4: ${taken} times were taken of ${expected}`;
  const startsAll = overlap === 'allowAll' || overlap === 'bufferAll' || overlap === 'terminateOther';
  if (startsAll && !pauses && counts.started !== expected)
    yield `I4: by ${overlap} ${counts.started} were started of ${expected}`;
  const isSingle = overlap !== 'allowAll' && overlap !== 'terminateOther' && triggers === 0;
  // A start that died and came again later, or a clock that jumped, lets two meet.
  if (!isSingle || jumped || deadLetters.size > 0) return;
  const inOrder = ours.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  for (const [at, run] of inOrder.entries()) {
    const before = inOrder[at - 1]?.endedAt?.getTime() ?? 0;
    if (run.createdAt.getTime() < before - TOLERANCE_MS)
      yield `books: by ${overlap} ${run.runId} began at ${run.createdAt.toISOString()}, while another went on`;
  }
}

function* auditRuns(runs: readonly RunRecord[], documents: EndState['documents']): Generator<string> {
  const later = runs.filter((run) => startedFor(run) === 'later');
  if (later.length !== 1) yield `books: ${later.length} runs that were started for later`;
  for (const run of runs) {
    if (!run.endedAt) yield `I4: ${run.runId} never ended: it is ${run.status}`;
    const rings = documents.get(`agents/belfry/state/${run.runId}`)?.fields.rings ?? 0;
    if (run.status === 'completed' && rings !== 1) yield `I2: ${run.runId} rang ${String(rings)} times`;
    if (run.status === 'failed' && !unlucky(run)) yield `books: ${run.runId} failed: ${run.failure?.message}`;
  }
}

/** The time that a run was started for, from its history. */
function startedFor({ history }: RunRecord): string | undefined {
  const found = /"at":"([^"]+)"/.exec(history);
  return found?.[1];
}
