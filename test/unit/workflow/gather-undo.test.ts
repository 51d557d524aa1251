import { expect, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { each } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { compensate, items, LATE, only } from './gather-world.ts';
import { sagaWorld } from './saga-world.ts';
import { done, fails } from './world.ts';

const RUN = runIdOf('saga', 'o1');
/** A gather that is complete with the first of two answers, the other coming late. */
function lateWorld(lateReplies: 'ignore' | 'record' | 'compensate' | undefined) {
  return sagaWorld(
    async (wf) => {
      await wf.gather(each(worker.a, items(2), { compensate }), {
        quorum: 1,
        ...(lateReplies && { lateReplies }),
      });
      await wf.signal('go', { schema: worker.a.input.optional() });
      throw new Error('no');
    },
    { 'worker.a': only('0') },
  );
}

test('a late success is undone at once, and once', async () => {
  const mesh = lateWorld(undefined);
  await mesh.settle();
  mesh.reply(RUN, '1/1.1', LATE);
  await mesh.settle();
  const { commits } = mesh;
  mesh.reply(RUN, '1/1.1', LATE);
  await mesh.settle();
  expect(mesh.commits).toBe(commits);
  expect(mesh.run('saga', 'o1').status).toBe('running');
  expect(mesh.handled.slice(2)).toMatchObject([{ type: 'worker.undoA', data: { id: '1', ref: 'late' } }]);
  mesh.signal(RUN, 'go');
  await mesh.settle();
  expect(mesh.handled.slice(3)).toMatchObject([{ data: { id: '0' } }]);
});

test('a late success that is to be recorded is undone only with the run, by what is known of it', async () => {
  const mesh = lateWorld('record');
  await mesh.settle();
  mesh.reply(RUN, '1/1.1', LATE);
  mesh.reply(RUN, '1/1.1', LATE);
  await mesh.settle();
  expect(mesh.handled).toHaveLength(2);
  mesh.signal(RUN, 'go');
  await mesh.settle();
  expect(mesh.handled.slice(2).map(({ data }) => data)).toEqual([
    { id: '1', ref: 'late' },
    { id: '0', ref: 'ref-0' },
  ]);
});

test('a late success that is to be ignored changes nothing, until the run is undone', async () => {
  const mesh = lateWorld('ignore');
  await mesh.settle();
  const { commits } = mesh;
  mesh.reply(RUN, '1/1.1', LATE);
  await mesh.settle();
  expect(mesh.commits).toBe(commits);
  mesh.signal(RUN, 'go');
  await mesh.settle();
  mesh.reply(RUN, '1/1.1', LATE);
  await mesh.settle();
  expect(mesh.handled.slice(2).map(({ data }) => data)).toEqual([
    { id: '1' },
    { id: '0', ref: 'ref-0' },
    { id: '1', ref: 'late' },
  ]);
});

test('a branch that failed in doubt, and is let fail, is undone at once: nobody else would', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      await wf.gather(each(worker.a, items(3), { compensate }), { tolerate: { failures: 2 } });
      await wf.signal('go', { schema: worker.a.input.optional() });
    },
    {
      'worker.a': ({ id }: { id: string }) =>
        id === '0' ? fails('HandlerTimeout') : id === '1' ? fails('Rejected', 'no') : done({ ref: 'r' }),
    },
  );
  await mesh.settle();
  expect(mesh.handled.slice(3)).toMatchObject([{ type: 'worker.undoA', data: { id: '0' } }]);
  mesh.signal(RUN, 'go');
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('completed');
  expect(mesh.handled).toHaveLength(4);
});

test('a branch that is left between two attempts, the first in doubt, is undone at once', async () => {
  const retry = { maxAttempts: 2, minBackoff: '1h' } as const;
  const mesh = sagaWorld(
    (wf) => wf.gather(each(worker.a, items(2), { compensate, retry }), { quorum: 1, deadline: '5s' }),
    {
      'worker.a': ({ id }: { id: string }) => (id === '0' ? fails('HandlerTimeout') : done({ ref: 'r' })),
    },
  );
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('completed');
  expect(mesh.handled.slice(2)).toMatchObject([{ type: 'worker.undoA', data: { id: '0' } }]);
});

test('a run that is cancelled undoes the branches that are under way too', async () => {
  const mesh = sagaWorld((wf) => wf.gather(each(worker.a, items(3), { compensate })), {
    'worker.a': only('1'),
  });
  await mesh.deliver();
  mesh.cancel(RUN);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
  expect(mesh.handled.slice(3).map(({ data }) => data)).toEqual([
    { id: '2' },
    { id: '1', ref: 'ref-1' },
    { id: '0' },
  ]);
});
