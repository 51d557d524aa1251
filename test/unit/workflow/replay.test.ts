import { expect, test } from 'vitest';
import * as z from 'zod';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { host, worker } from './agents.ts';
import { saga, sagaWorld } from './saga-world.ts';

const RUN = runIdOf('saga', 'o1');
const go = z.string();
const back = ({ input }: { input: { id: string } }) => ({ id: input.id });
const callA = (wf: WorkflowContext) =>
  wf.call(worker.a, { id: 'a' }, { compensate: undo(worker.undoA, back) });

test('now, uuid and side effects are the same on every replay, and logs are written once', async () => {
  let effects = 0;
  const seen: unknown[] = [];
  const mesh = sagaWorld(async (wf) => {
    const facts = [
      wf.now().toISOString(),
      wf.uuid(),
      wf.uuid(),
      [wf.random(), wf.random()],
      await wf.sideEffect('count', () => ++effects),
    ];
    seen.push(facts);
    wf.log.info('begun');
    await wf.sleep('1h');
    const nothing = await wf.sideEffect('nothing', async () => undefined);
    const fault = await wf.sideEffect('fault', () => Promise.reject(new Error('no'))).catch(String);
    await callA(wf);
    return [nothing ?? 'nothing', fault, wf.now().toISOString()];
  });
  mesh.warm = false;
  await mesh.settle();
  expect(seen).toHaveLength(3);
  expect(new Set(seen.map((facts) => JSON.stringify(facts))).size).toBe(1);
  expect(seen[0]).toEqual([
    '2026-01-01T00:00:00.000Z',
    expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    expect.any(String),
    [expect.any(Number), expect.any(Number)],
    1,
  ]);
  expect(mesh.logged.filter(({ message }) => message === 'begun')).toHaveLength(1);
  expect(mesh.run('saga', 'o1').output).toEqual(['nothing', 'MeshError: no', '2026-01-01T01:00:00.000Z']);
});

test('an event is published once', async () => {
  const mesh = sagaWorld(async (wf) => {
    wf.publish(host.shipped, { id: 'o1' });
    await wf.sleep('1s');
    await callA(wf);
  });
  await mesh.settle();
  expect(mesh.events).toMatchObject([{ type: 'shop.shipped', data: { id: 'o1' } }]);
});

test('parallel steps settle in the order of the history', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      const order: string[] = [];
      const watch = (name: string, step: Promise<unknown>) => step.then(() => order.push(name));
      await Promise.all([
        watch('a', wf.call(worker.a, { id: 'a' })),
        watch('b', wf.call(worker.b, { id: 'b' })),
        watch('sleep', wf.sleep('1s')),
      ]);
      await wf.signal('go', { schema: go });
      return order;
    },
    { 'worker.a': () => undefined, 'worker.b': () => undefined },
  );
  await mesh.settle();
  mesh.reply(RUN, '2.1', { ok: true, output: { ref: 'b' } });
  mesh.reply(RUN, '1.1', { ok: true, output: { ref: 'a' } });
  await mesh.settle();
  mesh.signal(RUN, 'go', 'on');
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual(['sleep', 'b', 'a']);
});

test.each<[string, (wf: WorkflowContext) => Promise<unknown>, string]>([
  [
    'another command',
    (wf) => wf.call(worker.b, { id: 'b' }),
    'step 1: the history holds call worker.a, the code issued call worker.b',
  ],
  [
    'another operation',
    (wf) => wf.sleep('1s'),
    'step 1: the history holds call worker.a, the code issued sleep',
  ],
  [
    'a command more',
    async (wf) => {
      await Promise.all([callA(wf), wf.sleep('1s')]);
    },
    'the history holds no further command, the code issued sleep',
  ],
  ['a return instead', async () => 'over', 'step 1: the history holds call worker.a, the code returned'],
  [
    'a command less',
    async (wf) => {
      await callA(wf);
    },
    'step 2: the history holds signal go, the code returned',
  ],
])(
  'replay that issues %s blocks the run, which goes on with code that matches (I7)',
  async (_, other, message) => {
    const written = async (wf: WorkflowContext) => {
      await callA(wf);
      const first = await wf.signal('go', { schema: go });
      const second = await wf.signal('go', { schema: go });
      await wf.call(worker.b, { id: 'b' });
      return [first, second];
    };
    const mesh = sagaWorld(written);
    await mesh.settle();
    const { history } = mesh.run('saga', 'o1');
    mesh.deploy([saga(other as typeof written)]);
    mesh.signal(RUN, 'go', 'one');
    mesh.signal(RUN, 'go', 'two');
    await mesh.deliver();
    const blocked = mesh.run('saga', 'o1');
    expect(blocked).toMatchObject({ status: 'blocked', history });
    expect(blocked.kept).toHaveLength(2);
    expect(blocked.failure?.code).toBe('NonDeterministic');
    expect(blocked.failure?.message).toBe(message);
    expect(mesh.commands).toEqual(['worker.a']);
    // Looked at again after 1, 2, 4, … minutes, up to an hour.
    const begun = mesh.now;
    await mesh.settle(() => mesh.now - begun > 10 * 3_600_000);
    expect(mesh.run('saga', 'o1').checks).toBe(15);
    mesh.deploy([saga(written)]);
    await mesh.settle();
    expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: ['one', 'two'], kept: [] });
  },
);

test('a run keeps to its version, while new runs take the highest; without its version it is blocked', async () => {
  const one = saga(async (wf) => `one ${await wf.signal('go', { schema: go })}`);
  const two = saga(async () => 'two', 2);
  const mesh = sagaWorld(one.run as never);
  await mesh.settle();
  mesh.deploy([two]);
  mesh.signal(RUN, 'go', 'x');
  await mesh.deliver();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'blocked', failure: { code: 'VersionUnknown' } });
  // What the alert on stuck runs looks for.
  const fields = expect.objectContaining({ alert: 'run_blocked', runId: RUN });
  expect(mesh.logged).toContainEqual(expect.objectContaining({ level: 'error', fields }));
  mesh.deploy([one, two]);
  mesh.start('saga', { orderId: 'o2' });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', version: 1, output: 'one x' });
  expect(mesh.run('saga', 'o2')).toMatchObject({ status: 'completed', version: 2, output: 'two' });
});

test('a blocked run can be cancelled: what it did is undone from its history alone', async () => {
  const mesh = sagaWorld(async (wf) => {
    await callA(wf);
    await wf.signal('go', { schema: go });
  });
  await mesh.settle();
  mesh.deploy([saga(async () => 'over')]);
  mesh.signal(RUN, 'go', 'x');
  await mesh.deliver();
  expect(mesh.run('saga', 'o1').status).toBe('blocked');
  mesh.cancel(RUN);
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'cancelled', kept: [] });
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test('a signal that does not fit, kept while the run was blocked, is skipped with an error in the log', async () => {
  const written = async (wf: WorkflowContext) => {
    await callA(wf);
    return await wf.signal('go', { schema: go });
  };
  const mesh = sagaWorld(written);
  await mesh.settle();
  mesh.deploy([saga(async () => 'over')]);
  mesh.signal(RUN, 'go', 5);
  mesh.signal(RUN, 'go', 'six');
  await mesh.deliver();
  mesh.deploy([saga(written)]);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toBe('six');
  expect(mesh.logged).toContainEqual(
    expect.objectContaining({ level: 'error', fields: expect.objectContaining({ field: 'payload' }) }),
  );
});

test.each([
  { limit: 'bytes', limits: { mostBytes: 500_000 }, calls: 3 },
  { limit: 'steps', limits: { mostSteps: 5 }, calls: 4 },
])('a run over its limit of $limit fails, and is undone before it ends', async ({ limits, calls }) => {
  const mesh = sagaWorld(async (wf) => {
    await callA(wf);
    for (let turn = 0; ; turn++) await wf.call(worker.b, { id: `${turn} ${'x'.repeat(90_000)}` });
  });
  mesh.limit(limits);
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'failed', failure: { code: 'HistoryTooLarge' } });
  expect(mesh.commands.filter((type) => type === 'worker.b')).toHaveLength(calls);
  expect(mesh.commands.at(-1)).toBe('worker.undoA');
});
