import { expect, test } from 'vitest';
import { effectKey, runIdOf } from '../../../shared/contract/keys.ts';
import { TIMER } from '../../../shared/contract/message.ts';
import { undo } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { sagaWorld } from './saga-world.ts';
import { done, fails } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const compensate = undo(worker.undoA, back);
function back({ input, output }: { input: { id: string }; output: { ref: string } | undefined }) {
  return { id: input.id, ...(output && { ref: output.ref }) };
}
const LATE = { ok: true, output: { ref: 'late' } } as const;

test('a call that is not answered in time fails with StepTimeout, and is undone as unknown', async () => {
  const mesh = sagaWorld((wf) => wf.call(worker.a, { id: 'a' }, { timeout: '5s', compensate }), {
    'worker.a': () => undefined,
  });
  const begun = mesh.now;
  await mesh.settle();
  expect(mesh.now - begun).toBe(5_000);
  expect(mesh.handled).toMatchObject([
    { type: 'worker.a', deadline: '2026-01-01T00:00:05.000Z' },
    { type: 'worker.undoA', data: { id: 'a' } },
  ]);
  expect(mesh.run('saga', 'o1').failure).toMatchObject({ code: 'StepTimeout' });
});

test('a reply that comes after the run was undone has the step undone again, with its output, by another message', async () => {
  const mesh = sagaWorld((wf) => wf.call(worker.a, { id: 'a' }, { timeout: '5s', compensate }), {
    'worker.a': () => undefined,
  });
  await mesh.settle();
  mesh.reply(RUN, '1.1', LATE);
  await mesh.settle();
  const { commits } = mesh;
  mesh.reply(RUN, '1.1', LATE);
  await mesh.settle();
  expect(mesh.commits).toBe(commits);
  expect(mesh.handled.slice(1).map(({ data }) => data)).toEqual([{ id: 'a' }, { id: 'a', ref: 'late' }]);
  expect(mesh.handled[1]?.id).not.toBe(mesh.handled[2]?.id);
  expect(mesh.run('saga', 'o1').status).toBe('failed');
});

test.each([
  ['a success', LATE, LATE],
  ['a refusal', fails('Rejected', 'sold_out'), fails('Rejected', 'sold_out')],
  ['a failure', fails('ProviderFailed'), fails('ProviderFailed')],
  ['a large success', { ok: true, output: { ref: 'r'.repeat(5_000) } }, { ok: true, output: null }],
] as const)(
  '%s that comes too late for a call without a compensation is in the history, once',
  async (_, reply, kept) => {
    const mesh = sagaWorld((wf) => wf.call(worker.a, { id: 'a' }, { timeout: '5s' }), {
      'worker.a': () => undefined,
    });
    await mesh.settle();
    const { status, failure } = mesh.run('saga', 'o1');
    for (let times = 0; times < 2; times++) {
      if (reply) mesh.reply(RUN, '1.1', reply);
      await mesh.settle();
    }
    const replies = mesh.history('saga', 'o1').filter(({ e }) => e === 'replied');
    expect(replies).toMatchObject([{ step: '1', attempt: 1, reply: kept }]);
    expect(mesh.run('saga', 'o1')).toMatchObject({ status, failure, steps: { open: 0 } });
    expect(mesh.replies).toHaveLength(1);
    expect(mesh.deadLetters).toEqual([]);
  },
);

test('a late reply to a step that the workflow went on without is undone at once, and only once', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      await wf.call(worker.a, { id: 'a' }, { timeout: '5s', compensate }).catch(() => {});
      await wf.signal('go', { schema: anything });
      throw new Error('no');
    },
    { 'worker.a': () => undefined },
  );
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a']);
  mesh.reply(RUN, '1.1', LATE);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('running');
  expect(mesh.handled.at(-1)).toMatchObject({ type: 'worker.undoA', data: { ref: 'late' } });
  mesh.signal(RUN, 'go');
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('failed');
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test('a late failure that leaves open what was done has the step undone as unknown, and once more when it turns out to have worked', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      await wf.call(worker.a, { id: 'a' }, { timeout: '5s', compensate }).catch(() => {});
      return 'fine';
    },
    { 'worker.a': () => undefined },
  );
  await mesh.settle();
  mesh.reply(RUN, '1.1', {
    ok: false,
    error: { code: 'DeadlineExceeded', message: 'it came again too late' },
  });
  await mesh.settle();
  mesh.reply(RUN, '1.1', LATE);
  await mesh.settle();
  expect(mesh.handled.slice(1).map(({ data }) => data)).toEqual([{ id: 'a' }, { id: 'a', ref: 'late' }]);
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'fine' });
});

test('a command whose deadline passed before it was handled has timed out, though that is heard of before the timer', async () => {
  const mesh = sagaWorld(
    (wf) => wf.call(worker.a, { id: 'a' }, { timeout: '5s', compensate }).catch(({ code }) => code),
    { 'worker.a': () => fails('DeadlineExceeded') },
  );
  await mesh.settle();
  // As after the timer: what an earlier delivery of it did is not known.
  expect(mesh.handled.slice(1)).toMatchObject([{ type: 'worker.undoA', data: { id: 'a' } }]);
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'StepTimeout' });
});

test('a late refusal leaves nothing to undo', async () => {
  const mesh = sagaWorld(
    (wf) => wf.call(worker.a, { id: 'a' }, { timeout: '5s', compensate }).catch(() => 'fine'),
    { 'worker.a': () => undefined },
  );
  await mesh.settle();
  mesh.reply(RUN, '1.1', { ok: false, error: { code: 'Rejected', message: 'no', reason: 'no' } });
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a']);
});

test('a late reply to a run that completed is undone, and the run stays completed', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      await wf.call(worker.a, { id: 'a' }, { timeout: '5s', compensate }).catch(() => {});
      return 'fine';
    },
    { 'worker.a': () => undefined },
  );
  await mesh.settle();
  mesh.reply(RUN, '1.1', LATE);
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'fine' });
});

test('the reply of a step that the workflow returned without awaiting is nobody’s, and changes nothing', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      void wf.call(worker.a, { id: 'a' }, { compensate });
      await wf.sleep('1s');
      return 'fine';
    },
    { 'worker.a': () => undefined },
  );
  await mesh.settle();
  const { commits } = mesh;
  mesh.reply(RUN, '1.1', LATE);
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a']);
  expect(mesh.commits).toBe(commits);
  expect(mesh.logged).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      fields: expect.objectContaining({ steps: ['1 call worker.a'] }),
    }),
  );
});

test('a call is tried again after failures that are no refusal, each time as another message', async () => {
  let tries = 0;
  const mesh = sagaWorld(
    (wf) => wf.call(worker.a, { id: 'a' }, { retry: { maxAttempts: 4, maxBackoff: '2s' } }),
    {
      'worker.a': () => (++tries < 4 ? fails('HandlerTimeout') : done({ ref: 'r' })),
    },
  );
  const begun = mesh.now;
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: { ref: 'r' } });
  expect(mesh.now - begun).toBe(1_000 + 2_000 + 2_000);
  expect(new Set(mesh.handled.map(({ id }) => id)).size).toBe(4);
  // But to a provider they are one effect: an attempt that seemed to fail may have done its work.
  expect(new Set(mesh.handled.map(effectKey)).size).toBe(1);
});

test('a refusal is not tried again; but an earlier attempt that may have worked is undone', async () => {
  let tries = 0;
  const mesh = sagaWorld((wf) => wf.call(worker.a, { id: 'a' }, { compensate, retry: { maxAttempts: 4 } }), {
    'worker.a': () => (++tries === 1 ? fails('ProviderFailed') : fails('Rejected', 'done_before')),
  });
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.a', 'worker.undoA']);
});

test('an attempt that would begin after the timeout is not made', async () => {
  const retry = { maxAttempts: 9, minBackoff: '4s' } as const;
  const mesh = sagaWorld((wf) => wf.call(worker.a, { id: 'a' }, { timeout: '5s', retry }), {
    'worker.a': () => fails('HandlerTimeout'),
  });
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.a']);
  expect(mesh.run('saga', 'o1').failure).toMatchObject({ code: 'HandlerTimeout' });
});

test('the first attempt to succeed settles the step, even while the next one is awaited', async () => {
  const mesh = sagaWorld(
    (wf) => wf.call(worker.a, { id: 'a' }, { retry: { maxAttempts: 2, minBackoff: '1h' } }),
    {
      'worker.a': () => fails('HandlerTimeout'),
    },
  );
  await mesh.deliver();
  mesh.reply(RUN, '1.1', { ok: true, output: { ref: 'redriven' } });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: { ref: 'redriven' } });
  expect(mesh.commands).toEqual(['worker.a']);
});

test('a reply that is stale has no effect: of a finished step, of an earlier attempt, of one that was never made', async () => {
  const failure = { ok: false, error: { code: 'HandlerFailed', message: 'stale' } } as const;
  const mesh = sagaWorld(
    async (wf) => {
      await wf.call(worker.a, { id: 'a' }, { compensate });
      return await wf.call(worker.b, { id: 'b' }, { retry: { maxAttempts: 3 } });
    },
    { 'worker.b': () => undefined },
  );
  await mesh.deliver();
  mesh.reply(RUN, '2.1', failure);
  mesh.reply(RUN, '2.1', failure);
  await mesh.settle();
  const { commits } = mesh;
  for (const stepId of ['1.1', '2.1', '2.7']) mesh.reply(RUN, stepId, failure);
  mesh.reply(RUN, '1.1', LATE);
  mesh.post({ type: 'mesh.timer', runId: RUN, data: { timer: 'retry', step: '2', attempt: 1 } });
  mesh.post({ type: 'mesh.timer', runId: RUN, data: { timer: 'timeout', step: '1', attempt: 0 } });
  mesh.post({ type: 'mesh.timer', runId: RUN, data: { timer: 'recheck', recheck: 1 } });
  await mesh.settle();
  expect(mesh.commits).toBe(commits);
  expect(mesh.deadLetters).toEqual([]);
  expect(mesh.commands).toEqual(['worker.a', 'worker.b', 'worker.b']);
  expect(mesh.run('saga', 'o1').waitingFor).toEqual(['call worker.b']);
});

test('time passes by the run’s own clock, and a race is won by what came first', async () => {
  const mesh = sagaWorld(
    async (wf) => {
      const begun = wf.now().getTime();
      const first = await Promise.race([
        wf.call(worker.a, { id: 'a' }).then(() => 'call'),
        wf.sleep('90m').then(() => 'sleep'),
      ]);
      return { first, took: wf.now().getTime() - begun };
    },
    { 'worker.a': () => undefined },
  );
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual({ first: 'sleep', took: 90 * 60_000 });
});

const anything = worker.a.input.or(worker.a.input.optional());

test('a timer that an instance with a slower clock takes has fired all the same', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.sleep('10s');
    return 'woken';
  });
  await mesh.deliver();
  const due = new Date(mesh.now + 10_000).toISOString();
  mesh.now += 4_000;
  mesh.post({
    type: TIMER,
    runId: RUN,
    stepId: '1',
    data: { timer: 'sleep', step: '1', attempt: 1 },
    notBefore: due,
  });
  await mesh.deliver();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'woken' });
});
