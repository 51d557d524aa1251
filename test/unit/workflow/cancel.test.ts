import { expect, test } from 'vitest';
import * as z from 'zod';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { host, worker } from './agents.ts';
import { sagaWorld } from './saga-world.ts';
import { done } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const back = ({ input }: { input: { id: string } }) => ({ id: input.id });

async function three(wf: WorkflowContext): Promise<string> {
  await wf.call(worker.a, { id: 'a' }, { compensate: undo(worker.undoA, back) });
  await wf.call(worker.b, { id: 'b' }, { compensate: undo(worker.undoB, back) });
  await wf.sleep('1h');
  await wf.call(worker.c, { id: 'c' }, { compensate: undo(worker.undoC, back) });
  return 'done';
}

test('wherever a run is cancelled, what it did is undone in reverse, and nothing new is begun', async () => {
  const whole = sagaWorld(three);
  let deliveries = 0;
  while (await whole.deliverNext()) deliveries += 1;
  expect(deliveries).toBe(5);
  for (let point = 1; point <= deliveries + 1; point++) {
    const mesh = sagaWorld(three);
    for (let delivered = 0; delivered < point; delivered++) await mesh.deliverNext();
    mesh.cancel(RUN, 'the customer called');
    await mesh.settle();
    expect(mesh.run('saga', 'o1')).toMatchObject({
      status: 'cancelled',
      failure: { code: 'RunCancelled', message: 'the run was cancelled: the customer called' },
    });
    const effects = mesh.commands.filter((type) => !type.includes('undo'));
    const undone = mesh.commands.filter((type) => type.includes('undo'));
    // A step may be undone twice: unknowing, and once more when its reply tells that it was done.
    const order = undone.filter((type, at) => undone.indexOf(type) === at);
    expect(order).toEqual(
      effects
        .map((type) => type.replace('worker.', 'worker.undo').replace(/.$/, (last) => last.toUpperCase()))
        .reverse(),
    );
    expect(mesh.replies.at(-1)?.message.data).toMatchObject({ ok: false, error: { code: 'RunCancelled' } });
  }
});

test('compensations are shielded from cancellation', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      await wf.call(worker.a, { id: 'a' }, { compensate: undo(worker.undoA, back) });
      throw new Error('no');
    },
    { 'worker.undoA': () => undefined },
  );
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('compensating');
  const { commits } = mesh;
  mesh.cancel(RUN);
  await mesh.settle();
  expect(mesh.commits).toBe(commits);
  mesh.reply(RUN, 'undo-1.1', { ok: true, output: null });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'failed', failure: { message: 'no' } });
});

test('cancellation is final: code that catches it can begin nothing, and the run is cancelled all the same', async () => {
  const seen: unknown[] = [];
  const mesh = sagaWorld(async (wf) => {
    await wf.call(worker.a, { id: 'a' }, { compensate: undo(worker.undoA, back) });
    await wf.sleep('1h').catch((error) => seen.push(error));
    wf.publish(host.shipped, { id: 'x' });
    await wf.call(worker.b, { id: 'b' }).catch((error) => seen.push(error));
    return 'completed';
  });
  await mesh.deliver();
  mesh.cancel(RUN);
  await mesh.settle();
  expect(seen).toMatchObject([{ code: 'RunCancelled' }, { code: 'RunCancelled' }]);
  expect(mesh.events).toEqual([]);
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test('cancelling twice, or a run that has ended, changes nothing', async () => {
  const mesh = sagaWorld((wf) => wf.signal('go', { schema: z.any() }));
  await mesh.settle();
  mesh.cancel(RUN);
  mesh.cancel(RUN);
  await mesh.settle();
  expect(mesh.commits).toBe(2);
  expect(mesh.deadLetters).toEqual([]);
});

test('a command that is answered only after the cancellation is undone with what it returned', async () => {
  let late = false;
  const mesh = sagaWorld(
    (wf) =>
      wf.call(
        worker.a,
        { id: 'a' },
        {
          compensate: undo(worker.undoA, ({ input, output }) => ({
            id: input.id,
            ref: output?.ref ?? 'unknown',
          })),
        },
      ),
    { 'worker.a': () => (late ? done({ ref: 'r' }) : undefined) },
  );
  await mesh.deliver();
  mesh.cancel(RUN);
  await mesh.settle();
  late = true;
  mesh.reply(RUN, '1.1', { ok: true, output: { ref: 'r' } });
  await mesh.settle();
  expect(mesh.handled.slice(1).map(({ data }) => data)).toEqual([
    { id: 'a', ref: 'unknown' },
    { id: 'a', ref: 'r' },
  ]);
});
