import { defineWorkflow, undo, type WorkflowContext } from '../../../../shared/index.ts';
import { work } from '../work/contract.ts';
import { Count, Saga } from './contract.ts';

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

export const workflows = [saga, chain, fan];
