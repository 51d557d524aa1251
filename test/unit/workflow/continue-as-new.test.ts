import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { CANCEL } from '../../../shared/contract/message.ts';
import { decodeRun, defineWorkflow, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { type Behaviour, done, World } from './world.ts';

const Input = z.object({ id: z.string(), page: z.number() });
const shop = defineAgent({
  name: 'shop',
  calls: ['worker'],
  workflows: { pages: { input: Input, output: z.json(), key: 'id' } },
});
type Run = (wf: WorkflowContext, input: z.output<typeof Input>) => Promise<unknown>;
const pages = (run: Run, version = 1) =>
  defineWorkflow({ name: 'pages', version, input: Input, output: z.json(), run: run as never });

const THREE: Run = async (wf, { id, page }) => {
  await wf.call(worker.a, { id: `${id}-${page}` });
  if (page < 3) return wf.continueAsNew({ id, page: page + 1 });
  return `${page} pages`;
};

function world(run: Run, behaviours: Record<string, Behaviour> = {}): World {
  const usual = { 'worker.a': () => done({ ref: 'a' }), 'worker.undoA': () => done() };
  const mesh = new World(shop.contract, [pages(run)], { ...usual, ...behaviours });
  mesh.start('pages', { id: 'o1', page: 1 }, { replyTo: 'asker', runId: 'r0', stepId: '7.1' });
  return mesh;
}
const all = (mesh: World) => [...mesh.documents.values()].map(decodeRun);

test.each([true, false])(
  'a run goes on as a new one, under its id and key, and answers once, at the end',
  async (warm) => {
    const mesh = world(THREE);
    mesh.warm = warm;
    await mesh.settle();
    const last = mesh.run('pages', 'o1');
    expect(last).toMatchObject({ status: 'completed', output: '3 pages', key: 'o1', parentRunId: 'r0' });
    const first = all(mesh).find(({ continuedFrom }) => continuedFrom === undefined);
    const second = all(mesh).find(({ continuedFrom }) => continuedFrom === first?.runId);
    for (const link of [first, second])
      expect(link).toMatchObject({ status: 'continued', continuedAs: last.runId, waiters: [] });
    expect(last.continuedFrom).toBe(second?.runId);
    expect(mesh.replies.map(({ message }) => message.data)).toEqual([{ ok: true, output: '3 pages' }]);
    expect(mesh.handled.map(({ data }) => (data as { id: string }).id)).toEqual(['o1-1', 'o1-2', 'o1-3']);
  },
);

test('its history begins anew, and its steps are counted on', async () => {
  const mesh = world(THREE);
  await mesh.settle();
  expect(mesh.handled.map(({ stepId }) => stepId)).toEqual(['1.1', '2.1', '3.1']);
  expect(mesh.run('pages', 'o1').steps).toMatchObject({ total: 1 });
});

test('starting it again with the first input is joining it, wherever it is; another input is refused', async () => {
  const mesh = world(THREE, {
    'worker.a': ({ id }: { id: string }) => (id === 'o1-2' ? undefined : done({ ref: 'a' })),
  });
  await mesh.settle();
  mesh.start('pages', { id: 'o1', page: 1 }, { replyTo: 'other', runId: 'r1', stepId: '1.1' });
  mesh.start('pages', { id: 'o1', page: 2 }, { id: 'another input' });
  await mesh.settle();
  expect(mesh.deadLetters).toMatchObject([
    { message: { id: 'another input' }, failure: { code: 'RunExists' } },
  ]);
  mesh.reply(runIdOf('pages', 'o1'), '2.1', { ok: true, output: { ref: 'a' } });
  await mesh.settle();
  expect(mesh.replies.map(({ to }) => to)).toEqual(['asker', 'other']);
});

test('signals that nobody took are there for the run that goes on', async () => {
  const schema = z.object({ n: z.number() });
  const mesh = world(async (wf, { id, page }) => {
    const { n } = await wf.signal('more', { schema });
    return page < 2 ? wf.continueAsNew({ id, page: page + 1 }) : n;
  });
  await mesh.deliver();
  mesh.signal(runIdOf('pages', 'o1'), 'more', { n: 1 });
  mesh.signal(runIdOf('pages', 'o1'), 'more', { n: 2 });
  await mesh.settle();
  expect(mesh.run('pages', 'o1')).toMatchObject({ status: 'completed', output: 2 });
});

test('a run that continues begins in the newest version', async () => {
  const mesh = world(THREE, { 'worker.a': () => undefined });
  await mesh.deliver();
  mesh.deploy([pages(THREE), pages(async () => 'by version 2', 2)]);
  mesh.reply(runIdOf('pages', 'o1'), '1.1', { ok: true, output: { ref: 'a' } });
  await mesh.settle();
  expect(mesh.run('pages', 'o1')).toMatchObject({ version: 2, output: 'by version 2' });
});

test('what comes late for a step of the run before is undone by that run', async () => {
  const mesh = world(
    async (wf, { id, page }) => {
      if (page > 1) return wf.sleep('1d');
      await wf
        .call(worker.a, { id }, { timeout: '1m', compensate: undo(worker.undoA, ({ input }) => input) })
        .catch(() => {});
      return wf.continueAsNew({ id, page: page + 1 });
    },
    { 'worker.a': () => undefined },
  );
  await mesh.settle(() => mesh.documents.size > 1);
  mesh.reply(runIdOf('pages', 'o1'), '1.1', { ok: true, output: { ref: 'late' } });
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
  expect(mesh.run('pages', 'o1').status).toBe('completed');
  expect(mesh.deadLetters).toEqual([]);
});

test('a run that is cancelled before it went on begins nothing', async () => {
  const mesh = world(THREE);
  await mesh.settle(() => mesh.documents.size > 1);
  mesh.choose = (options) => options - 1;
  mesh.post({ type: CANCEL, runId: runIdOf('pages', 'o1') });
  await mesh.deliverNext();
  mesh.choose = () => 0;
  await mesh.settle();
  expect(mesh.run('pages', 'o1').status).toBe('cancelled');
  expect(mesh.commands).toEqual(['worker.a']);
});

test('an input that does not fit is refused to the code', async () => {
  const mesh = world(async (wf) => wf.continueAsNew({ id: 'o1' }));
  await mesh.settle();
  expect(mesh.run('pages', 'o1')).toMatchObject({
    status: 'failed',
    failure: { code: 'SchemaMismatch', field: 'page' },
  });
});

test('nothing is begun after it', async () => {
  const mesh = world(async (wf, { id, page }) => {
    if (page > 1) return 'done';
    void wf.continueAsNew({ id, page: page + 1 });
    await wf.call(worker.a, { id });
    return 'not this';
  });
  await mesh.settle();
  expect(mesh.run('pages', 'o1').output).toBe('done');
  expect(mesh.commands).toEqual([]);
});

test('a loop far beyond what one history holds', async () => {
  const mesh = world(async (wf, { id, page }) => {
    await wf.sleep('1s');
    return page < 300 ? wf.continueAsNew({ id, page: page + 1 }) : page;
  });
  mesh.limit({ mostSteps: 2 });
  await mesh.settle();
  expect(mesh.run('pages', 'o1').output).toBe(300);
  expect(mesh.run('pages', 'o1').history.length).toBeLessThan(1_000);
});
