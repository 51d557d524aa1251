import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { stage } from '../../../shared/workflow/map-reducing.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

const PAGE = 5;
const Report = z.object({
  reportId: z.string(),
  count: z.number(),
  paged: z.boolean(),
  shardSize: z.number(),
  concurrency: z.number(),
  fanIn: z.number(),
});
type Report = z.infer<typeof Report>;
const Words = z.object({ words: z.array(z.number()) });

const clerks = defineAgent({
  name: 'clerks',
  commands: {
    page: {
      input: z.object({ token: z.string().nullable(), count: z.number() }),
      output: z.object({ items: z.array(z.number()), next: z.string().optional() }),
    },
    read: { input: z.object({ items: z.array(z.number()) }), output: Words },
    join: { input: z.object({ results: z.array(Words) }), output: Words },
  },
});

const office = defineAgent({
  name: 'office',
  calls: ['clerks'],
  workflows: { report: { input: Report, output: Words, key: 'reportId' } },
});

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at);

const report = defineWorkflow({
  name: 'report',
  version: 1,
  input: Report,
  output: Words,
  async run(wf, { count, paged, shardSize, concurrency, fanIn }) {
    const how = {
      map: stage(clerks.read),
      reduce: stage(clerks.join),
      retry: { maxAttempts: 3 },
      shardSize,
      concurrency,
      fanIn,
    };
    const { result } = paged
      ? await wf.mapReduce({ read: stage(clerks.page, { count }), ...how })
      : await wf.mapReduce({ items: upTo(count), ...how });
    return result ?? { words: [] };
  },
});

const handlers = {
  page: ({ token, count }) => {
    const from = Number(token ?? 0);
    const items = upTo(count).slice(from, from + PAGE);
    return { items, ...(from + PAGE < count && { next: String(from + PAGE) }) };
  },
  read: ({ items }) => ({ words: items }),
  join: ({ results }) => ({ words: results.flatMap(({ words }) => words) }),
} satisfies HandlersOf<typeof clerks>;

/** Items mapped in shards and reduced in a tree, given or read by pages: each is in the result once, in its order. */
export const mapReduce: Workload = { name: 'map-reduce', play };

function play(random: Random): Play {
  const reports: Report[] = [
    {
      reportId: 'report',
      count: random.below(25),
      paged: random.chance(0.5),
      shardSize: random.between(1, 6),
      concurrency: random.pick([1, 3, 50]),
      fanIn: random.between(2, 4),
    },
  ];
  return {
    agents: [
      {
        contract: office.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: office.contract, definitions: [report], clock, ids }),
      },
      {
        contract: clerks.contract,
        routes: ({ ports: { clock, secrets } }) =>
          handlerRoutes({ contract: clerks.contract, handlers, clock, secrets, env: {} }),
      },
    ],
    acts: reports.map((each) => ({
      atMs: random.below(500),
      act: (client) => client.command('office', 'report', each),
    })),
    audit: (end) => audit(end, reports),
  };
}

function* audit({ runs }: EndState, reports: readonly Report[]): Generator<string> {
  for (const { reportId, count } of reports) {
    const run = runs.find(({ key }) => key === reportId);
    if (run && unlucky(run)) continue;
    if (run?.status !== 'completed') {
      yield `books: ${reportId} is ${run?.status}: ${run?.failure?.message}`;
      continue;
    }
    const { words } = Words.parse(run.output);
    if (words.join() !== upTo(count).join()) yield `books: of ${count} items, ${reportId} has ${words}`;
  }
}
