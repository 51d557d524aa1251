import { expect, test } from 'vitest';
import * as z from 'zod';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { idleWorld, saga, sagaWorld } from './saga-world.ts';

const RUN = runIdOf('saga', 'o1');
const Approval = z.object({ approved: z.boolean() });

test('a run waits for a signal', async () => {
  const mesh = sagaWorld((wf) => wf.signal('approval', { schema: Approval }));
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'running', waitingFor: ['signal approval'] });
  mesh.signal(RUN, 'approval', { approved: true });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual({ approved: true });
});

test('early signals are kept, and taken in the order in which they came, each by its name', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.sleep('1h');
    const first = await wf.signal('n', { schema: z.number() });
    const other = await wf.signal('text', { schema: z.string() });
    const second = await wf.signal('n', { schema: z.number() });
    return [first, other, second, await wf.signal('n', { schema: z.number() })];
  });
  await mesh.deliver();
  mesh.signal(RUN, 'n', 1);
  mesh.signal(RUN, 'n', 2);
  mesh.signal(RUN, 'text', 'a');
  await mesh.settle();
  mesh.signal(RUN, 'n', 3);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual([1, 'a', 2, 3]);
});

test('a signal that does not fit what waits for it is a dead letter naming the field, and the run goes on waiting', async () => {
  const mesh = sagaWorld((wf) => wf.signal('approval', { schema: Approval }));
  await mesh.settle();
  const { history } = mesh.run('saga', 'o1');
  mesh.signal(RUN, 'approval', { approved: 'yes' });
  mesh.signal(RUN, 'approval');
  await mesh.settle();
  expect(mesh.deadLetters.map(({ failure }) => [failure.code, failure.field])).toEqual([
    ['SchemaMismatch', 'payload.approved'],
    ['SchemaMismatch', 'payload'],
  ]);
  expect(mesh.run('saga', 'o1').history).toBe(history);
  mesh.signal(RUN, 'approval', { approved: false });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual({ approved: false });
});

test('an early signal that turns out not to fit is passed over', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.sleep('1h');
    return await wf.signal('approval', { schema: Approval });
  });
  await mesh.deliver();
  mesh.signal(RUN, 'approval', 'rubbish');
  mesh.signal(RUN, 'approval', { approved: true });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual({ approved: true });
  expect(mesh.logged.filter(({ level }) => level === 'error')).toMatchObject([
    { fields: { code: 'SchemaMismatch', field: 'payload' } },
  ]);
});

test('no signal in time is a SignalTimeout, which the workflow may catch', async () => {
  const mesh = sagaWorld((wf) =>
    wf.signal('approval', { schema: Approval, timeout: '2d' }).catch(({ code }) => code),
  );
  const begun = mesh.now;
  await mesh.settle();
  expect(mesh.now - begun).toBe(2 * 86_400_000);
  expect(mesh.run('saga', 'o1').output).toBe('SignalTimeout');
});

test.each([
  ['signal', { approved: true }, 'completed'],
  ['pause', undefined, 'paused'],
  ['terminate', undefined, 'terminated'],
])(
  'a %s that overtakes the start of its run waits for it, and is taken then',
  async (what, payload, status) => {
    const mesh = idleWorld((wf) => wf.signal('approval', { schema: Approval }));
    const begun = mesh.now;
    mesh.post({ type: `mesh.${what}`, runId: RUN, data: payload ? { name: 'approval', payload } : {} });
    await mesh.settle(() => mesh.now > begun + 20_000);
    mesh.start('saga', { orderId: 'o1' });
    await mesh.settle();
    expect(mesh.deadLetters).toEqual([]);
    expect(mesh.run('saga', 'o1')).toMatchObject({ status });
  },
);

test('a cancellation that overtakes the start of its run ends it once it has begun', async () => {
  const mesh = idleWorld((wf) => wf.signal('approval', { schema: Approval }));
  mesh.cancel(RUN, 'no more');
  await mesh.deliver();
  mesh.start('saga', { orderId: 'o1' });
  await mesh.settle();
  expect(mesh.deadLetters).toEqual([]);
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
});

test('a signal whose run never begins is a dead letter that says so, after ten minutes', async () => {
  const mesh = idleWorld(async () => 'over');
  const begun = mesh.now;
  mesh.signal(RUN, 'approval', {});
  await mesh.settle();
  expect(mesh.deadLetters.map(({ failure }) => failure)).toMatchObject([
    { code: 'RunNotFound', field: 'runid', message: expect.stringContaining('waited for') },
  ]);
  expect(mesh.now - begun).toBeGreaterThanOrEqual(600_000);
  expect(mesh.now - begun).toBeLessThan(720_000);
  expect(mesh.commits).toBe(0);
});

test('a message for a run that does not exist, has ended, or is hosted elsewhere is a dead letter with its reason', async () => {
  const mesh = sagaWorld(async () => 'over');
  await mesh.settle();
  mesh.signal(RUN, 'approval', {});
  mesh.signal('nowhere', 'approval', {});
  mesh.cancel('nowhere');
  mesh.reply('nowhere', '1.1', { ok: true, output: 1 });
  mesh.reply(RUN, 'rubbish', { ok: true, output: 1 });
  mesh.reply(RUN, '9.1', { ok: true, output: 1 });
  mesh.post({ type: 'mesh.signal', data: { name: 'x' } });
  mesh.post({ type: 'mesh.signal', runId: RUN, data: { nom: 'x' } });
  mesh.post({ type: 'mesh.timer', runId: RUN, data: { timer: 'sleep' } });
  await mesh.settle();
  expect(mesh.deadLetters.map(({ failure }) => [failure.code, failure.field])).toEqual([
    ['RunEnded', undefined],
    ['RunNotFound', 'runid'],
    ['InvalidAttribute', 'stepid'],
    ['InvalidAttribute', 'stepid'],
    ['InvalidAttribute', 'runid'],
    ['SchemaMismatch', 'name'],
    ['SchemaMismatch', 'step'],
    // Their runs might have begun yet.
    ['RunNotFound', 'runid'],
    ['RunNotFound', 'runid'],
  ]);
});

test('starting twice with the same input is starting once; whoever asks is told of the end', async () => {
  const mesh = sagaWorld((wf) => wf.signal('go', { schema: z.string() }));
  mesh.start('saga', { orderId: 'o1' });
  mesh.start('saga', { orderId: 'o1' }, { replyTo: 'second', runId: 'r9', stepId: '1.1' });
  await mesh.settle();
  mesh.signal(RUN, 'go', 'now');
  await mesh.settle();
  mesh.start('saga', { orderId: 'o1' }, { replyTo: 'third' });
  await mesh.settle();
  expect(mesh.replies.map(({ to, message }) => [to, message.data])).toEqual([
    ['asker', { ok: true, output: 'now' }],
    ['second', { ok: true, output: 'now' }],
    ['third', { ok: true, output: 'now' }],
  ]);
  expect(mesh.deadLetters).toEqual([]);
});

test('starting again with another input, or with one that does not fit, is a dead letter', async () => {
  const mesh = sagaWorld(async () => 'over');
  mesh.start('saga', { orderId: 'o1', lines: [] });
  mesh.start('saga', { orderId: 'o2', lines: [{ quantity: 'two' }] });
  mesh.start('saga', { orderId: '' });
  await mesh.settle();
  expect(mesh.deadLetters.map(({ failure }) => [failure.code, failure.field])).toEqual([
    ['RunExists', 'data'],
    ['SchemaMismatch', 'lines.0.quantity'],
    ['SchemaMismatch', 'orderId'],
  ]);
});

test('the definitions and the contract must name the same workflows', () => {
  const mesh = sagaWorld(async () => 1);
  const invalid = expect.objectContaining({ code: 'ContractInvalid', field: 'workflows.saga' });
  expect(() => mesh.deploy([])).toThrow(invalid);
  expect(() => mesh.deploy([saga(async () => 1), saga(async () => 2)])).toThrow(invalid);
  expect(() => mesh.deploy([{ ...saga(async () => 1), name: 'other' }])).toThrow(
    expect.objectContaining({ code: 'ContractInvalid', field: 'workflows.other' }),
  );
});
