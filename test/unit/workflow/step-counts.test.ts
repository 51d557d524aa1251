import { expect, test } from 'vitest';
import { worker } from './agents.ts';
import { sagaWorld } from './saga-world.ts';

test('a step that lost a race, and one that was left alone, did not fail', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      await Promise.race([wf.sleep('1s'), wf.call(worker.a, { id: 'a' })]);
      await wf.call(worker.b, { id: 'b' }).catch(() => {});
    },
    {
      'worker.a': () => undefined,
      'worker.b': () => ({ ok: false, error: { code: 'Rejected', message: 'no' } }),
    },
  );
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({
    status: 'completed',
    steps: { total: 3, done: 1, failed: 1, open: 0 },
  });
});
