import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { PAUSE, SLOT, SWEEP, TIMER } from '../../../shared/contract/message.ts';
import { runPath, slotPath } from '../../../shared/contract/names.ts';
import { defineWorkflow, each, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { saga, sagaWorld } from './saga-world.ts';
import { done, fails, World } from './world.ts';

const HOUR = 3_600_000;
const RUN = runIdOf('saga', 'o1');
const timers = ({ type }: { type: string }) => type === TIMER;

/** A sweep, and all that comes of it before the next. */
async function sweep(mesh: World, after: number): Promise<void> {
  mesh.now += after;
  mesh.post({ type: SWEEP });
  await mesh.deliver();
}

test.each([
  ['sleep', (wf) => wf.sleep('2h')],
  ['the timeout of a signal', (wf) => wf.signal('go', { schema: z.null(), timeout: '2h' }).catch(() => {})],
  ['the timeout of a call', (wf) => wf.call(worker.a, { id: 'a' }, { timeout: '2h' }).catch(() => {})],
  ['the deadline of a gather', (wf) => wf.gather(each(worker.a, [{ id: 'a' }]), { deadline: '2h' })],
  [
    'the pause before another attempt',
    (wf) => wf.call(worker.b, { id: 'b' }, { retry: { maxAttempts: 2, minBackoff: '2h', maxBackoff: '2h' } }),
  ],
] satisfies [string, (wf: WorkflowContext) => Promise<unknown>][])(
  'a run that lost %s goes on',
  async (_, run) => {
    let attempts = 0;
    const mesh = sagaWorld(async (wf) => void (await run(wf)), {
      'worker.a': () => undefined,
      'worker.b': () => (attempts++ === 0 ? fails('ProviderFailed') : done({ ref: 'r' })),
    });
    await mesh.deliver();
    expect(mesh.lose(timers)).toBe(1);
    await sweep(mesh, HOUR);
    expect(mesh.run('saga', 'o1').status).toBe('running');
    await sweep(mesh, HOUR);
    // Not late enough yet to be taken for lost.
    expect(mesh.run('saga', 'o1').status).toBe('running');
    await sweep(mesh, HOUR);
    expect(mesh.run('saga', 'o1').status).toBe('completed');
    expect(mesh.run('saga', 'o1').wakeAt).toBeUndefined();
  },
);

test('a timer that was not lost but late is taken once', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.sleep('2h');
    await wf.sleep('2h');
  });
  const begun = mesh.now;
  await mesh.deliver();
  mesh.now = begun + 3 * HOUR;
  mesh.post({ type: SWEEP });
  await mesh.settle();
  const fired = mesh.history('saga', 'o1').filter(({ e }) => e === 'fired');
  expect(fired).toHaveLength(2);
});

test('a run that lost its deadline passes it', async () => {
  const mesh = sagaWorld((wf) => wf.signal('go', { schema: z.null() }));
  mesh.deploy([{ ...saga((wf) => wf.signal('go', { schema: z.null() })), deadline: '2h' }]);
  await mesh.deliver();
  expect(mesh.lose(timers)).toBe(1);
  await sweep(mesh, 3 * HOUR);
  expect(mesh.run('saga', 'o1').failure?.code).toBe('RunDeadlineExceeded');
});

test('a blocked run that lost the look at it is looked at', async () => {
  const mesh = sagaWorld((wf) => wf.call(worker.a, { id: 'a' }));
  mesh.deploy([saga((wf) => new Promise(() => void wf.uuid()))]);
  await mesh.deliver();
  expect(mesh.run('saga', 'o1').status).toBe('blocked');
  expect(mesh.lose(timers)).toBe(1);
  mesh.deploy([saga((wf) => wf.call(worker.a, { id: 'a' }))]);
  await sweep(mesh, HOUR);
  expect(mesh.run('saga', 'o1').status).toBe('completed');
});

test('a run that waits for people, is paused, or is in time costs nothing', async () => {
  const mesh = sagaWorld((wf) => wf.signal('go', { schema: z.null() }));
  await mesh.deliver();
  const { commits } = mesh;
  await sweep(mesh, 1_000 * HOUR);
  expect(mesh.commits).toBe(commits);
  const paused = sagaWorld((wf) => wf.sleep('2h'));
  await paused.deliver();
  paused.post({ type: PAUSE, runId: RUN });
  await paused.deliver();
  paused.lose(timers);
  const before = paused.commits;
  await sweep(paused, 1 * HOUR);
  await sweep(paused, 1_000 * HOUR);
  expect(paused.commits).toBe(before);
});

test('a run that waits for an answer for a day is looked at once a day, and no more', async () => {
  const mesh = sagaWorld((wf) => wf.call(worker.a, { id: 'a' }), { 'worker.a': () => undefined });
  await mesh.deliver();
  for (let hour = 0; hour < 23; hour++) await sweep(mesh, HOUR);
  const { commits } = mesh;
  for (let hour = 0; hour < 24; hour++) await sweep(mesh, HOUR);
  expect(mesh.commits - commits).toBeLessThanOrEqual(4);
  expect(mesh.run('saga', 'o1').status).toBe('running');
});

const Input = z.object({ id: z.string() });
const shop = defineAgent({
  name: 'shop',
  calls: ['worker'],
  workflows: { pick: { input: Input, key: 'id', concurrency: { limit: 1 } } },
});
function picking(): World {
  const pick = defineWorkflow({
    name: 'pick',
    version: 1,
    input: Input,
    run: (wf, { id }) => wf.call(worker.a, { id }).then(() => undefined),
  });
  const mesh = new World(shop.contract, [pick], { 'worker.a': () => undefined });
  for (const id of ['o1', 'o2']) mesh.start('pick', { id });
  return mesh;
}

test('a slot that nobody gives back is given to who waits', async () => {
  const mesh = picking();
  await mesh.deliver();
  mesh.documents.delete(runPath(runIdOf('pick', 'o1')));
  await sweep(mesh, HOUR);
  expect(mesh.run('pick', 'o2').status).toBe('running');
});

test('a slot whose return was lost is given to who waits', async () => {
  const mesh = picking();
  await mesh.deliver();
  mesh.cancel(runIdOf('pick', 'o1'));
  await mesh.settle(() => mesh.run('pick', 'o1').endedAt !== undefined);
  expect(mesh.lose(({ type }) => type === SLOT)).toBe(1);
  await sweep(mesh, HOUR);
  expect(mesh.run('pick', 'o2').status).toBe('running');
  expect(mesh.documents.get(slotPath('shop', 'pick', ''))?.fields.queue).toBe('');
});

test('a run that was let in, and never told so, begins', async () => {
  const mesh = picking();
  mesh.start('pick', { id: 'o3' });
  await mesh.deliver();
  mesh.reply(runIdOf('pick', 'o1'), '1.1', { ok: true, output: { ref: 'r' } });
  await mesh.settle(() =>
    String(mesh.documents.get(slotPath('shop', 'pick', ''))?.fields.holders).includes(runIdOf('pick', 'o2')),
  );
  expect(mesh.lose(timers)).toBe(1);
  await sweep(mesh, HOUR);
  expect(mesh.run('pick', 'o2').status).toBe('running');
});

test('slots that are held for long keep no other from being looked at', async () => {
  const Place = z.object({ id: z.string(), shelf: z.string() });
  const { contract } = defineAgent({
    name: 'shop',
    calls: ['worker'],
    workflows: { pick: { input: Place, key: 'id', concurrency: { limit: 1, key: 'shelf' } } },
  });
  const pick = defineWorkflow({
    name: 'pick',
    version: 1,
    input: Place,
    run: (wf, { id }) => wf.call(worker.a, { id }).then(() => undefined),
  });
  const mesh = new World(contract, [pick], { 'worker.a': () => undefined });
  const shelves = Array.from({ length: 12 }, (_, shelf) => String(shelf));
  for (const shelf of shelves) {
    for (const id of [`${shelf}-holds`, `${shelf}-waits`]) mesh.start('pick', { id, shelf });
    await mesh.deliver();
    mesh.now += 1_000;
  }
  mesh.documents.delete(runPath(runIdOf('pick', '11-holds')));
  await sweep(mesh, HOUR);
  const begun = mesh.now;
  await mesh.settle(() => mesh.now - begun > HOUR / 2);
  expect(mesh.run('pick', '11-waits').status).toBe('running');
  expect(mesh.run('pick', '10-waits').status).toBe('waiting');
});
