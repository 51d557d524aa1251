import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { forgetfulStore } from './forgetful-store.ts';
import { unlucky } from './unlucky.ts';

const Job = z.object({ jobId: z.string() });
const Done = z.object({ version: z.number(), done: z.array(z.string()) });

const bench = defineAgent({
  name: 'bench',
  commands: {
    work: {
      input: z.object({ jobId: z.string(), part: z.string() }),
      output: z.object({ times: z.number() }),
    },
  },
  state: { schema: z.object({ parts: z.record(z.string(), z.number()) }) },
});

const shop = defineAgent({
  name: 'shop',
  calls: ['bench'],
  workflows: { job: { input: Job, output: Done, key: 'jobId' } },
});

const PARTS: Readonly<Record<number, readonly string[]>> = {
  1: ['cut', 'glue', 'paint'],
  2: ['print', 'paint'],
};

const jobIn = (version: number, parts = PARTS[version] ?? []) =>
  defineWorkflow({
    name: 'job',
    version,
    input: Job,
    output: Done,
    async run(wf, { jobId }) {
      const done: string[] = [];
      for (const part of parts) {
        await wf.call(bench.work, { jobId, part });
        await wf.sleep('20s');
        done.push(part);
      }
      await wf.signal('fetch', { schema: z.object({}), timeout: '1h' }).catch(() => undefined);
      return { version, done };
    },
  });

/**
 * What each release of the agent holds: 2 has lost the first version, and 3 has changed it, which no run in flight may notice; 4 is code
 * from before `wf.sleep` was invented, deployed again; 5 is right.
 */
const RELEASES: Readonly<Record<number, ReturnType<typeof jobIn>[]>> = {
  1: [jobIn(1)],
  2: [jobIn(2)],
  3: [jobIn(1, ['cut', 'weld', 'paint']), jobIn(2)],
  4: [jobIn(1), jobIn(2)],
  5: [jobIn(1), jobIn(2)],
};
const FORGETFUL = 4;
const RIGHT = 5;

const handlers = {
  work: {
    keys: ({ jobId }) => [jobId],
    handle: ({ jobId, part }, ctx) => {
      const { parts } = ctx.state.get(jobId) ?? { parts: {} };
      const times = (parts[part] ?? 0) + 1;
      ctx.state.set(jobId, { parts: { ...parts, [part]: times } });
      return { times };
    },
  },
} satisfies HandlersOf<typeof bench>;

/**
 * Code is deployed while runs are in flight: code that has lost their version, code that has changed it, code that is older than they
 * are, and in the end what is right.
 */
export const releases: Workload = { name: 'releases', play };

function play(random: Random): Play {
  const jobs = Array.from({ length: random.between(1, 3) }, (_, at) => `job-${at}`);
  const acts: Play['acts'][number][] = [];
  let atMs = 0;
  const wrong = random.pick([[2, 3], [4], [2, 4, 3], [4, 2]]);
  for (const release of [...wrong, RIGHT]) {
    // What happens at one instant happens in any order, and the last is to be the right one.
    atMs += 1 + random.below(random.pick([500, 30_000, 200_000]));
    acts.push({ atMs, act: (client) => client.deploy('shop', release) });
  }
  for (const jobId of jobs) {
    acts.push({
      atMs: random.below(random.pick([300, 100_000])),
      act: (client) => client.command('shop', 'job', { jobId }),
    });
    if (random.chance(0.6))
      acts.push({
        atMs: random.below(200_000),
        act: (client) => client.signal('shop', runIdOf('job', jobId), 'fetch', {}),
      });
    if (random.chance(0.2))
      acts.push({
        atMs: random.below(200_000),
        act: (client) => client.cancel('shop', runIdOf('job', jobId)),
      });
  }
  return {
    agents: [
      {
        contract: shop.contract,
        routes: ({ ports: { clock, ids }, release }) =>
          workflowRoutes({ contract: shop.contract, definitions: RELEASES[release] ?? [], clock, ids }),
        storeOf: (store, release) => (release === FORGETFUL ? forgetfulStore(store, 'sleep') : store),
      },
      {
        contract: bench.contract,
        routes: ({ ports: { clock, secrets } }) =>
          handlerRoutes({ contract: bench.contract, handlers, clock, secrets, env: {} }),
      },
    ],
    acts,
    audit: (end) => audit(end, jobs),
  };
}

function* audit({ runs, documents }: EndState, jobs: readonly string[]): Generator<string> {
  for (const jobId of jobs) {
    const run = runs.find(({ key }) => key === jobId);
    const parts = documents.get(`agents/bench/state/${jobId}`)?.fields.parts ?? {};
    for (const [part, times] of Object.entries(parts))
      if (times !== 1) yield `I2: ${part} of ${jobId} was done ${times} times`;
    if (run && (run.status === 'cancelled' || unlucky(run))) continue;
    if (run?.status !== 'completed') {
      yield `I7: ${jobId} is ${run?.status}: ${run?.failure?.message}`;
      continue;
    }
    const { version, done } = Done.parse(run.output);
    if (version !== run.version)
      yield `I7: ${jobId} began with version ${run.version}, and ended with ${version}`;
    // One that began with the changed first version could be of either kind; it must be of one.
    const kinds = [PARTS[version]?.join(), version === 1 ? 'cut,weld,paint' : undefined];
    if (!kinds.includes(done.join())) yield `I7: ${jobId} did ${done}`;
  }
}
