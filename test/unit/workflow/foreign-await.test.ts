import { expect, test } from 'vitest';
import * as z from 'zod';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { WorkflowContext } from '../../../shared/workflow/index.ts';
import { eventually } from '../../support/eventually.ts';
import { worker } from './agents.ts';
import { saga, sagaWorld } from './saga-world.ts';

const RUN = runIdOf('saga', 'o1');

let hangsAt = 0;
async function helper(): Promise<void> {
  hangsAt = Number(/foreign-await\.test\.ts:(\d+)/.exec(`${new Error().stack}`)?.[1]) + 1;
  await new Promise(() => {});
}

test('a run that awaits something foreign is blocked, naming the line, and goes on once it is mended (I9)', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.call(worker.a, { id: 'a' });
    await null;
    await Promise.all([Promise.resolve(1), (async () => 2)()]);
    await helper();
    return 'never';
  });
  await mesh.deliver();
  const { status, failure } = mesh.run('saga', 'o1');
  expect(status).toBe('blocked');
  expect(failure?.code).toBe('ForeignAwait');
  expect(failure?.message).toContain(`test/unit/workflow/foreign-await.test.ts:${hangsAt}`);
  mesh.deploy([
    saga(async (wf: WorkflowContext) => {
      await wf.call(worker.a, { id: 'a' });
      return 'mended';
    }),
  ]);
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'mended' });
});

test('a foreign await is found even where a step is pending, as soon as it goes on', async () => {
  let woke: () => void = () => {};
  const wake = new Promise<void>((resolve) => {
    woke = resolve;
  });
  const mesh = sagaWorld(async (wf) => {
    await Promise.race([wf.signal('go', { schema: z.any() }), wake]);
    await wf.call(worker.a, { id: 'a' });
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('running');
  woke();
  await eventually(() =>
    expect(mesh.logged).toContainEqual(
      expect.objectContaining({
        level: 'error',
        fields: expect.objectContaining({
          code: 'ForeignAwait',
          line: expect.stringContaining('foreign-await.test.ts'),
        }),
      }),
    ),
  );
  expect(mesh.commands).toEqual([]);
  mesh.cancel(RUN);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
});

test('an operation used after the workflow has returned is refused, and logged with its line', async () => {
  const mesh = sagaWorld(async (wf) => {
    void (async () => {
      await null;
      await null;
      await wf.call(worker.a, { id: 'a' }).catch(() => {});
    })();
    return 'over';
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('completed');
  expect(mesh.commands).toEqual([]);
  expect(mesh.logged).toContainEqual(
    expect.objectContaining({
      message: 'wf.call was used after the workflow had returned',
      fields: expect.objectContaining({ line: expect.stringContaining('foreign-await.test.ts') }),
    }),
  );
});
