import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { WorkflowContext } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { answers, carts, cartWorld, RUN, shop, update } from './cart-world.ts';
import type { World } from './world.ts';

const ENDED = [{ ok: false, error: { code: 'RunEnded' } }];
const pause = (mesh: World) => mesh.post({ type: 'mesh.pause', runId: RUN, data: {} });
const resume = (mesh: World) => mesh.post({ type: 'mesh.resume', runId: RUN, data: {} });

describe('an update that is kept by a run whose code then ends is answered', () => {
  test('when a paused run is cancelled', async () => {
    const mesh = cartWorld(shop);
    await mesh.settle();
    pause(mesh);
    await mesh.settle();
    const add = update(mesh, 'add', { sku: 'tea' });
    await mesh.settle();
    mesh.cancel(RUN);
    await mesh.settle();
    expect(mesh.run('shopping', 'c1').status).toBe('cancelled');
    expect(answers(mesh, add)).toMatchObject(ENDED);
    expect(mesh.commands).toEqual([]);
  });

  test('when a run that is to begin later is cancelled', async () => {
    const mesh = cartWorld(shop);
    mesh.lose(() => true);
    mesh.start('shopping', { id: 'c1' }, { startAt: new Date(mesh.now + 3_600_000).toISOString() });
    await mesh.deliver();
    const add = update(mesh, 'add', { sku: 'tea' });
    await mesh.deliver();
    mesh.cancel(RUN);
    await mesh.settle();
    expect(mesh.run('shopping', 'c1').status).toBe('cancelled');
    expect(answers(mesh, add)).toMatchObject(ENDED);
  });

  test('when the run that it was carried over to is cancelled before it begins', async () => {
    const mesh = cartWorld(async (wf) => {
      await wf.sleep('10s');
      return wf.continueAsNew({ id: 'c1' });
    });
    await mesh.deliver();
    const add = update(mesh, 'add', { sku: 'tea' });
    await mesh.settle(() => mesh.run('shopping', 'c1').continuedFrom !== undefined);
    mesh.lose(() => true);
    mesh.cancel(RUN);
    await mesh.settle();
    expect(mesh.run('shopping', 'c1').status).toBe('cancelled');
    expect(answers(mesh, add)).toMatchObject(ENDED);
  });

  test('when the run completes by what was kept before it', async () => {
    const mesh = cartWorld((wf) => wf.sleep('10s'));
    await mesh.deliver();
    pause(mesh);
    await mesh.advanceTo(mesh.now + 20_000);
    const add = update(mesh, 'add', { sku: 'tea' });
    await mesh.deliver();
    resume(mesh);
    await mesh.settle();
    expect(mesh.run('shopping', 'c1').status).toBe('completed');
    expect(answers(mesh, add)).toMatchObject(ENDED);
  });

  test('when it makes the history of the run too large', async () => {
    const mesh = cartWorld(async (wf) => {
      wf.onUpdate(carts.shopping, 'add', async () => {
        for (let n = 0; n < 20; n++) await wf.sideEffect('note', () => n);
        return { items: 1 };
      });
      await wf.sleep('10h');
    });
    mesh.limit({ mostSteps: 10 });
    await mesh.deliver();
    const add = update(mesh, 'add', { sku: 'tea' });
    await mesh.deliver();
    expect(mesh.run('shopping', 'c1').failure).toMatchObject({ code: 'HistoryTooLarge' });
    expect(answers(mesh, add)).toMatchObject(ENDED);
  });
});

describe('what is kept behind an event by which the run continues is carried over', () => {
  const twice = (next: (wf: WorkflowContext) => unknown) =>
    cartWorld(async (wf) => {
      if (wf.now().getTime() > Date.parse('2026-01-01T00:00:01Z')) return next(wf);
      await wf.sleep('10s');
      return wf.continueAsNew({ id: 'c1' });
    });
  const kept = async (mesh: World, come: () => void) => {
    await mesh.deliver();
    pause(mesh);
    await mesh.advanceTo(mesh.now + 20_000);
    come();
    await mesh.deliver();
    resume(mesh);
    await mesh.settle();
  };

  test('an update', async () => {
    const mesh = twice(async (wf) => {
      wf.onUpdate(carts.shopping, 'add', () => ({ items: 1 }));
      await wf.sleep('1h');
    });
    const came: ReturnType<typeof update>[] = [];
    await kept(mesh, () => came.push(update(mesh, 'add', { sku: 'tea' })));
    expect(came.flatMap((each) => answers(mesh, each))).toEqual([{ ok: true, output: { items: 1 } }]);
  });

  test('a signal', async () => {
    const mesh = twice((wf) => wf.signal('go', { schema: z.number() }));
    await kept(mesh, () => mesh.signal(RUN, 'go', 7));
    expect(mesh.run('shopping', 'c1')).toMatchObject({ status: 'completed', output: 7 });
  });
});

describe('validate may only look', () => {
  test.each<[string, (wf: WorkflowContext) => void]>([
    ['a step', (wf) => void wf.call(worker.a, { id: 'x' })],
    ['what is drawn by count', (wf) => void wf.uuid()],
  ])('%s in it refuses the update, and the run goes on', async (_, use) => {
    const mesh = cartWorld(async (wf) => {
      wf.onUpdate(carts.shopping, 'add', () => ({ items: 1 }), { validate: () => use(wf) });
      await wf.sleep('10h');
    });
    mesh.warm = false;
    await mesh.deliver();
    for (const sku of ['tea', 'milk']) {
      const add = update(mesh, 'add', { sku });
      await mesh.deliver();
      expect(answers(mesh, add)).toMatchObject([{ ok: false, error: { code: 'WorkflowFailed' } }]);
    }
    expect(mesh.run('shopping', 'c1').status).toBe('running');
    expect(mesh.commands).toEqual([]);
  });
});
