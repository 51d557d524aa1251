import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { PAUSE, RESUME, SLOT, TIMER } from '../../../shared/contract/message.ts';
import { slotPath } from '../../../shared/contract/names.ts';
import { defineWorkflow, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { planRerun, readRecordedRun } from '../../../shared/workflow/runs/index.ts';
import { worker } from './agents.ts';
import { begin, portsOf } from './operator.ts';
import { done, World } from './world.ts';

const Input = z.object({ id: z.string(), customerId: z.string() });
const shopOf = (limit: number, deadline?: '1h') =>
  defineAgent({
    name: 'shop',
    calls: ['worker'],
    workflows: {
      pick: {
        input: Input,
        key: 'id',
        concurrency: { key: 'customerId', limit },
        ...(deadline && { deadline }),
      },
    },
  });
type Run = (wf: WorkflowContext, input: z.output<typeof Input>) => Promise<unknown>;
const pick = (run: Run) =>
  defineWorkflow({ name: 'pick', version: 1, input: Input, output: z.json(), run: run as never });
const CALL: Run = (wf, { id }) => wf.call(worker.a, { id });

function world(limit: number, ids: readonly string[], run: Run = CALL, deadline?: '1h'): World {
  const mesh = new World(shopOf(limit, deadline).contract, [pick(run)], { 'worker.a': () => undefined });
  for (const id of ids) mesh.start('pick', { id, customerId: 'c1' });
  return mesh;
}
const statuses = (mesh: World, ids: readonly string[]) => ids.map((id) => mesh.run('pick', id).status);
const finish = (mesh: World, id: string) =>
  mesh.reply(runIdOf('pick', id), '1.1', { ok: true, output: { ref: id } });
const SLOTS = slotPath('shop', 'pick', 'c1');
const IDS = ['o1', 'o2', 'o3', 'o4', 'o5'];

test('so many runs of a key go on as may, and the rest wait and begin in order', async () => {
  const mesh = world(2, IDS);
  await mesh.settle();
  expect(statuses(mesh, IDS)).toEqual(['running', 'running', 'waiting', 'waiting', 'waiting']);
  expect(mesh.run('pick', 'o3').waitingFor).toEqual(['a slot of customerId c1']);
  finish(mesh, 'o2');
  await mesh.settle();
  expect(statuses(mesh, IDS)).toEqual(['running', 'completed', 'running', 'waiting', 'waiting']);
  finish(mesh, 'o1');
  finish(mesh, 'o3');
  await mesh.settle();
  expect(mesh.handled.map(({ data }) => (data as { id: string }).id)).toEqual(IDS);
  finish(mesh, 'o4');
  finish(mesh, 'o5');
  await mesh.settle();
  expect(statuses(mesh, IDS)).toEqual(IDS.map(() => 'completed'));
  expect(mesh.documents.has(SLOTS)).toBe(false);
});

test('runs of another key are none of its business', async () => {
  const mesh = world(1, ['o1']);
  mesh.start('pick', { id: 'x1', customerId: 'c2' });
  await mesh.settle();
  expect(statuses(mesh, ['o1', 'x1'])).toEqual(['running', 'running']);
});

test('a run that waits can be cancelled: it never begins, and its place is free', async () => {
  const mesh = world(1, IDS.slice(0, 3));
  await mesh.deliver();
  mesh.cancel(runIdOf('pick', 'o2'));
  finish(mesh, 'o1');
  await mesh.settle();
  expect(statuses(mesh, IDS.slice(0, 3))).toEqual(['completed', 'cancelled', 'running']);
  expect(mesh.handled.map(({ data }) => (data as { id: string }).id)).toEqual(['o1', 'o3']);
});

test('the deadline of a run passes while it waits, too', async () => {
  const mesh = world(1, ['o1', 'o2'], CALL, '1h');
  await mesh.settle();
  expect(statuses(mesh, ['o1', 'o2'])).toEqual(['failed', 'failed']);
  expect(mesh.run('pick', 'o2').failure?.code).toBe('RunDeadlineExceeded');
  expect(mesh.documents.has(SLOTS)).toBe(false);
});

test('signals that come for a run that waits are kept', async () => {
  const mesh = world(1, ['o1', 'o2'], async (wf, { id }) =>
    id === 'o1' ? wf.call(worker.a, { id }) : wf.signal('go', { schema: z.string() }),
  );
  await mesh.deliver();
  mesh.signal(runIdOf('pick', 'o2'), 'go', 'gone');
  await mesh.deliver();
  expect(mesh.run('pick', 'o2').status).toBe('waiting');
  finish(mesh, 'o1');
  await mesh.settle();
  expect(mesh.run('pick', 'o2')).toMatchObject({ status: 'completed', output: 'gone' });
});

test('a run that waits can be paused: its slot comes, and it begins when it is let', async () => {
  const mesh = world(1, ['o1', 'o2']);
  await mesh.deliver();
  mesh.post({ type: PAUSE, runId: runIdOf('pick', 'o2') });
  await mesh.deliver();
  mesh.post({ type: RESUME, runId: runIdOf('pick', 'o2') });
  await mesh.deliver();
  expect(mesh.run('pick', 'o2').status).toBe('waiting');
  mesh.post({ type: PAUSE, runId: runIdOf('pick', 'o2') });
  finish(mesh, 'o1');
  await mesh.settle();
  expect(mesh.run('pick', 'o2')).toMatchObject({ status: 'paused', slot: { held: true } });
  mesh.post({ type: RESUME, runId: runIdOf('pick', 'o2') });
  await mesh.settle();
  expect(mesh.run('pick', 'o2').status).toBe('running');
});

test('a run that goes on as a new one keeps its slot', async () => {
  const mesh = world(1, ['o1', 'o2'], async (wf, { id, customerId }) => {
    await wf.call(worker.a, { id });
    if (id === 'o1') return wf.continueAsNew({ id: 'o1b', customerId });
    return id;
  });
  await mesh.deliver();
  finish(mesh, 'o1');
  await mesh.settle();
  expect(mesh.run('pick', 'o2').status).toBe('waiting');
  mesh.reply(runIdOf('pick', 'o1'), '2.1', { ok: true, output: { ref: 'r' } });
  await mesh.settle();
  expect(statuses(mesh, ['o1', 'o2'])).toEqual(['completed', 'running']);
});

test('what is given back twice is free once; who waits for nothing is let in when the limit is raised', async () => {
  const mesh = world(1, IDS.slice(0, 4));
  await mesh.deliver();
  finish(mesh, 'o1');
  await mesh.settle();
  mesh.post({ type: SLOT, data: { workflow: 'pick', value: 'c1', runId: runIdOf('pick', 'o1') } });
  await mesh.settle();
  expect(statuses(mesh, IDS.slice(0, 4))).toEqual(['completed', 'running', 'waiting', 'waiting']);
  const raised = new World(shopOf(3).contract, [pick(CALL)], { 'worker.a': () => done({ ref: 'r' }) });
  for (const [path, document] of mesh.documents) raised.documents.set(path, document);
  raised.start('pick', { id: 'o9', customerId: 'c1' });
  await raised.settle();
  expect(statuses(raised, ['o3', 'o4', 'o9'])).toEqual(['completed', 'completed', 'completed']);
});

describe('a rerun', () => {
  const code = (limit: number) => ({ definition: pick(CALL), contract: shopOf(limit).contract });
  async function rerun(mesh: World, id: string, limit = 1, from?: string): Promise<string> {
    const ports = portsOf(mesh);
    const origin = await readRecordedRun(ports.store, runIdOf('pick', id));
    const planned = await planRerun(ports, origin, {
      code: code(limit),
      ...(from !== undefined && { from }),
    });
    return begin(mesh, planned);
  }
  const statusOf = async (mesh: World, runId: string) =>
    (await readRecordedRun(portsOf(mesh).store, runId)).run.status;

  test('takes a slot like any other run: it waits for one, and gives it back', async () => {
    const mesh = world(1, ['o1', 'o2', 'o3']);
    await mesh.settle();
    finish(mesh, 'o1');
    await mesh.settle();
    const again = await rerun(mesh, 'o1');
    expect(statuses(mesh, ['o2', 'o3'])).toEqual(['running', 'waiting']);
    expect(await statusOf(mesh, again)).toBe('waiting');
    finish(mesh, 'o2');
    await mesh.settle();
    expect(await statusOf(mesh, again)).toBe('waiting');
    finish(mesh, 'o3');
    await mesh.settle();
    expect(await statusOf(mesh, again)).toBe('running');
    mesh.start('pick', { id: 'o4', customerId: 'c1' });
    await mesh.settle();
    expect(statuses(mesh, ['o4'])).toEqual(['waiting']);
    mesh.reply(again, '1.1', { ok: true, output: { ref: 'again' } });
    await mesh.settle();
    expect(await statusOf(mesh, again)).toBe('completed');
    expect(statuses(mesh, ['o4'])).toEqual(['running']);
    finish(mesh, 'o4');
    await mesh.settle();
    expect(mesh.documents.has(SLOTS)).toBe(false);
  });

  test('begins at once where a slot is free', async () => {
    const mesh = world(1, ['o1']);
    await mesh.settle();
    finish(mesh, 'o1');
    await mesh.settle();
    const again = await rerun(mesh, 'o1');
    expect(await statusOf(mesh, again)).toBe('running');
    expect(mesh.documents.has(SLOTS)).toBe(true);
  });

  test('from a step, that is cancelled while it waits, is undone and leaves no slot behind', async () => {
    const run: Run = async (wf, { id }) => {
      await wf.call(worker.a, { id }, { compensate: undo(worker.undoA, ({ input }) => input) });
      await wf.call(worker.b, { id });
    };
    const mesh = new World(shopOf(1).contract, [pick(run)], {
      'worker.a': () => done({ ref: 'r' }),
      'worker.b': ({ id }: { id: string }) => (id === 'o1' ? done({ ref: 'r' }) : undefined),
      'worker.undoA': () => done(),
    });
    for (const id of ['o1', 'o2']) mesh.start('pick', { id, customerId: 'c1' });
    await mesh.settle();
    expect(statuses(mesh, ['o1', 'o2'])).toEqual(['completed', 'running']);
    const ports = portsOf(mesh);
    const origin = await readRecordedRun(ports.store, runIdOf('pick', 'o1'));
    const again = await begin(mesh, await planRerun(ports, origin, { from: '2' }));
    expect(await statusOf(mesh, again)).toBe('waiting');
    mesh.cancel(again);
    await mesh.settle();
    expect(await statusOf(mesh, again)).toBe('cancelled');
    expect(mesh.commands.at(-1)).toBe('worker.undoA');
    mesh.reply(runIdOf('pick', 'o2'), '2.1', { ok: true, output: { ref: 'r' } });
    await mesh.settle();
    expect(mesh.documents.has(SLOTS)).toBe(false);
  });

  test('that ended before its place in the queue was taken leaves none behind', async () => {
    const mesh = world(1, ['o1']);
    await mesh.settle();
    finish(mesh, 'o1');
    await mesh.settle();
    const again = await rerun(mesh, 'o1');
    mesh.cancel(again);
    await mesh.settle();
    mesh.post({ type: SLOT, data: { workflow: 'pick', value: 'c1', runId: again, enter: true } });
    // As if it had been let in before its end was known to the slots.
    await mesh.settle();
    expect(mesh.documents.has(SLOTS)).toBe(false);
  });
});

test('a run that is let in after it ended gives its slot back', async () => {
  const mesh = world(1, ['o1', 'o2']);
  await mesh.deliver();
  mesh.cancel(runIdOf('pick', 'o2'));
  await mesh.settle(() => mesh.run('pick', 'o2').status === 'cancelled');
  const slots = mesh.documents.get(SLOTS);
  await mesh.settle();
  // The slots as they are where the start of the run, or its entry, was written last.
  const holders = runIdOf('pick', 'o2');
  if (slots) mesh.documents.set(SLOTS, { ...slots, fields: { ...slots.fields, holders, queue: '' } });
  mesh.post({ type: TIMER, runId: holders, data: { timer: 'begin' } });
  await mesh.settle();
  expect(mesh.documents.has(SLOTS)).toBe(false);
});

test('a start that finds the queue full is refused for now', async () => {
  const mesh = world(1, ['o1']);
  await mesh.deliver();
  const document = mesh.documents.get(SLOTS);
  const queue = Array.from({ length: 10_000 }, (_, at) => `run-${at}`).join(' ');
  if (document) mesh.documents.set(SLOTS, { ...document, fields: { ...document.fields, queue } });
  mesh.start('pick', { id: 'o2', customerId: 'c1' });
  const { now, commits } = mesh;
  await mesh.settle(() => mesh.now > now + 5_000);
  expect(mesh.commits).toBe(commits);
});
