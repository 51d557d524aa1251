import { expect, test } from 'vitest';
import { messageKey, runIdOf } from '../../../shared/contract/keys.ts';
import { UPDATE } from '../../../shared/contract/message.ts';
import { answerPath } from '../../../shared/contract/names.ts';
import type { WorkflowContext } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { answers, carts, cartWorld, elsewhere, RUN, shop, shopping, update } from './cart-world.ts';
import { done, fails, World } from './world.ts';

test('an update is answered by its handler, which uses operations, while the run goes on', async () => {
  const mesh = cartWorld(shop);
  await mesh.settle();
  expect(mesh.run('shopping', 'c1').status).toBe('running');
  const first = update(mesh, 'add', { sku: 'tea' });
  await mesh.settle();
  expect(answers(mesh, first)).toEqual([{ ok: true, output: { items: 1 } }]);
  const close = update(mesh, 'close', {});
  await mesh.settle();
  expect(answers(mesh, close)).toEqual([{ ok: true, output: ['tea'] }]);
  expect(mesh.run('shopping', 'c1')).toMatchObject({ status: 'completed', output: ['tea'] });
});

test('what validate throws refuses the update before its handler begins, and the run goes on', async () => {
  const mesh = cartWorld(shop);
  await mesh.settle();
  const refused = update(mesh, 'add', { sku: 'tea', count: 3 });
  await mesh.settle();
  expect(answers(mesh, refused)).toMatchObject([{ ok: false, error: { code: 'Rejected', reason: 'full' } }]);
  expect(mesh.handled).toEqual([]);
  expect(mesh.run('shopping', 'c1').status).toBe('running');
});

test.each([
  ['an input that does not fit', 'add', { sku: 7 }, { code: 'SchemaMismatch', field: 'sku' }],
  ['a name that is not declared', 'drop', {}, { code: 'UpdateNotDeclared' }],
])('%s is refused, and leaves no trace in the history', async (_, name, input, error) => {
  const mesh = cartWorld(shop);
  await mesh.settle();
  const before = mesh.history('shopping', 'c1');
  const refused = update(mesh, name, input);
  await mesh.settle();
  expect(answers(mesh, refused)).toMatchObject([{ ok: false, error }]);
  expect(mesh.deadLetters).toEqual([]);
  expect(mesh.history('shopping', 'c1')).toEqual(before);
});

test('an update that nobody waits for becomes a dead letter where it is refused', async () => {
  const mesh = cartWorld(shop);
  await mesh.settle();
  mesh.post({ type: UPDATE, data: { run: RUN, name: 'drop' } });
  await mesh.settle();
  expect(mesh.deadLetters).toMatchObject([{ failure: { code: 'UpdateNotDeclared' } }]);
});

test('one that comes before its handler waits for it, and one that overtakes the start of its run too', async () => {
  const mesh = new World(
    carts.contract,
    [
      shopping(async (wf) => {
        await wf.sleep('1h');
        return shop(wf);
      }),
    ],
    { 'worker.a': ({ id }: { id: string }) => done({ ref: id }) },
  );
  const early = update(mesh, 'add', { sku: 'tea' }, { time: new Date(mesh.now).toISOString() });
  await mesh.deliver();
  mesh.start('shopping', { id: 'c1' });
  const waiting = update(mesh, 'add', { sku: 'milk' });
  await mesh.advanceTo(mesh.now + 60_000);
  expect(mesh.replies).toEqual([]);
  await mesh.settle();
  expect([...answers(mesh, waiting), ...answers(mesh, early)]).toEqual([
    { ok: true, output: { items: 1 } },
    { ok: true, output: { items: 2 } },
  ]);
});

test('an update that comes twice is handled once, and a run that has ended refuses every other', async () => {
  const mesh = cartWorld(shop);
  await mesh.settle();
  const add = update(mesh, 'add', { sku: 'tea' });
  mesh.post(add);
  await mesh.settle();
  mesh.post(add);
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a']);
  expect(new Set(answers(mesh, add).map((data) => JSON.stringify(data)))).toEqual(
    new Set(['{"ok":true,"output":{"items":1}}']),
  );
  update(mesh, 'close', {});
  await mesh.settle();
  const late = update(mesh, 'add', { sku: 'milk' });
  await mesh.settle();
  expect(answers(mesh, late)).toMatchObject([{ ok: false, error: { code: 'RunEnded' } }]);
});

test.each([
  [
    'completed',
    (wf: WorkflowContext) => wf.sleep('1s'),
    'the run completed before it answered the update "add"',
  ],
  [
    'failed',
    async (wf: WorkflowContext) => {
      await wf.sleep('1s');
      throw new Error('no');
    },
    'the run failed before it answered the update "add"',
  ],
] as const)(
  'what is not answered when the run has %s is answered with RunEnded',
  async (status, end, message) => {
    const mesh = cartWorld(
      async (wf) => {
        wf.onUpdate(carts.shopping, 'add', async ({ sku }) => {
          await wf.call(worker.a, { id: sku });
          return { items: 1 };
        });
        await end(wf);
      },
      { 'worker.a': () => undefined },
    );
    await mesh.deliver();
    const accepted = update(mesh, 'add', { sku: 'tea' });
    const waiting = update(mesh, 'touch', null);
    await mesh.settle();
    expect(mesh.run('shopping', 'c1').status).toBe(status);
    expect(answers(mesh, accepted)).toEqual([{ ok: false, error: { code: 'RunEnded', message } }]);
    expect(answers(mesh, waiting)).toMatchObject([{ ok: false, error: { code: 'RunEnded' } }]);
  },
);

test('a run that is cancelled answers what it had accepted, once, and undoes it', async () => {
  const mesh = cartWorld(shop, { 'worker.a': () => undefined });
  await mesh.settle();
  const add = update(mesh, 'add', { sku: 'tea' });
  await mesh.deliver();
  mesh.cancel(RUN);
  await mesh.settle();
  expect(answers(mesh, add)).toMatchObject([{ ok: false, error: { code: 'RunEnded' } }]);
  expect(mesh.run('shopping', 'c1').status).toBe('cancelled');
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test('a handler that fails answers so, and the run goes on', async () => {
  const mesh = cartWorld(shop, { 'worker.a': () => fails('Rejected', 'sold_out') });
  await mesh.settle();
  const add = update(mesh, 'add', { sku: 'tea' });
  await mesh.settle();
  expect(answers(mesh, add)).toMatchObject([{ ok: false, error: { code: 'Rejected', reason: 'sold_out' } }]);
  expect(mesh.run('shopping', 'c1').status).toBe('running');
});

test('an answer that does not fit what the contract says is a failure', async () => {
  const mesh = cartWorld(async (wf) => {
    wf.onUpdate(carts.shopping, 'add', () => ({ items: 'many' as never }));
    await wf.sleep('1h');
  });
  await mesh.deliver();
  const add = update(mesh, 'add', { sku: 'tea' });
  await mesh.deliver();
  expect(answers(mesh, add)).toMatchObject([{ ok: false, error: { code: 'OutputInvalid', field: 'items' } }]);
});

test('an update that waits is carried on to the run that continues, under the same identity', async () => {
  const mesh = cartWorld(async (wf) => {
    if ((await Promise.resolve(wf.key)) && wf.now().getTime() > Date.parse('2026-01-01T00:00:01Z'))
      return shop(wf);
    await wf.sleep('10s');
    return wf.continueAsNew({ id: 'c1' });
  });
  await mesh.deliver();
  const add = update(mesh, 'add', { sku: 'tea' });
  await mesh.settle();
  expect(answers(mesh, add)).toEqual([{ ok: true, output: { items: 1 } }]);
  mesh.post(add);
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a']);
});

test('a paused run takes its updates when it is resumed', async () => {
  const mesh = cartWorld(shop);
  await mesh.settle();
  mesh.post({ type: 'mesh.pause', runId: RUN, data: {} });
  await mesh.settle();
  const add = update(mesh, 'add', { sku: 'tea' });
  await mesh.settle();
  expect(answers(mesh, add)).toEqual([]);
  mesh.post({ type: 'mesh.resume', runId: RUN, data: {} });
  await mesh.settle();
  expect(answers(mesh, add)).toEqual([{ ok: true, output: { items: 1 } }]);
});

test('the answer for a sender without a topic is a document beside the run', async () => {
  const mesh = cartWorld(shop);
  await mesh.settle();
  const program = { keepReply: true } as const;
  const { replyTo: _r, runId: _i, stepId: _s, ...add } = update(mesh, 'add', { sku: 'tea' }, program);
  mesh.lose(({ id }) => id === add.id);
  mesh.post(add);
  await mesh.settle();
  const document = mesh.documents.get(answerPath(RUN, messageKey(add)));
  expect(document?.fields).toMatchObject({ reply: '{"ok":true,"output":{"items":1}}' });
  expect(mesh.replies).toEqual([]);
});

test('a workflow updates a run of another agent, and gets its answer, its failure, or a timeout', async () => {
  const told: string[] = [];
  const mesh = cartWorld(
    async (wf) => {
      const go = (id: string) =>
        wf.updateRun(elsewhere.job, { key: id }, 'go', { id }, { timeout: '5s' }).then(
          ({ ok }) => `${ok}`,
          (error) => error.code,
        );
      return [
        await go('works'),
        await go('fails'),
        await go('silent'),
        await wf.updateRun(elsewhere.job, { key: 'x' }, 'go', {} as never).catch((error) => error.code),
      ];
    },
    {
      [UPDATE]: ({ run, name, input }: { run: string; name: string; input: { id: string } }) => {
        told.push(`${run === runIdOf('job', input.id)} ${name}`);
        if (input.id === 'works') return done({ ok: true });
        return input.id === 'fails' ? fails('RunEnded') : undefined;
      },
    },
  );
  mesh.warm = false;
  await mesh.settle();
  expect(mesh.run('shopping', 'c1').output).toEqual(['true', 'RunEnded', 'StepTimeout', 'SchemaMismatch']);
  expect(told).toEqual(['true go', 'true go', 'true go']);
});

test('handlers for what is not this workflow, or not declared, are a mistake', async () => {
  const mesh = cartWorld(async (wf) => {
    const code = (use: () => void) => {
      try {
        use();
        return 'taken';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    return [
      code(() => wf.onUpdate(elsewhere.job, 'go', () => ({ ok: true }))),
      code(() => wf.onUpdate(carts.shopping, 'nothing' as 'touch', () => {})),
    ];
  });
  await mesh.settle();
  expect(mesh.run('shopping', 'c1').output).toEqual(['ArgumentInvalid', 'UpdateNotDeclared']);
});
