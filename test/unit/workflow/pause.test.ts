import { expect, test } from 'vitest';
import * as z from 'zod';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { PAUSE, RESUME, TERMINATE } from '../../../shared/contract/message.ts';
import { undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { saga, sagaWorld } from './saga-world.ts';
import { done, fails } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const back = ({ input }: { input: { id: string } }) => ({ id: input.id });
const silent = () => undefined;

async function two(wf: WorkflowContext): Promise<string> {
  await wf.call(worker.a, { id: 'a' }, { compensate: undo(worker.undoA, back) });
  const { by } = await wf.signal('approval', { schema: z.object({ by: z.string() }) });
  await wf.call(worker.b, { id: by });
  return by;
}

test('a paused run keeps what comes, dispatches nothing, and takes it in order when it goes on', async () => {
  const mesh = sagaWorld(two, { 'worker.a': silent });
  await mesh.deliver();
  mesh.post({ type: PAUSE, runId: RUN, data: { reason: 'maintenance' } });
  mesh.reply(RUN, '1.1', { ok: true, output: { ref: 'r' } });
  mesh.reply(RUN, '1.1', { ok: true, output: { ref: 'r' } });
  mesh.signal(RUN, 'approval', { by: 'ann' });
  mesh.signal(RUN, 'approval', { by: 'bob' });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'paused', paused: { reason: 'maintenance' } });
  expect(mesh.run('saga', 'o1').kept).toHaveLength(3);
  expect(mesh.commands).toEqual(['worker.a']);
  mesh.post({ type: RESUME, runId: RUN });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'ann', kept: [] });
  expect(mesh.run('saga', 'o1').paused).toBeUndefined();
});

test('a paused run can be cancelled: what it did is undone, what came meanwhile included', async () => {
  const mesh = sagaWorld(two, { 'worker.a': silent });
  await mesh.deliver();
  mesh.post({ type: PAUSE, runId: RUN });
  mesh.reply(RUN, '1.1', { ok: true, output: { ref: 'r' } });
  mesh.cancel(RUN);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
  // Once: that it was done was known before the cancellation came.
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test.each([
  ['done', { ok: true, output: { ref: 'r' } }, [{ id: 'a: r' }]],
  ['refused', { ok: false, error: { code: 'Rejected', message: 'no' } }, []],
  ['failed', { ok: false, error: { code: 'ProviderFailed', message: 'no' } }, [{ id: 'a: ?' }]],
] as const)(
  'a step that is told to be %s while its run is paused is undone accordingly, once',
  async (_, reply, undone) => {
    const mesh = sagaWorld(
      (wf) =>
        wf.call(
          worker.a,
          { id: 'a' },
          { compensate: undo(worker.undoA, ({ output }) => ({ id: `a: ${output?.ref ?? '?'}` })) },
        ),
      { 'worker.a': silent },
    );
    await mesh.deliver();
    mesh.post({ type: PAUSE, runId: RUN });
    mesh.reply(RUN, '1.1', reply);
    mesh.cancel(RUN);
    await mesh.settle();
    expect(mesh.run('saga', 'o1').status).toBe('cancelled');
    expect(mesh.handled.filter(({ type }) => type === 'worker.undoA').map(({ data }) => data)).toEqual(
      undone,
    );
  },
);

test('a cancellation that was kept while compensations were paused goes before what came with it: nothing is begun', async () => {
  const mesh = sagaWorld(two);
  await mesh.deliver();
  mesh.post({ type: PAUSE, runId: RUN, data: { compensation: true } });
  mesh.signal(RUN, 'approval', { by: 'ann' });
  mesh.cancel(RUN);
  await mesh.deliver();
  mesh.post({ type: RESUME, runId: RUN });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test('compensations are paused only when that is asked for', async () => {
  const mesh = sagaWorld(two, { 'worker.undoA': silent });
  await mesh.deliver();
  mesh.cancel(RUN);
  await mesh.deliver();
  mesh.post({ type: PAUSE, runId: RUN });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('compensating');
  mesh.post({ type: PAUSE, runId: RUN, data: { compensation: true } });
  mesh.reply(RUN, 'undo-1.1', { ok: true, output: null });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('paused');
  mesh.post({ type: RESUME, runId: RUN });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
});

test('a cancellation waits where compensations are paused, a termination does not', async () => {
  const mesh = sagaWorld(two);
  await mesh.deliver();
  mesh.post({ type: PAUSE, runId: RUN, data: { compensation: true } });
  mesh.cancel(RUN);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('paused');
  mesh.post({ type: TERMINATE, runId: RUN });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('terminated');
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test('to pause twice, to pause what has ended, and to resume what goes on have no effect', async () => {
  const mesh = sagaWorld(two);
  await mesh.deliver();
  mesh.post({ type: RESUME, runId: RUN });
  mesh.post({ type: PAUSE, runId: RUN });
  await mesh.settle();
  const { commits } = mesh;
  mesh.post({ type: PAUSE, runId: RUN });
  await mesh.settle();
  expect(mesh.commits).toBe(commits);
  mesh.post({ type: RESUME, runId: RUN });
  mesh.signal(RUN, 'approval', { by: 'ann' });
  await mesh.settle();
  mesh.post({ type: PAUSE, runId: RUN });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('completed');
});

test('a blocked run can be paused, and goes on when it is let and the code fits again', async () => {
  const mesh = sagaWorld(two);
  await mesh.deliver();
  mesh.deploy([saga(async (wf) => wf.sleep('1s'))]);
  mesh.warm = false;
  mesh.signal(RUN, 'approval', { by: 'ann' });
  await mesh.deliver();
  expect(mesh.run('saga', 'o1').status).toBe('blocked');
  mesh.post({ type: PAUSE, runId: RUN });
  await mesh.deliver();
  mesh.deploy([saga(two)]);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('paused');
  mesh.post({ type: RESUME, runId: RUN });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('completed');
});

test('a failure that comes for a paused run is taken when it goes on', async () => {
  const mesh = sagaWorld(two, { 'worker.b': () => fails('Rejected', 'no'), 'worker.undoA': () => done() });
  await mesh.deliver();
  mesh.signal(RUN, 'approval', { by: 'ann' });
  mesh.post({ type: PAUSE, runId: RUN });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('paused');
  mesh.post({ type: RESUME, runId: RUN });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('failed');
  expect(mesh.commands.at(-1)).toBe('worker.undoA');
});
