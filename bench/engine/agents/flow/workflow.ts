import * as z from 'zod';
import { branch, defineWorkflow, stage, undo, type WorkflowContext } from '../../../../shared/index.ts';
import { work } from '../work/contract.ts';
import { Count, flow, type OPERATIONS, Operations, Saga } from './contract.ts';

const STEPS = 5;

const step = (wf: WorkflowContext, n: number, refuse = false) =>
  wf.call(work.step, { n, refuse }, { compensate: undo(work.undo, ({ input }) => ({ n: input.n })) });

/** Five steps, one after the other; the last is refused where the saga is to fail. */
const saga = defineWorkflow({
  name: 'saga',
  version: 1,
  input: Saga,
  async run(wf, { fail }) {
    for (let n = 1; n <= STEPS; n++) await step(wf, n, fail && n === STEPS);
  },
});

/** So many steps, one after the other. */
const chain = defineWorkflow({
  name: 'chain',
  version: 1,
  input: Count,
  async run(wf, { count }) {
    for (let n = 1; n <= count; n++) await wf.call(work.step, { n });
  },
});

/** So many steps at once. */
const fan = defineWorkflow({
  name: 'fan',
  version: 1,
  input: Count,
  async run(wf, { count }) {
    await Promise.all(Array.from({ length: count }, (_, n) => wf.call(work.step, { n })));
  },
});

/** The sum of so many numbers, which are read page by page. */
const sum = defineWorkflow({
  name: 'sum',
  version: 1,
  input: Count,
  output: z.object({ total: z.number(), items: z.number() }),
  async run(wf, { count }) {
    const { result = 0, items } = await wf.mapReduce({
      read: stage(work.page, { count }),
      map: stage(work.map),
      reduce: stage(work.reduce),
    });
    return { total: result, items };
  },
});

/** A child that does nothing. */
const leaf = defineWorkflow({
  name: 'leaf',
  version: 1,
  input: z.object({ n: z.number() }),
  async run() {},
});

const inARow =
  (once: (wf: WorkflowContext, n: number) => unknown) => async (wf: WorkflowContext, count: number) => {
    for (let n = 1; n <= count; n++) await once(wf, n);
  };

const doing: Readonly<
  Record<(typeof OPERATIONS)[number], (wf: WorkflowContext, count: number) => Promise<unknown>>
> = {
  nothing: async () => {},
  call: inARow((wf, n) => wf.call(work.step, { n })),
  'call in effect mode': inARow((wf, n) => wf.call(work.effect, { n })),
  'entity call': inARow((wf) => wf.call(work.keep, { name: wf.runId })),
  'gather branch': (wf, count) =>
    wf.gather(Array.from({ length: count }, (_, n) => branch(work.step, { n }))),
  'map-reduce shard': (wf, count) =>
    wf.mapReduce({
      items: Array.from({ length: count }, (_, n) => n),
      map: stage(work.map),
      reduce: stage(work.reduce),
      shardSize: 1,
      fanIn: 100,
    }),
  child: inARow((wf, n) => wf.child(flow.leaf, { n })),
  sleep: inARow((wf) => wf.sleep('20ms')),
  signal: inARow((wf) => wf.signal('go', { schema: z.object({}) })),
  sideEffect: inARow((wf, n) => wf.sideEffect('think', () => n)),
  publish: inARow((wf, n) => wf.publish(flow.done, { n })),
  setStatus: inARow((wf, n) => wf.setStatus(n)),
};

const operations = defineWorkflow({
  name: 'operations',
  version: 1,
  input: Operations,
  status: z.number(),
  async run(wf, { operation, count }) {
    await doing[operation](wf as WorkflowContext, count);
  },
});

export const workflows = [saga, chain, fan, sum, leaf, operations];
