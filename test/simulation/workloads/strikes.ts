import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

const tower = defineAgent({
  name: 'tower',
  commands: {
    chime: { input: z.object({ bell: z.string() }) },
    toll: { input: z.object({ watch: z.string() }) },
  },
  workflows: { watch: { input: z.object({ hours: z.number() }), output: z.object({ told: z.number() }) } },
  calls: ['tower'],
  schedules: {
    hourly: { cron: '0 * * * *', message: 'chime', input: { bell: 'big' } },
    'night-watch': { cron: '0 22 * * *', message: 'watch', input: { hours: 2 } },
  },
  state: { schema: z.object({ times: z.number() }) },
});

const watch = defineWorkflow({
  name: 'watch',
  version: 1,
  input: z.object({ hours: z.number() }),
  output: z.object({ told: z.number() }),
  async run(wf, { hours }) {
    for (let hour = 0; hour < hours; hour++) {
      await wf.sleep('1h');
      await wf.call(tower.toll, { watch: wf.runId });
    }
    return { told: hours };
  },
});

const handlers = {
  chime: {
    keys: ({ bell }) => [bell],
    handle: ({ bell }, ctx) => ctx.state.set(bell, { times: (ctx.state.get(bell)?.times ?? 0) + 1 }),
  },
  toll: {
    keys: ({ watch: name }) => [name],
    handle: ({ watch: name }, ctx) => ctx.state.set(name, { times: (ctx.state.get(name)?.times ?? 0) + 1 }),
  },
} satisfies HandlersOf<typeof tower>;

const MINUTE_MS = 60_000;

/** Schedules of a contract, told of once or several times in their minute: each minute counts once. */
export const strikes: Workload = { name: 'strikes', play };

function play(random: Random): Play {
  const minutes = { hourly: new Set<number>(), 'night-watch': new Set<number>() };
  const acts: Play['acts'][number][] = [];
  for (const [schedule, struck] of Object.entries(minutes))
    for (let times = random.between(1, 3); times > 0; times--) {
      const minute = random.below(6);
      struck.add(minute);
      // Not at an edge: the clock of the service decides which minute it is.
      for (let told = random.pick([1, 1, 2, 3]); told > 0; told--)
        acts.push({
          atMs: minute * MINUTE_MS + random.between(5_000, 55_000),
          act: (client) => client.strike('tower', schedule),
        });
    }
  return {
    agents: [
      {
        contract: tower.contract,
        routes: ({ ports: { clock, ids, secrets } }) =>
          new Map([
            ...handlerRoutes({ contract: tower.contract, handlers, clock, secrets, env: {} }),
            ...workflowRoutes({ contract: tower.contract, definitions: [watch], clock, ids }),
          ]),
      },
    ],
    acts,
    audit: (end) => audit(end, minutes),
  };
}

function* audit(
  { runs, documents }: EndState,
  minutes: Readonly<Record<'hourly' | 'night-watch', ReadonlySet<number>>>,
): Generator<string> {
  const timesOf = (key: string) => Number(documents.get(`agents/tower/state/${key}`)?.fields.times ?? 0);
  const chimes = timesOf('big');
  if (chimes !== minutes.hourly.size)
    yield `I2: ${minutes.hourly.size} hours struck, and the bell ${chimes} times`;
  if (runs.length !== minutes['night-watch'].size)
    yield `I2: ${minutes['night-watch'].size} watches were called, and ${runs.length} began`;
  for (const { runId, status, failure, ...run } of runs) {
    if (unlucky({ runId, status, failure, ...run } as never)) continue;
    if (status !== 'completed') yield `books: a watch is ${status}: ${failure?.message}`;
    else if (timesOf(runId) !== 2) yield `I2: a watch of 2 hours tolled ${timesOf(runId)} times`;
  }
}
