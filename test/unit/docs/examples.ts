import * as z from 'zod';
import type { Json } from '../../../shared/contract/json.ts';
import { type Fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { desk } from './shop.ts';

/** A workflow of the desk with this body. */
export const selling = (run: (wf: WorkflowContext, input: { order: string }) => Promise<unknown>) =>
  defineWorkflow({
    name: 'sell',
    version: 1,
    input: z.object({ order: z.string() }),
    output: z.json(),
    run: async (wf, input) => ((await run(wf, input)) ?? null) as Json,
  });

/** The body as a run in memory, started. */
export async function started(
  run: Parameters<typeof selling>[0],
  ...fakes: readonly Fake[]
): Promise<WorkflowTest> {
  const test = new WorkflowTest({ agent: desk, workflows: [selling(run)], fakes });
  await test.start(desk.sell, { order: 'o-1' });
  return test;
}
