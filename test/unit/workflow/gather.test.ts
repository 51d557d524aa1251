import { expect, expectTypeOf, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { runPath } from '../../../shared/contract/names.ts';
import { branch, each, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { stranger, worker } from './agents.ts';
import { compensate, items, LATE, only } from './gather-world.ts';
import { sagaWorld } from './saga-world.ts';
import { type Behaviour, done, fails } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const silent: Behaviour = () => undefined;
const rejects =
  (...ids: string[]): Behaviour =>
  ({ id }: { id: string }) =>
    ids.includes(id) ? fails('Rejected', 'no') : done({ ref: `ref-${id}` });

test('calls of several agents’ commands are scattered, and gathered in the order in which they were given', async () => {
  const mesh = sagaWorld((wf) => wf.gather([branch(worker.b, { id: '1' }), branch(worker.a, { id: '2' })]));
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.b', 'worker.a']);
  expect(mesh.run('saga', 'o1').output).toEqual({
    reason: 'all',
    branches: [
      { status: 'done', output: { ref: 'ref-1' } },
      { status: 'done', output: { ref: 'ref-2' } },
    ],
    outputs: [{ ref: 'ref-1' }, { ref: 'ref-2' }],
  });
});

test('each branch has the type of its own command', () => {
  const scatter = async (wf: WorkflowContext) => {
    const two = await wf.gather([branch(worker.a, { id: '1' }), branch(worker.undoA, { id: '2' })]);
    const [first, second] = two.branches;
    if (first.status === 'done') expectTypeOf(first.output).toEqualTypeOf<{ ref: string }>();
    if (second.status === 'done') expectTypeOf(second.output).toEqualTypeOf<undefined>();
    const many = await wf.gather(each(worker.a, items(2)));
    expectTypeOf(many.outputs).toEqualTypeOf<readonly { ref: string }[]>();
    // @ts-expect-error: the input is not the command's
    branch(worker.a, { name: '1' });
  };
  expect(scatter).toBeTypeOf('function');
});

test('nothing to gather is gathered at once', async () => {
  const mesh = sagaWorld((wf) => wf.gather([]));
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual({ reason: 'all', branches: [], outputs: [] });
});

test('a quorum completes it, and those that have not answered are open', async () => {
  const mesh = sagaWorld((wf) => wf.gather(each(worker.a, items(4)), { quorum: 2 }), {
    'worker.a': only('1', '3'),
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toMatchObject({
    reason: 'quorum',
    branches: [{ status: 'open' }, { status: 'done' }, { status: 'open' }, { status: 'done' }],
    outputs: [{ ref: 'ref-1' }, { ref: 'ref-3' }],
  });
});

test('a deadline completes it with what there is, and the agents are told of it', async () => {
  const mesh = sagaWorld((wf) => wf.gather(each(worker.a, items(3)), { deadline: '10s' }), {
    'worker.a': only('2'),
  });
  const begun = mesh.now;
  await mesh.settle();
  expect(mesh.now - begun).toBe(10_000);
  expect(mesh.handled[0]).toMatchObject({ deadline: '2026-01-01T00:00:10.000Z' });
  expect(mesh.run('saga', 'o1').output).toMatchObject({ reason: 'deadline', outputs: [{ ref: 'ref-2' }] });
});

test.each([
  ['one failure, where none is tolerated', {}, ['0'], 'tolerance-exceeded'],
  [
    'more failures than the number that is tolerated',
    { tolerate: { failures: 1 } },
    ['0', '1'],
    'tolerance-exceeded',
  ],
  [
    'more failures than the share that is tolerated',
    { tolerate: { share: 0.25 } },
    ['0', '1'],
    'tolerance-exceeded',
  ],
  ['a quorum out of reach', { quorum: 3 }, ['0', '1'], 'quorum-unreachable'],
])('%s: it rejects, and what was done is undone when the run fails', async (_, options, refused, reason) => {
  const mesh = sagaWorld((wf) => wf.gather(each(worker.a, items(4), { compensate }), options), {
    'worker.a': rejects(...refused),
  });
  await mesh.settle();
  const { status, failure } = mesh.run('saga', 'o1');
  expect(status).toBe('failed');
  expect(failure).toMatchObject({ code: 'GatherFailed', reason });
  // One whose answer is still on its way is undone at once, and once more when that has come.
  const undone = mesh.handled
    .filter(({ type }) => type === 'worker.undoA')
    .map(({ data }) => (data as { id: string }).id);
  expect([...new Set(undone)]).toEqual(['3', '2', '1', '0'].filter((id) => !refused.includes(id)));
});

test('failures that are tolerated are in the result, by their reason', async () => {
  const mesh = sagaWorld(
    (wf) => wf.gather(each(worker.a, items(4)), { tolerate: { failures: 5, share: 0.5 } }),
    { 'worker.a': rejects('0', '2') },
  );
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toMatchObject({
    reason: 'all',
    branches: [
      { status: 'failed', failure: { code: 'Rejected', reason: 'no' } },
      {},
      { status: 'failed' },
      {},
    ],
    outputs: [{ ref: 'ref-1' }, { ref: 'ref-3' }],
  });
});

test('a quorum that is not reached by the deadline rejects', async () => {
  const mesh = sagaWorld((wf) => wf.gather(each(worker.a, items(3)), { quorum: 2, deadline: '10s' }), {
    'worker.a': only('0'),
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').failure).toMatchObject({ code: 'GatherFailed', reason: 'deadline' });
});

test('a failed gather that is caught leaves what was done as it is', async () => {
  const mesh = sagaWorld(
    (wf) => wf.gather(each(worker.a, items(3), { compensate })).catch((error) => error.reason),
    { 'worker.a': rejects('2') },
  );
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'tolerance-exceeded' });
  expect(mesh.commands).toEqual(['worker.a', 'worker.a', 'worker.a']);
});

test('branches are undone in the reverse order of their start, between the steps before and after them', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.call(worker.b, { id: 'b' }, { compensate: undo(worker.undoB, ({ input }) => input) });
    await wf.gather(each(worker.a, items(3), { compensate }));
    await wf.call(worker.c, { id: 'c' }, { compensate: undo(worker.undoC, ({ input }) => input) });
    throw new Error('no');
  });
  await mesh.settle();
  expect(mesh.handled.slice(5).map(({ type, data }) => [type, data])).toEqual([
    ['worker.undoC', { id: 'c' }],
    ['worker.undoA', { id: '2', ref: 'ref-2' }],
    ['worker.undoA', { id: '1', ref: 'ref-1' }],
    ['worker.undoA', { id: '0', ref: 'ref-0' }],
    ['worker.undoB', { id: 'b' }],
  ]);
});

test('a branch whose outcome is unknown is undone without its output; one that was refused or never sent is not', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      await wf.gather(each(worker.a, items(5), { compensate }), { quorum: 1, concurrency: 3 });
      throw new Error('no');
    },
    {
      'worker.a': ({ id }: { id: string }) =>
        id === '1' ? fails('Rejected', 'no') : only('2')({ id } as never, {} as never),
    },
  );
  await mesh.settle();
  const undone = mesh.handled.filter(({ type }) => type === 'worker.undoA').map(({ data }) => data);
  expect(undone).toEqual([{ id: '3' }, { id: '2', ref: 'ref-2' }, { id: '0' }]);
});

test('a branch times out by itself, as one failure, by one timer for all that are due', async () => {
  const mesh = sagaWorld(
    (wf) => wf.gather(each(worker.a, items(50), { timeout: '5s' }), { tolerate: { share: 1 } }),
    { 'worker.a': only('7') },
  );
  await mesh.deliver();
  const { commits } = mesh;
  await mesh.settle();
  // The one that all share, and no other.
  expect(mesh.commits - commits).toBe(1);
  const { branches } = mesh.run('saga', 'o1').output as { branches: unknown[] };
  expect(branches[7]).toMatchObject({ status: 'done' });
  expect(branches[8]).toMatchObject({ status: 'failed', failure: { code: 'StepTimeout' } });
});

test('branches of several timeouts each keep to their own', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      const begun = wf.now().getTime();
      const timed = (id: string, timeout: '9s' | '3s' | '6s') => branch(worker.a, { id }, { timeout });
      const failed = await wf
        .gather([timed('0', '9s'), timed('1', '3s'), timed('2', '6s')], { tolerate: { failures: 1 } })
        .catch((error) => error.reason);
      return [failed, wf.now().getTime() - begun];
    },
    { 'worker.a': silent },
  );
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual(['tolerance-exceeded', 6_000]);
});

test('a branch is tried again by its own policy', async () => {
  let tries = 0;
  const mesh = sagaWorld((wf) => wf.gather(each(worker.a, items(1), { retry: { maxAttempts: 3 } })), {
    'worker.a': () => (++tries < 3 ? fails('ProviderFailed') : done({ ref: 'r' })),
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toMatchObject({ outputs: [{ ref: 'r' }] });
  expect(mesh.handled.map(({ stepId }) => stepId)).toEqual(['1/0.1', '1/0.2', '1/0.3']);
});

test('no more are under way than the concurrency says', async () => {
  const mesh = sagaWorld((wf) => wf.gather(each(worker.a, items(5)), { concurrency: 2 }), {
    'worker.a': silent,
  });
  await mesh.deliver();
  expect(mesh.handled).toHaveLength(2);
  expect(mesh.run('saga', 'o1').waitingFor).toEqual(['gather worker.a (5 of 5 left)']);
  mesh.reply(RUN, '1/1.1', LATE);
  await mesh.deliver();
  expect(mesh.handled.map(({ stepId }) => stepId)).toEqual(['1/0.1', '1/1.1', '1/2.1']);
});

test('a branch that can’t be sent is a failure like any other, before anything is sent for nothing', async () => {
  const refused = sagaWorld((wf) =>
    wf.gather([branch(worker.a, { id: '0' }), branch(stranger.hello, { id: '1' })]),
  );
  await refused.settle();
  expect(refused.run('saga', 'o1').failure).toMatchObject({ code: 'GatherFailed' });
  expect(refused.run('saga', 'o1').failure?.message).toContain('CallNotDeclared');
  expect(refused.handled).toEqual([]);
  const tolerated = sagaWorld((wf) =>
    wf.gather([branch(worker.a, { id: '0' }), branch(worker.a, { id: 1 } as never)], { quorum: 1 }),
  );
  await tolerated.settle();
  expect(tolerated.run('saga', 'o1').output).toMatchObject({
    branches: [{ status: 'done' }, { status: 'failed', failure: { code: 'SchemaMismatch', field: 'id' } }],
  });
});

test.each([
  [{ quorum: 3 }],
  [{ quorum: 0 }],
  [{ concurrency: 0 }],
  [{ tolerate: { share: 2 } }],
  [{ tolerate: { failures: -1 } }],
])('the rule %j makes no sense for two branches', async (options) => {
  const mesh = sagaWorld((wf) => wf.gather(each(worker.a, items(2)), options));
  await mesh.settle();
  expect(mesh.run('saga', 'o1').failure).toMatchObject({ code: 'WorkflowFailed' });
  expect(mesh.handled).toEqual([]);
});

test('code that gathers another number of branches than the history holds is parked', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.gather(each(worker.a, items(2)));
    await wf.sleep('1s');
  });
  await mesh.deliver();
  const { saga } = await import('./saga-world.ts');
  mesh.deploy([
    saga(async (wf) => {
      await wf.gather(each(worker.a, items(3)));
      await wf.sleep('1s');
    }),
  ]);
  await mesh.settle(() => mesh.run('saga', 'o1').status === 'blocked');
  expect(mesh.run('saga', 'o1').failure?.code).toBe('NonDeterministic');
});

test('a thousand branches fit the documents of today', async () => {
  const mesh = sagaWorld(async (wf) => {
    const { outputs } = await wf.gather(each(worker.a, items(1_000), { timeout: '1h', compensate }));
    return outputs.length;
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 1_000 });
  const stored = JSON.stringify(mesh.documents.get(runPath(RUN))?.fields).length;
  expect(stored).toBeLessThan(400_000);
});
