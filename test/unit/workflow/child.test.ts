import { expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { CANCEL, TERMINATE } from '../../../shared/contract/message.ts';
import { runPath } from '../../../shared/contract/names.ts';
import { decodeRun, defineWorkflow, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { entriesOf } from '../../../shared/workflow/run-history.ts';
import { historyOf } from '../../../shared/workflow/run-view.ts';
import { worker } from './agents.ts';
import { type Behaviour, done, fails, World } from './world.ts';

const Input = z.object({ id: z.string() });
const Packed = z.object({ parcel: z.string() });

/** Its `order` starts `pack`, a run of its own, and `deliver`, a run of another agent. */
const courier = defineAgent({
  name: 'courier',
  workflows: { deliver: { input: Input, output: z.object({ at: z.string() }), key: 'id' } },
});
const shop = defineAgent({
  name: 'shop',
  calls: ['worker', 'courier'],
  workflows: {
    order: { input: Input, key: 'id' },
    pack: { input: Input, output: Packed, key: 'id' },
    wrap: { input: Input },
  },
});

type Run = (wf: WorkflowContext, input: { id: string }) => Promise<unknown>;
const PACK: Run = async (wf, { id }) => {
  await wf.call(worker.a, { id }, { compensate: undo(worker.undoA, ({ input }) => input) });
  return { parcel: `parcel-${id}` };
};

function world(order: Run, pack: Run = PACK, behaviours: Record<string, Behaviour> = {}): World {
  const usual = { 'worker.a': () => done({ ref: 'a' }), 'worker.b': () => done({ ref: 'b' }) };
  const undoing = { 'worker.undoA': () => done(), 'worker.undoB': () => done() };
  const definitions = [
    defineWorkflow({ name: 'order', version: 1, input: Input, output: z.json(), run: order as never }),
    defineWorkflow({ name: 'pack', version: 1, input: Input, output: z.json(), run: pack as never }),
    defineWorkflow({ name: 'wrap', version: 1, input: Input, output: z.json(), run: pack as never }),
  ];
  const mesh = new World(shop.contract, definitions, { ...usual, ...undoing, ...behaviours });
  mesh.start('order', { id: 'o1' });
  return mesh;
}

test('a child is awaited: its output is typed, and it tells whose child it is', async () => {
  const mesh = world(async (wf, { id }) => {
    const packed = await wf.child(shop.pack, { id });
    expectTypeOf(packed).toEqualTypeOf<{ parcel: string }>();
    return packed.parcel;
  });
  await mesh.settle();
  const parent = mesh.run('order', 'o1');
  expect(parent).toMatchObject({ status: 'completed', output: 'parcel-o1' });
  expect(parent.parentRunId).toBeUndefined();
  expect(mesh.run('pack', 'o1')).toMatchObject({ status: 'completed', parentRunId: parent.runId });
  const [step] = historyOf(entriesOf(parent));
  expect(step).toMatchObject({ operation: 'child', childRunId: runIdOf('pack', 'o1') });
});

test('a child without a key is one run however often its start is delivered', async () => {
  const mesh = world(async (wf, { id }) => {
    const first = wf.child(shop.wrap, { id });
    const second = wf.child(shop.wrap, { id });
    await Promise.all([first, second]);
  });
  mesh.warm = false;
  mesh.choose = (options) => (options === 8 || options === 6 ? 1 : 0);
  const faults = { left: 12 };
  const always = mesh.choose;
  mesh.choose = (options) => (faults.left-- > 0 ? always(options) : 0);
  await mesh.settle();
  expect(mesh.run('order', 'o1').status).toBe('completed');
  expect(mesh.documents.size).toBe(3);
  expect(mesh.commands).toEqual(['worker.a', 'worker.a']);
});

test('the failure of a child is that of the step, and nothing of it is left to undo', async () => {
  const mesh = world(
    async (wf, { id }) => {
      await wf.child(shop.pack, { id }, { compensate: undo(worker.undoB, ({ input }) => input) });
    },
    async (wf, { id }) => {
      await wf.call(worker.a, { id }, { compensate: undo(worker.undoA, ({ input }) => input) });
      throw new Error('the box is torn');
    },
  );
  await mesh.settle();
  expect(mesh.run('order', 'o1')).toMatchObject({
    status: 'failed',
    failure: { code: 'WorkflowFailed', message: 'the box is torn' },
  });
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test.each([
  ['is told to end, as it may have begun', 'DeliveriesExhausted', [CANCEL]],
  ['is not there to be ended, where it was refused', 'SchemaMismatch', []],
] as const)('a child whose start died %s', async (_, code, told) => {
  const mesh = world(async (wf, { id }) => wf.child(courier.deliver, { id }), PACK, {
    'courier.deliver': () => fails(code),
  });
  await mesh.settle();
  expect(mesh.run('order', 'o1')).toMatchObject({ status: 'failed', failure: { code } });
  expect(mesh.commands).toEqual(['courier.deliver', ...told]);
});

test('a child that completed is undone as a whole, with its output, when its parent fails later', async () => {
  const undone: unknown[] = [];
  const mesh = world(
    async (wf, { id }) => {
      const back = undo(worker.undoB, ({ output }: { output: { parcel: string } | undefined }) => ({
        id: output?.parcel ?? 'unknown',
      }));
      await wf.child(shop.pack, { id }, { compensate: back });
      throw new Error('no');
    },
    PACK,
    {
      'worker.undoB': (input) => {
        undone.push(input);
        return done();
      },
    },
  );
  await mesh.settle();
  expect(undone).toEqual([{ id: 'parcel-o1' }]);
});

const WAITS: Run = async (wf, { id }) => {
  await wf.call(worker.a, { id }, { compensate: undo(worker.undoA, ({ input }) => input) });
  await wf.sleep('9d');
  return { parcel: id };
};
const PARENT: Run = async (wf, { id }) => {
  await wf.call(worker.b, { id }, { compensate: undo(worker.undoB, ({ input }) => input) });
  return wf.child(shop.pack, { id });
};

test('wherever a parent is cancelled, its child is, and has undone what it did before the parent undoes the rest', async () => {
  const whole = world(PARENT, WAITS);
  let deliveries = 0;
  while (await whole.deliverNext()) deliveries += 1;
  for (let point = 1; point <= deliveries; point++) {
    const mesh = world(PARENT, WAITS);
    for (let delivered = 0; delivered < point; delivered++) await mesh.deliverNext();
    mesh.cancel(runIdOf('order', 'o1'), 'enough');
    await mesh.settle();
    expect(mesh.run('order', 'o1').status).toBe('cancelled');
    const undone = mesh.commands.filter((type) => type.includes('undo'));
    const order = [...new Set(undone)];
    const effects = mesh.commands.filter((type) => !type.includes('undo'));
    expect(order).toEqual(
      effects.map((type) => (type === 'worker.a' ? 'worker.undoA' : 'worker.undoB')).reverse(),
    );
    if (mesh.documents.has(runPath(runIdOf('pack', 'o1'))))
      expect(mesh.run('pack', 'o1').status).toBe('cancelled');
    expect(mesh.deadLetters).toEqual([]);
  }
});

test('a child whose cancellation comes before its start never begins', async () => {
  const mesh = world(PARENT, WAITS);
  await mesh.deliverNext();
  mesh.choose = (options) => options - 1;
  await mesh.deliverNext();
  await mesh.deliverNext();
  mesh.post({
    type: CANCEL,
    runId: runIdOf('pack', 'o1'),
    data: { child: { workflow: 'pack', key: 'o1', parentRunId: runIdOf('order', 'o1') } },
  });
  await mesh.deliverNext();
  mesh.choose = () => 0;
  await mesh.settle();
  expect(mesh.run('pack', 'o1').status).toBe('cancelled');
  expect(mesh.run('order', 'o1')).toMatchObject({ status: 'failed', failure: { code: 'RunCancelled' } });
  expect(mesh.commands).toEqual(['worker.b', 'worker.undoB']);
});

test('a child that takes too long is cancelled; the parent goes on', async () => {
  const mesh = world(async (wf, { id }) => {
    await wf.child(shop.pack, { id }, { timeout: '1h' }).catch(() => {});
    return 'without';
  }, WAITS);
  await mesh.settle();
  expect(mesh.run('order', 'o1')).toMatchObject({ status: 'completed', output: 'without' });
  expect(mesh.run('pack', 'o1').status).toBe('cancelled');
});

test('a detached child resolves at once to its run, and outlives its parent', async () => {
  const mesh = world(async (wf, { id }) => {
    const { runId } = await wf.child(shop.pack, { id }, { detached: true });
    await wf.child(shop.wrap, { id }, { detached: true });
    await wf.sleep('1d');
    return runId;
  }, WAITS);
  await mesh.deliver();
  mesh.cancel(runIdOf('order', 'o1'));
  await mesh.settle();
  expect(mesh.run('order', 'o1').status).toBe('cancelled');
  expect(mesh.run('pack', 'o1')).toMatchObject({ status: 'completed', parentRunId: runIdOf('order', 'o1') });
  expect(
    [...mesh.documents.values()]
      .map(decodeRun)
      .map(({ status }) => status)
      .sort(),
  ).toEqual(['cancelled', 'completed', 'completed']);
});

test('a run that was there before is joined, and not cancelled with who joined it', async () => {
  const mesh = world(PARENT, WAITS);
  mesh.start('pack', { id: 'o1' }, { id: 'first' });
  mesh.choose = (options) => options - 1;
  await mesh.deliverNext();
  mesh.choose = () => 0;
  await mesh.deliver();
  mesh.cancel(runIdOf('order', 'o1'));
  await mesh.settle();
  expect(mesh.run('order', 'o1').status).toBe('cancelled');
  expect(mesh.run('pack', 'o1').status).toBe('completed');
});

test('a parent whose child could not undo what it did is itself not wholly undone', async () => {
  const mesh = world(PARENT, WAITS, { 'worker.undoA': () => fails('Rejected', 'gone') });
  await mesh.deliver();
  mesh.cancel(runIdOf('order', 'o1'));
  await mesh.settle();
  expect(mesh.run('pack', 'o1').status).toBe('compensation_failed');
  expect(mesh.run('order', 'o1').status).toBe('compensation_failed');
});

test('a parent that is terminated without compensation takes its child with it', async () => {
  const mesh = world(PARENT, WAITS);
  await mesh.deliver();
  mesh.post({ type: TERMINATE, runId: runIdOf('order', 'o1'), data: { compensate: false } });
  await mesh.settle();
  expect(mesh.run('order', 'o1').status).toBe('terminated');
  expect(mesh.run('pack', 'o1').status).toBe('terminated');
  expect(mesh.commands).toEqual(['worker.b', 'worker.a']);
});

test('the child of another agent is commanded there, and cancelled there', async () => {
  const mesh = world(async (wf, { id }) => wf.child(courier.deliver, { id }), PACK, {
    'courier.deliver': () => undefined,
    [CANCEL]: () => undefined,
  });
  await mesh.deliver();
  mesh.cancel(runIdOf('order', 'o1'));
  await mesh.deliver();
  expect(mesh.run('order', 'o1').status).toBe('compensating');
  const [start, cancel] = mesh.handled;
  expect(start).toMatchObject({ type: 'courier.deliver', replyTo: 'shop', runId: runIdOf('order', 'o1') });
  expect(cancel).toMatchObject({ type: CANCEL, runId: runIdOf('deliver', 'o1') });
  mesh.reply(runIdOf('order', 'o1'), '1.1', {
    ok: false,
    error: { code: 'RunCancelled', message: 'so it is' },
    undone: true,
  });
  await mesh.settle();
  expect(mesh.run('order', 'o1').status).toBe('cancelled');
});

test('a run that waits for the end of its child says so, and a sweep looks after it', async () => {
  const mesh = world(
    async (wf, { id }) => wf.child(shop.pack, { id }),
    async (wf, { id }) => {
      await wf.call(worker.a, { id }, { compensate: undo(worker.undoA, ({ input }) => input) });
    },
    { 'worker.a': () => undefined, 'worker.undoA': () => undefined },
  );
  await mesh.deliver();
  mesh.cancel(runIdOf('order', 'o1'));
  await mesh.deliver();
  const { status, waitingFor, wakeAt } = mesh.run('order', 'o1');
  expect({ status, waitingFor }).toEqual({ status: 'compensating', waitingFor: ['child shop.pack'] });
  expect(wakeAt).toBeInstanceOf(Date);
});
