import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow, undo } from '../../../shared/workflow/index.ts';
import { beginRerun, planRerun, readRecordedRun } from '../../../shared/workflow/runs/index.ts';
import { worker } from '../workflow/agents.ts';
import { portsOf } from '../workflow/operator.ts';
import { sagaWorld } from '../workflow/saga-world.ts';
import { selling, started } from './examples.ts';
import { desk, shop } from './shop.ts';

it('wf.setStatus', async () => {
  // #region set-status
  const sell = defineWorkflow({
    name: 'sell',
    version: 1,
    input: z.object({ order: z.string() }),
    status: z.object({ phase: z.enum(['packing', 'sent']), boxes: z.number().optional() }),
    async run(wf) {
      wf.setStatus({ phase: 'packing', boxes: 3 });
      await wf.sleep('1h');
      wf.setStatus({ phase: 'sent' });
    },
  });
  // #endregion
  const test = new WorkflowTest({ agent: desk, workflows: [sell] });
  await test.start(desk.sell, { order: 'o-1' });
  expect(test.run.customStatus).toEqual({ phase: 'packing', boxes: 3 });
  await test.advance('1h');
  expect(test.run.customStatus).toEqual({ phase: 'sent' });
});

it('wf.patched', async () => {
  const charged = fake(shop.charge, () => ({ charge: 'c-1' }));
  const test = await started(async (wf, { order }) => {
    // #region patched
    if (wf.patched('charge-first')) await wf.call(shop.charge, { order });
    await wf.call(shop.ship, { order });
    // #endregion
  }, charged);
  // A new run goes the new way, and says so.
  expect(test.commands.map(({ type }) => type)).toEqual(['shop.charge', 'shop.ship']);
  expect(test.run.history).toContain('charge-first');
});

it('wf.child', async () => {
  const test = await started(
    async (wf, { order }) => {
      // #region child
      const { parcel } = await wf.child(
        shop.pack,
        { order },
        { timeout: '1h', compensate: undo(shop.unpack, ({ output }) => ({ parcel: output?.parcel })) },
      );
      await wf.call(shop.ship, { order });
      // #endregion
      return parcel;
    },
    fake(shop.pack, () => ({ parcel: 'p-1' })),
    fake(shop.ship, () => Promise.reject(new Error('lost'))),
    fake(shop.unpack, () => undefined),
  );
  expect(test.commands.at(-1)).toMatchObject({ type: 'shop.unpack', input: { parcel: 'p-1' } });
});

it('wf.continueAsNew', async () => {
  const Loop = z.object({ order: z.string(), page: z.number().default(1) });
  // #region continue-as-new
  const sell = defineWorkflow({
    name: 'sell',
    version: 1,
    input: Loop,
    output: z.string(),
    async run(wf, { order, page }) {
      await wf.call(shop.ship, { order: `${order}-${page}` });
      if (page < 3) return wf.continueAsNew({ order, page: page + 1 });
      return `${page} pages`;
    },
  });
  // #endregion
  const test = new WorkflowTest({
    agent: desk,
    workflows: [sell],
    fakes: [fake(shop.ship, () => ({ tracking: 't' }))],
  });
  await test.start(desk.sell, { order: 'o-1' });
  expect(test.commands.map(({ input }) => input)).toEqual(
    [1, 2, 3].map((page) => ({ order: `o-1-${page}` })),
  );
  expect(test.run).toMatchObject({ status: 'completed', output: '3 pages' });
});

it('a deadline', async () => {
  // #region deadline
  const sell = defineWorkflow({
    name: 'sell',
    version: 1,
    deadline: '2h',
    input: z.object({ order: z.string() }),
    async run(wf) {
      await wf.signal('approve', { schema: z.object({}) });
    },
  });
  // #endregion
  const test = new WorkflowTest({ agent: desk, workflows: [sell] });
  await test.start(desk.sell, { order: 'o-1' });
  await test.advance('2h');
  expect(test.run).toMatchObject({ status: 'failed', failure: { code: 'RunDeadlineExceeded' } });
});

it('a rerun from a step', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.call(worker.a, { id: 'a' });
    await wf.call(worker.b, { id: 'b' });
  });
  await mesh.settle();
  const { store, bus, clock, ids } = portsOf(mesh);
  const runId = runIdOf('saga', 'o1');
  const log: unknown[] = [];
  const tell = (repeats: unknown) => log.push(repeats);
  // #region rerun
  const origin = await readRecordedRun(store, runId);
  const rerun = await planRerun({ clock, ids }, origin, { from: '2' });
  tell(rerun.repeats);
  await beginRerun({ store, bus, clock }, { prefix: 'mesh', source: '/my-tool' }, rerun);
  // #endregion
  expect(log).toEqual([[{ step: '2', operation: 'call', target: 'worker.b' }]]);
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.b', 'worker.b']);
});

it('what is awaited that is no operation parks the run', async () => {
  const test = new WorkflowTest({
    agent: desk,
    workflows: [selling(() => new Promise((resolve) => setTimeout(resolve, 0)))],
  });
  await test.start(desk.sell, { order: 'o-1' });
  expect(test.run).toMatchObject({ status: 'blocked', failure: { code: 'ForeignAwait' } });
  expect(test.run.failure?.message).toMatch(/examples\.ts:\d+/);
});
