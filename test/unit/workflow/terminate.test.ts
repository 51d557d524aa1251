import { expect, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { TERMINATE } from '../../../shared/contract/message.ts';
import { undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { sagaWorld } from './saga-world.ts';

const RUN = runIdOf('saga', 'o1');
const back = ({ input }: { input: { id: string } }) => ({ id: input.id });

async function two(wf: WorkflowContext): Promise<string> {
  await wf.call(worker.a, { id: 'a' }, { compensate: undo(worker.undoA, back) });
  await wf.call(worker.b, { id: 'b' }, { compensate: undo(worker.undoB, back) });
  await wf.sleep('1h').catch(() => {});
  await wf.call(worker.c, { id: 'c' });
  return 'done';
}

test('a run that is terminated ends, its code untold, and what it did is undone', async () => {
  const mesh = sagaWorld(two);
  await mesh.deliver();
  mesh.post({ type: TERMINATE, runId: RUN, data: { reason: 'it loops' } });
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.b', 'worker.undoB', 'worker.undoA']);
  expect(mesh.run('saga', 'o1')).toMatchObject({
    status: 'terminated',
    failure: { code: 'RunTerminated', message: 'the run was terminated: it loops' },
  });
  expect(mesh.replies.at(-1)?.message.data).toMatchObject({ ok: false, error: { code: 'RunTerminated' } });
});

test('without compensation nothing is undone, at whatever moment it is terminated', async () => {
  const whole = sagaWorld(two);
  let deliveries = 0;
  while (await whole.deliverNext()) deliveries += 1;
  for (let point = 1; point <= deliveries; point++) {
    const mesh = sagaWorld(two);
    for (let delivered = 0; delivered < point; delivered++) await mesh.deliverNext();
    mesh.post({ type: TERMINATE, runId: RUN, data: { compensate: false } });
    await mesh.settle();
    expect(mesh.commands.filter((type) => type.includes('undo'))).toEqual([]);
    expect(mesh.run('saga', 'o1').status).toBe('terminated');
    expect(mesh.deadLetters).toEqual([]);
  }
});

test('a run that is being undone can be left as it is', async () => {
  const mesh = sagaWorld(two, { 'worker.undoB': () => undefined });
  await mesh.deliver();
  mesh.cancel(RUN);
  await mesh.deliver();
  expect(mesh.run('saga', 'o1').status).toBe('compensating');
  mesh.post({ type: TERMINATE, runId: RUN, data: { compensate: false } });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'terminated', waitingFor: [] });
  expect(mesh.commands.at(-1)).toBe('worker.undoB');
});

test('a run that has ended is as it ended', async () => {
  const mesh = sagaWorld(async () => 'done');
  await mesh.settle();
  const { commits } = mesh;
  mesh.post({ type: TERMINATE, runId: RUN, data: { compensate: false } });
  mesh.post({ type: TERMINATE, runId: RUN });
  await mesh.settle();
  expect(mesh.commits).toBe(commits);
  expect(mesh.run('saga', 'o1').status).toBe('completed');
});
