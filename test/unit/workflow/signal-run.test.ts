import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { SIGNAL } from '../../../shared/contract/message.ts';
import { AgentTest, WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { World } from './world.ts';

const Order = z.object({ id: z.string() });
const Packed = z.object({ boxes: z.number() });

const stock = defineAgent({
  name: 'stock',
  workflows: { pack: { input: Order, key: 'id', signals: { packed: Packed } }, plain: { input: Order } },
});
const floor = defineAgent({
  name: 'floor',
  calls: ['stock'],
  commands: { scan: { input: Order } },
  workflows: {
    watch: { input: Order, output: z.json(), key: 'id', signals: { packed: Packed, done: z.null() } },
  },
});
const loner = defineAgent({ name: 'loner', commands: { scan: { input: Order } } });

function floorWorld(run: (wf: WorkflowContext, order: { id: string }) => Promise<unknown>): World {
  const watch = defineWorkflow({
    name: 'watch',
    version: 1,
    input: Order,
    output: z.json(),
    run: run as never,
  });
  const mesh = new World(floor.contract, [watch], {});
  mesh.start('watch', { id: 'o1' });
  return mesh;
}

test('a workflow signals runs of agents that it calls, once each, by key or id', async () => {
  const mesh = floorWorld(async (wf) => {
    wf.signalRun(stock.pack, { key: 'o1' }, 'packed', { boxes: 2 });
    wf.signalRun(stock.plain, { runId: 'run-1' }, 'anything');
    await wf.sleep('1s');
  });
  mesh.warm = false;
  await mesh.settle();
  expect(mesh.handled).toMatchObject([
    { type: SIGNAL, runId: runIdOf('pack', 'o1'), data: { name: 'packed', payload: { boxes: 2 } } },
    { type: SIGNAL, runId: 'run-1', data: { name: 'anything' } },
  ]);
  expect(mesh.run('watch', 'o1').status).toBe('completed');
});

test('a run signals another run of its own workflow', async () => {
  const mesh = floorWorld(async (wf, { id }) => {
    if (id === 'o1') return wf.signal('packed', { schema: Packed });
    wf.signalRun(floor.watch, { key: 'o1' }, 'packed', { boxes: 3 });
    return null;
  });
  await mesh.settle();
  mesh.start('watch', { id: 'o2' });
  await mesh.settle();
  expect(mesh.run('watch', 'o1').output).toEqual({ boxes: 3 });
});

test.each([
  ['CallNotDeclared', (wf: WorkflowContext) => wf.signalRun(foreign, { key: 'x' }, 'go')],
  [
    'SchemaMismatch',
    (wf: WorkflowContext) => wf.signalRun(stock.pack, { key: 'x' }, 'packed', { boxes: 'two' as never }),
  ],
  ['ArgumentInvalid', (wf: WorkflowContext) => wf.signalRun(stock.plain, { key: 'x' }, '')],
  ['ArgumentInvalid', (wf: WorkflowContext) => wf.signalRun(stock.plain, { runId: 'a/b' }, 'go')],
  [
    'ArgumentInvalid',
    (wf: WorkflowContext) => wf.signalRun(stock.plain, { key: 'x' }, '\u{1F600}'.slice(0, 1)),
  ],
] as const)('what can not be sent is refused to the code with %s', async (code, signal) => {
  const mesh = floorWorld(async (wf) => signal(wf));
  await mesh.settle();
  expect(mesh.run('watch', 'o1').failure?.code).toBe(code);
  expect(mesh.handled).toEqual([]);
});
const foreign = defineAgent({ name: 'foreign', workflows: { job: { input: Order } } }).job;

test('a declared signal that does not fit is refused when it comes, though nobody waits for it', async () => {
  const mesh = floorWorld((wf) => wf.signal('packed', { schema: Packed }));
  await mesh.settle();
  const run = runIdOf('watch', 'o1');
  mesh.signal(run, 'packed', { boxes: 'two' });
  mesh.signal(run, 'done', 'no');
  mesh.signal(run, 'whatever', 'stays');
  await mesh.settle();
  expect(mesh.deadLetters.map(({ failure }) => failure)).toMatchObject([
    { code: 'SchemaMismatch', field: 'payload.boxes' },
    { code: 'SchemaMismatch', field: 'payload' },
  ]);
  expect(mesh.run('watch', 'o1').status).toBe('running');
});

test('a handler signals a run, with its commit, and only where its contract calls', async () => {
  const agents = new AgentTest({
    agent: floor,
    handlers: {
      scan: async ({ id }: { id: string }, ctx) => {
        ctx.signalRun(stock.pack, { key: id }, 'packed', { boxes: 1 });
      },
    },
    workflows: [
      defineWorkflow({ name: 'watch', version: 1, input: Order, output: z.json(), run: async () => null }),
    ],
  });
  await agents.send(floor.scan, { id: 'o1' });
  expect(agents.sent).toMatchObject([
    {
      type: SIGNAL,
      data: { name: 'packed', payload: { boxes: 1 } },
      message: { runId: runIdOf('pack', 'o1') },
    },
  ]);
  const alone = new AgentTest({
    agent: loner,
    handlers: {
      scan: async ({ id }: { id: string }, ctx) =>
        ctx.signalRun(stock.pack, { key: id }, 'packed', { boxes: 1 }),
    },
  });
  await expect(alone.send(loner.scan, { id: 'o1' })).rejects.toMatchObject({ code: 'CallNotDeclared' });
});

test('the test kit shows the signals that a workflow sends', async () => {
  const watch = defineWorkflow({
    name: 'watch',
    version: 1,
    input: Order,
    output: z.json(),
    async run(wf) {
      wf.signalRun(stock.pack, { key: 'o1' }, 'packed', { boxes: 2 });
      return null;
    },
  });
  const kit = new WorkflowTest({ agent: floor, workflows: [watch] });
  await kit.start(floor.watch, { id: 'o1' });
  expect(kit.signals).toEqual([{ runId: runIdOf('pack', 'o1'), name: 'packed', payload: { boxes: 2 } }]);
});
