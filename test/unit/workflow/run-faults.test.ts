import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent, MeshError } from '../../../shared/contract/index.ts';
import type { Write } from '../../../shared/contract/store.ts';
import { fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';

const shop = defineAgent({
  name: 'shop',
  commands: {
    charge: { input: z.object({}) },
    refund: { input: z.object({}) },
    note: { input: z.object({}) },
  },
});
const desk = defineAgent({
  name: 'desk',
  calls: ['shop'],
  workflows: { sell: { input: z.object({}), output: z.json(), updates: { say: { input: z.string() } } } },
  limits: { inlineBytes: 3_000_000 },
});

function sell(run: (wf: WorkflowContext<unknown>) => Promise<unknown>): WorkflowTest {
  const workflow = defineWorkflow({
    name: 'sell',
    version: 1,
    input: z.object({}),
    output: z.json(),
    status: z.json(),
    run: run as never,
  });
  const fakes = [fake(shop.charge, () => undefined), fake(shop.refund, () => undefined)];
  return new WorkflowTest({ agent: desk, workflows: [workflow], fakes });
}
const charge = (wf: WorkflowContext<unknown>) =>
  wf.call(shop.charge, {}, { compensate: undo(shop.refund, () => ({})) });
const types = ({ commands }: WorkflowTest) => commands.map(({ type }) => type);

/** From now on the store refuses for good whatever the run says of itself. */
function refusesStatus({ store }: WorkflowTest): void {
  const commit = store.commit.bind(store);
  store.commit = async (writes: readonly Write[]) => {
    if (JSON.stringify(writes).includes('"customStatus":"poison"'))
      throw new MeshError('StoreRefused', '3 INVALID_ARGUMENT: too many index entries for entity');
    return commit(writes);
  };
}

describe('a decision that can not be committed, and never will', () => {
  test('fails the run, which is undone, and who waits for it is told', async () => {
    const mesh = sell(async (wf) => {
      await charge(wf);
      return 'x'.repeat(1_100_000);
    });
    await mesh.start(desk.sell, {});
    expect(types(mesh)).toEqual(['shop.charge', 'shop.refund']);
    expect(mesh.run).toMatchObject({ status: 'failed', failure: { code: 'DocumentTooLarge' } });
    expect(mesh.replies).toMatchObject([{ ok: false, undone: true, error: { code: 'DocumentTooLarge' } }]);
    expect(mesh.deadLetters).toEqual([]);
  });

  test('also as the first step of a run', async () => {
    const mesh = sell(async () => 'x'.repeat(1_100_000));
    await mesh.start(desk.sell, {});
    expect(mesh.run).toMatchObject({ status: 'failed', failure: { code: 'DocumentTooLarge' } });
    expect(mesh.replies).toMatchObject([{ ok: false, error: { code: 'DocumentTooLarge' } }]);
    expect(mesh.deadLetters).toEqual([]);
  });

  test('whatever the reason that the store gives', async () => {
    const mesh = sell(async (wf) => {
      await charge(wf);
      wf.setStatus('poison');
      await wf.call(shop.note, {});
    });
    refusesStatus(mesh);
    await mesh.start(desk.sell, {});
    expect(types(mesh)).toEqual(['shop.charge', 'shop.refund']);
    expect(mesh.run).toMatchObject({
      status: 'failed',
      failure: { code: 'StoreRefused', message: expect.stringContaining('too many index entries') },
    });
  });

  test('after a signal or a timer too', async () => {
    for (const bring of [
      (mesh: WorkflowTest) => mesh.signal('go'),
      (mesh: WorkflowTest) => mesh.advance('2h'),
    ]) {
      const mesh = sell(async (wf) => {
        await charge(wf);
        await wf.signal('go', { schema: z.any(), timeout: '1h' }).catch(() => {});
        wf.setStatus('poison');
        await wf.sleep('1h');
      });
      refusesStatus(mesh);
      await mesh.start(desk.sell, {});
      await bring(mesh);
      expect(types(mesh)).toEqual(['shop.charge', 'shop.refund']);
      expect(mesh.run.status).toBe('failed');
    }
  });
});

test('whoever sent the update by which the run failed is answered', async () => {
  const mesh = sell(async (wf) => {
    wf.onUpdate(desk.sell, 'say', (words) => wf.setStatus(words));
    await charge(wf);
    await wf.sleep('1h');
  });
  refusesStatus(mesh);
  await mesh.start(desk.sell, {});
  const { reply } = await mesh.update('say', 'poison');
  expect(mesh.run).toMatchObject({ status: 'failed', failure: { code: 'StoreRefused' } });
  expect(reply).toMatchObject({ ok: false, error: { code: 'RunEnded' } });
  expect(mesh.deadLetters).toEqual([]);
});

test('what may pass is no reason to fail: the message is tried again', async () => {
  const mesh = sell(async (wf) => {
    await charge(wf);
    await wf.sleep('1h');
    return 'done';
  });
  const commit = mesh.store.commit.bind(mesh.store);
  await mesh.start(desk.sell, {});
  mesh.store.commit = async () => Promise.reject(new MeshError('StoreUnavailable', 'gone for now'));
  await mesh.advance('1h');
  mesh.store.commit = commit;
  expect(mesh.run.status).toBe('running');
  expect(types(mesh)).toEqual(['shop.charge']);
});
