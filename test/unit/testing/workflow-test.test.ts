import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent, rejected } from '../../../shared/contract/index.ts';
import { fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow, undo } from '../../../shared/workflow/index.ts';

const shop = defineAgent({
  name: 'shop',
  commands: {
    charge: { input: z.object({ order: z.string() }), output: z.object({ charge: z.string() }) },
    refund: { input: z.object({ order: z.string(), charge: z.string().optional() }) },
    ship: { input: z.object({ order: z.string() }) },
  },
});
const desk = defineAgent({
  name: 'desk',
  calls: ['shop'],
  publishes: { shipped: z.object({ order: z.string() }) },
  workflows: {
    sell: { input: z.object({ order: z.string() }), output: z.object({ by: z.string() }), key: 'order' },
  },
});
const sell = defineWorkflow({
  name: 'sell',
  version: 1,
  input: z.object({ order: z.string() }),
  output: z.object({ by: z.string() }),
  async run(wf, { order }) {
    await wf.call(
      shop.charge,
      { order },
      {
        timeout: '5s',
        compensate: undo(shop.refund, ({ output }) => ({ order, ...output })),
      },
    );
    const { by } = await wf.signal('approve', { schema: z.object({ by: z.string() }), timeout: '2d' });
    await wf.call(shop.ship, { order });
    wf.publish(desk.shipped, { order });
    return { by };
  },
});
const charged = fake(shop.charge, () => ({ charge: 'c-1' }));
const refunded = fake(shop.refund, () => undefined);
const make = (...fakes: ReturnType<typeof fake>[]) =>
  new WorkflowTest({ agent: desk, workflows: [sell], fakes });

describe('a workflow in memory', () => {
  it('is played to its end: commands, events, output, and the reply to who started it', async () => {
    const test = make(
      charged,
      fake(shop.ship, () => undefined),
    );
    await test.start(desk.sell, { order: 'o-1' });
    expect(test.run.waitingFor).toEqual(['signal approve']);
    await test.signal('approve', { by: 'kim' });
    expect(test.commands.map(({ type }) => type)).toEqual(['shop.charge', 'shop.ship']);
    expect(test.events.map(({ type, input }) => [type, input])).toEqual([['desk.shipped', { order: 'o-1' }]]);
    expect(test.run).toMatchObject({ status: 'completed', output: { by: 'kim' } });
    expect(test.replies).toEqual([{ ok: true, output: { by: 'kim' } }]);
  });

  it('undoes what was done when an agent refuses', async () => {
    const test = make(
      charged,
      refunded,
      fake(shop.ship, () => Promise.reject(rejected('lost', 'it is lost'))),
    );
    await test.start(desk.sell, { order: 'o-1' });
    await test.signal('approve', { by: 'kim' });
    expect(test.commands.at(-1)).toMatchObject({
      type: 'shop.refund',
      input: { order: 'o-1', charge: 'c-1' },
    });
    expect(test.run).toMatchObject({ status: 'failed', failure: { code: 'Rejected', reason: 'lost' } });
  });

  it('times out at its own instant, with the outcome unknown', async () => {
    const test = make(refunded);
    await test.start(desk.sell, { order: 'o-1' });
    await test.advance('4s');
    expect(test.run.status).toBe('running');
    await test.advance('1s');
    expect(test.commands.map(({ type, input }) => [type, input])).toEqual([
      ['shop.charge', { order: 'o-1' }],
      ['shop.refund', { order: 'o-1' }],
    ]);
    expect(test.run).toMatchObject({ status: 'failed', failure: { code: 'StepTimeout' } });
  });

  it('waits for as long as nobody answers, and takes the test’s own answer', async () => {
    const test = make();
    await test.start(desk.sell, { order: 'o-1' });
    const [charge] = test.unanswered;
    if (!charge) throw new Error('nothing was asked');
    await test.reply(charge, { charge: 'c-2' });
    expect(test.steps[0]).toMatchObject({ target: 'shop.charge', status: 'done' });
  });

  it('is cancelled, and undone', async () => {
    const test = make(charged, refunded);
    await test.start(desk.sell, { order: 'o-1' });
    await test.cancel('changed my mind');
    expect(test.run.status).toBe('cancelled');
    expect(test.commands.at(-1)?.type).toBe('shop.refund');
  });

  it('plays a command of the hosting agent itself like any other', async () => {
    const own = defineAgent({
      name: 'own',
      calls: ['own'],
      commands: { look: { input: z.object({}), output: z.object({ seen: z.number() }) } },
      workflows: { watch: { input: z.object({}), output: z.number() } },
    });
    const watch = defineWorkflow({
      name: 'watch',
      version: 1,
      input: z.object({}),
      output: z.number(),
      run: async (wf) => (await wf.call(own.look, {})).seen,
    });
    const test = new WorkflowTest({
      agent: own,
      workflows: [watch],
      fakes: [fake(own.look, () => ({ seen: 7 }))],
    });
    await test.start(own.watch, {});
    expect(test.run).toMatchObject({ status: 'completed', output: 7 });
  });

  it('says why nothing was started', async () => {
    const test = make();
    await test.start(desk.sell, { order: 5 } as never);
    expect(() => test.run).toThrow(/order/);
    expect(test.deadLetters).toMatchObject([{ code: 'SchemaMismatch', field: 'order' }]);
  });

  it('gives the same history every time', async () => {
    const histories = await Promise.all(
      [1, 2].map(async () => {
        const test = make(charged);
        await test.start(desk.sell, { order: 'o-1' });
        await test.signal('approve', { by: 'kim' });
        return test.run.history;
      }),
    );
    expect(histories[0]).toBe(histories[1]);
  });
});
