import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { defineWorkflow, undo } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { done, World } from './world.ts';

const Input = z.object({ id: z.string() });
const slow = defineAgent({
  name: 'shop',
  calls: ['worker'],
  workflows: { slow: { input: Input, key: 'id', deadline: '1d' } },
});
const seen: unknown[] = [];
const workflow = (deadline?: '2h') =>
  defineWorkflow({
    name: 'slow',
    version: 1,
    input: Input,
    ...(deadline && { deadline }),
    async run(wf, { id }) {
      await wf.call(worker.a, { id }, { compensate: undo(worker.undoA, ({ input }) => input) });
      await wf.sleep('7d').catch((error) => seen.push(error));
      await wf.call(worker.b, { id });
    },
  });
const behaviours = { 'worker.a': () => done({ ref: 'r' }), 'worker.undoA': () => done() };

test.each([
  ['the contract', undefined, 24],
  ['the definition', '2h', 2],
] as const)(
  'a run that passes the deadline of %s fails with a code of its own, and compensates',
  async (_, deadline, hours) => {
    const mesh = new World(slow.contract, [workflow(deadline)], behaviours);
    const began = mesh.now;
    mesh.start('slow', { id: 'o1' });
    await mesh.settle(() => mesh.documents.size > 0 && mesh.run('slow', 'o1').status === 'failed');
    expect(mesh.run('slow', 'o1')).toMatchObject({
      status: 'failed',
      failure: { code: 'RunDeadlineExceeded' },
      deadlineAt: new Date(began + hours * 3_600_000),
    });
    expect(mesh.now - began).toBe(hours * 3_600_000);
    expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
    expect(seen.at(-1)).toMatchObject({ code: 'RunDeadlineExceeded' });
  },
);

test('the deadline of a run that has ended has no effect', async () => {
  const quick = defineWorkflow({
    name: 'slow',
    version: 1,
    input: Input,
    deadline: '1h',
    run: (wf) => wf.sleep('1m'),
  });
  const mesh = new World(slow.contract, [quick], behaviours);
  mesh.start('slow', { id: 'o1' });
  await mesh.settle();
  expect(mesh.run('slow', 'o1').status).toBe('completed');
  expect(mesh.deadLetters).toEqual([]);
});
