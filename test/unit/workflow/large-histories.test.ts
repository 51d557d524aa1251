import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { each, undo } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { sagaWorld } from './saga-world.ts';
import { fails, type World } from './world.ts';

/** Text that does not compress to less than three quarters. */
function noise(seed: string, bytes: number): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes / 26; at++)
    parts.push(createHash('sha1').update(`${seed} ${at}`).digest('hex'));
  return Buffer.from(parts.join(''), 'hex').toString('base64').slice(0, bytes);
}
const compensate = undo(worker.undoA, ({ input }: { input: { id: string } }) => ({ id: input.id }));
/** https://firebase.google.com/docs/firestore/quotas#limits */
const MOST_DOCUMENT_BYTES = 1_048_576;

function largest(mesh: World): number {
  const sizes = [...mesh.documents.values()].map(({ fields }) =>
    Object.values(fields).reduce<number>(
      (sum, value) =>
        sum + (value instanceof Uint8Array ? value.byteLength : Buffer.byteLength(JSON.stringify(value))),
      0,
    ),
  );
  return Math.max(...sizes);
}

test('a gather whose beginning is larger than a document is kept on several pages, and undone', async () => {
  const inputs = Array.from({ length: 16 }, (_, at) => ({ id: noise(`input ${at}`, 50_000) }));
  const mesh = sagaWorld(
    async (wf) => {
      await wf.gather(each(worker.a, inputs, { compensate }));
      await wf.call(worker.b, { id: 'b' });
    },
    { 'worker.b': () => fails('Rejected', 'no') },
  );
  await mesh.settle(() => mesh.commands.includes('worker.b'));
  // From the stored history alone.
  mesh.warm = false;
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('failed');
  expect(mesh.commands.filter((type) => type === 'worker.undoA')).toHaveLength(inputs.length);
  expect(largest(mesh)).toBeLessThan(MOST_DOCUMENT_BYTES);
  const begun = mesh.history('saga', 'o1').find((entry) => entry.e === 'step' && entry.op === 'gather');
  expect(JSON.stringify(begun).length).toBeGreaterThan(MOST_DOCUMENT_BYTES);
  expect([...mesh.documents.values()].filter(({ fields }) => fields.goesOn).length).toBeGreaterThan(0);
});

test('steps begun at once that no commit could hold fail the run with a clear error, and what was done before is undone', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.call(worker.a, { id: 'a' }, { compensate });
    await Promise.all(
      Array.from({ length: 90 }, (_, at) => wf.call(worker.b, { id: noise(`call ${at}`, 90_000) })),
    );
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({
    status: 'failed',
    failure: { code: 'HistoryTooLarge', message: expect.stringMatching(/begins .* at once/) },
  });
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
  expect(mesh.deadLetters).toEqual([]);
  expect(mesh.documents.has(`workflows/${runIdOf('saga', 'o1')}`)).toBe(true);
});

test('so do those that a run begins with', async () => {
  const mesh = sagaWorld((wf) =>
    Promise.all(
      Array.from({ length: 90 }, (_, at) => wf.call(worker.b, { id: noise(`call ${at}`, 90_000) })),
    ),
  );
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'failed', failure: { code: 'HistoryTooLarge' } });
  expect(mesh.commands).toEqual([]);
  expect(mesh.replies).toHaveLength(1);
});
