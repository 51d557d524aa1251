import { expect, test } from 'vitest';
import { rejected } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { historyOf, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { stranger, worker } from './agents.ts';
import { sagaWorld } from './saga-world.ts';
import { done, fails } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const a = (wf: WorkflowContext, options = {}) =>
  wf.call(worker.a, { id: 'a' }, { compensate: undo(worker.undoA, back), ...options });
const b = (wf: WorkflowContext, options = {}) =>
  wf.call(worker.b, { id: 'b' }, { compensate: undo(worker.undoB, back), ...options });
const c = (wf: WorkflowContext, options = {}) =>
  wf.call(worker.c, { id: 'c' }, { compensate: undo(worker.undoC, back), ...options });

function back({ input, output }: { input: { id: string }; output: { ref: string } | undefined }) {
  return { id: input.id, ...(output && { ref: output.ref }) };
}

test('a run calls its steps in order, and answers whoever started it', async () => {
  const mesh = sagaWorld(async (wf) => [(await a(wf)).ref, (await b(wf)).ref]);
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.b']);
  expect(mesh.run('saga', 'o1')).toMatchObject({
    status: 'completed',
    output: ['ref-a', 'ref-b'],
    waitingFor: [],
  });
  expect(mesh.replies).toMatchObject([
    { to: 'asker', message: { runId: 'r0', stepId: '7.1', data: { ok: true, output: ['ref-a', 'ref-b'] } } },
  ]);
  const { endedAt, expireAt } = mesh.run('saga', 'o1');
  expect(Number(expireAt) - Number(endedAt)).toBe(30 * 86_400_000);
});

test('when a step is refused, those before it are undone in reverse, with what they returned', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      await a(wf);
      await b(wf);
      await c(wf);
    },
    { 'worker.c': () => fails('Rejected', 'out_of_stock') },
  );
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.b', 'worker.c', 'worker.undoB', 'worker.undoA']);
  expect(mesh.handled.slice(3).map(({ data }) => data)).toEqual([
    { id: 'b', ref: 'ref-b' },
    { id: 'a', ref: 'ref-a' },
  ]);
  expect(mesh.run('saga', 'o1')).toMatchObject({
    status: 'failed',
    failure: { code: 'Rejected', reason: 'out_of_stock' },
  });
  expect(mesh.replies[0]?.message.data).toMatchObject({ ok: false, error: { reason: 'out_of_stock' } });
});

test('a step whose outcome is unknown is undone, without an output', async () => {
  const mesh = sagaWorld(async (wf) => void (await a(wf)), {
    'worker.a': () => fails('DeliveriesExhausted'),
  });
  await mesh.settle();
  expect(mesh.handled.at(-1)).toMatchObject({ type: 'worker.undoA', data: { id: 'a' } });
  expect(mesh.run('saga', 'o1').status).toBe('failed');
});

test('a step that is pending when another one fails is undone; its late reply has it undone again, with its output', async () => {
  const mesh = sagaWorld(async (wf) => void (await Promise.all([a(wf), b(wf)])), {
    'worker.a': () => undefined,
    'worker.b': () => fails('Rejected', 'no'),
  });
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.b', 'worker.undoA']);
  mesh.reply(RUN, '1.1', { ok: true, output: { ref: 'late' } });
  await mesh.settle();
  expect(mesh.handled.slice(2)).toMatchObject([
    { type: 'worker.undoA', data: { id: 'a' } },
    { type: 'worker.undoA', data: { id: 'a', ref: 'late' } },
  ]);
  expect(new Set(mesh.handled.map(({ id }) => id)).size).toBe(4);
  expect(mesh.run('saga', 'o1').status).toBe('failed');
});

test('a workflow that catches a failure and returns is not undone', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      await a(wf);
      return await b(wf).catch(() => 'without b');
    },
    { 'worker.b': () => fails('HandlerTimeout') },
  );
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.b']);
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'without b' });
});

test('an error of the code itself fails the run and undoes it', async () => {
  const mesh = sagaWorld(async (wf) => {
    await a(wf);
    throw new TypeError('oops');
  });
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
  expect(mesh.run('saga', 'o1').failure).toEqual({ code: 'WorkflowFailed', message: 'oops' });
});

test('a workflow may refuse by itself', async () => {
  const mesh = sagaWorld(async () => {
    throw rejected('closed', 'we are closed');
  });
  await mesh.settle();
  expect(mesh.replies[0]?.message.data).toMatchObject({
    ok: false,
    error: { code: 'Rejected', reason: 'closed' },
  });
});

test('the compensation is in the history before the command leaves (I8)', async () => {
  const mesh = sagaWorld(async (wf) => void (await a(wf)));
  await mesh.deliverNext();
  expect(mesh.handled).toEqual([]);
  expect(mesh.run('saga', 'o1').history).toContain(
    '"undo":{"agent":"worker","name":"worker.undoA","input":{"id":"a"}}',
  );
});

test('a compensation is tried again until it succeeds', async () => {
  let tries = 0;
  const mesh = sagaWorld(
    async (wf) => {
      await a(wf);
      throw new Error('no');
    },
    { 'worker.undoA': () => (++tries < 4 ? fails('DeliveriesExhausted') : done()) },
  );
  const begun = mesh.now;
  await mesh.settle();
  expect(tries).toBe(4);
  expect(mesh.now - begun).toBe(1_000 + 2_000 + 4_000);
  expect(mesh.run('saga', 'o1').status).toBe('failed');
});

test('a compensation that is refused leaves an alert, a dead letter and the others run; redriven, the run is undone', async () => {
  let refuse = true;
  const mesh = sagaWorld(
    async (wf) => {
      await a(wf);
      await b(wf);
      throw new Error('no');
    },
    { 'worker.undoB': () => (refuse ? fails('Rejected', 'too_late') : done()) },
  );
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.b', 'worker.undoB', 'worker.undoA']);
  expect(mesh.run('saga', 'o1').status).toBe('compensation_failed');
  expect(mesh.replies[0]?.message.data).toMatchObject({ ok: false, error: { code: 'CompensationFailed' } });
  expect(mesh.logged).toContainEqual(
    expect.objectContaining({
      level: 'error',
      fields: expect.objectContaining({ alert: 'compensation_failed', runId: RUN }),
    }),
  );
  expect(mesh.deadLetters).toMatchObject([{ agent: 'worker', failure: { reason: 'too_late' } }]);
  // Refused once more: another dead letter, not silence.
  mesh.redrive(0);
  await mesh.settle();
  expect(mesh.deadLetters).toMatchObject([{ agent: 'worker', failure: { reason: 'too_late' } }]);
  refuse = false;
  mesh.redrive(0);
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'failed', failure: { message: 'no' } });
  expect(mesh.replies).toHaveLength(1);
});

test('a compensation given up on ten times ends as compensation_failed, and still counts when a dead letter of it succeeds', async () => {
  let up = false;
  const mesh = sagaWorld(
    async (wf) => {
      await a(wf);
      throw new Error('no');
    },
    { 'worker.undoA': () => (up ? done() : fails('DeliveriesExhausted')) },
  );
  await mesh.settle();
  expect(mesh.commands.filter((type) => type === 'worker.undoA')).toHaveLength(10);
  expect(mesh.run('saga', 'o1').status).toBe('compensation_failed');
  up = true;
  mesh.redrive(3);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('failed');
});

test('a command that the contract does not list, that does not fit or is too large fails the step before it is sent', async () => {
  const errors: unknown[] = [];
  const mesh = sagaWorld(async (wf) => {
    await wf.call(stranger.hello, { id: 'x' }).catch((error) => errors.push(error));
    await wf.call(worker.a, { id: 5 } as never).catch((error) => errors.push(error));
    await wf.call(worker.a, { id: 'x'.repeat(200_000) }).catch((error) => errors.push(error));
    const options = {
      compensate: undo(worker.undoA, ({ output }) => ({ id: (output as { ref: string }).ref })),
    };
    await wf.call(worker.a, { id: 'a' }, options).catch((error) => errors.push(error));
    throw new Error('end');
  });
  await mesh.settle();
  expect(errors).toMatchObject([
    { code: 'CallNotDeclared' },
    { code: 'SchemaMismatch', field: 'id' },
    { code: 'PayloadTooLarge' },
    { code: 'WorkflowFailed' },
  ]);
  expect(mesh.commands).toEqual([]);
});

test('an output that does not fit fails the step, which is undone', async () => {
  const mesh = sagaWorld(async (wf) => void (await a(wf)), { 'worker.a': () => done({ wrong: 1 }) });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').failure).toMatchObject({ code: 'OutputInvalid', field: 'ref' });
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test('the history tells each step and its compensation', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      await a(wf);
      await wf.sleep('1h');
      await b(wf, { retry: { maxAttempts: 2 } });
    },
    { 'worker.b': () => fails('HandlerTimeout') },
  );
  await mesh.settle();
  expect(historyOf(mesh.history('saga', 'o1'))).toMatchObject([
    {
      id: '1',
      operation: 'call',
      target: 'worker.a',
      attempts: 1,
      status: 'done',
      compensation: { status: 'done' },
    },
    { id: '2', operation: 'sleep', status: 'done' },
    { id: '3', target: 'worker.b', attempts: 2, status: 'failed', compensation: { target: 'worker.undoB' } },
  ]);
  expect(mesh.run('saga', 'o1').steps).toEqual({ total: 5, done: 4, failed: 1, open: 0 });
});
