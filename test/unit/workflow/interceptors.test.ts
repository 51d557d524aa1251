import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent, defineBaggage, MeshError, rejected } from '../../../shared/contract/index.ts';
import type { Interceptor, Operation } from '../../../shared/index.ts';
import { AgentTest, fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { branch, defineWorkflow, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { checkHistory } from '../../../shared/workflow/runs/index.ts';

const user = defineBaggage('user', z.string());
const shop = defineAgent({
  name: 'shop',
  commands: {
    charge: { input: z.object({ amount: z.number() }), output: z.object({ charged: z.number() }) },
    refund: { input: z.object({ amount: z.number() }) },
  },
});
const desk = defineAgent({
  name: 'desk',
  calls: ['shop', 'desk'],
  publishes: { sold: z.object({ order: z.string() }) },
  commands: { note: { input: z.object({ text: z.string() }) } },
  workflows: { sell: { input: z.object({ order: z.string() }), output: z.json(), key: 'order' } },
});
const charged = fake(shop.charge, ({ amount }) => ({ charged: amount }));
const refunded = fake(shop.refund, () => undefined);

const selling = (run: (wf: WorkflowContext) => Promise<unknown>) =>
  defineWorkflow({
    name: 'sell',
    version: 1,
    input: z.object({ order: z.string() }),
    output: z.json(),
    run: async (wf) => ((await run(wf)) ?? null) as z.infer<ReturnType<typeof z.json>>,
  });
const started = async (run: (wf: WorkflowContext) => Promise<unknown>, ...interceptors: Interceptor[]) => {
  const workflow = selling(run);
  const test = new WorkflowTest({
    agent: desk,
    workflows: [workflow],
    fakes: [charged, refunded],
    interceptors,
  });
  await test.start(desk.sell, { order: 'o-1' });
  return { test, workflow };
};
const inWords = ({ kind, name, step }: Operation) => `${step} ${kind} ${name}`;

/** Every kind of operation once. */
async function everything(wf: WorkflowContext) {
  await wf.call(shop.charge, { amount: 1 });
  await wf.sideEffect('rate', () => 7);
  await wf.gather([branch(shop.charge, { amount: 2 }), branch(shop.charge, { amount: 3 })]);
  await wf.sleep('1h');
  wf.publish(desk.sold, { order: 'o-1' });
  await wf.signal('approve', { schema: z.null() });
}

describe('interceptors around the operations of a workflow', () => {
  it('meet each as it begins and as it ends, in their order', async () => {
    const seen: string[] = [];
    const traced = (name: string): Interceptor => ({
      operation(operation, next) {
        seen.push(`${name} ${inWords(operation)}`);
        next();
      },
      settled: (operation, { ok }) => seen.push(`${name} ${inWords(operation)} ${ok}`),
    });
    const { test } = await started(everything, traced('a'), {}, traced('b'));
    await test.advance('1h');
    await test.signal('approve', null);
    expect(test.run.status).toBe('completed');
    const steps = [
      '1 call shop.charge',
      '2 sideEffect rate',
      '3 gather shop.charge',
      '4 sleep sleep',
      '5 publish desk.sold',
      '6 signal approve',
    ];
    expect(seen).toEqual(
      steps.flatMap((step) => [`a ${step}`, `b ${step}`, `a ${step} true`, `b ${step} true`]),
    );
  });

  it('are told of what failed, and when', async () => {
    const ends: unknown[] = [];
    const failing = fake(shop.charge, () => Promise.reject(rejected('declined', 'no')));
    const test = new WorkflowTest({
      agent: desk,
      workflows: [selling((wf) => wf.call(shop.charge, { amount: 1 }))],
      fakes: [failing],
      interceptors: [{ settled: ({ startedAt }, end) => ends.push({ startedAt, ...end }) }],
    });
    await test.start(desk.sell, { order: 'o-1' });
    const at = new Date(test.clock.now());
    expect(ends).toEqual([
      { startedAt: at, ok: false, endedAt: at, failure: expect.objectContaining({ reason: 'declined' }) },
    ]);
  });

  it('do not run on replay: not after a restart, and not in a check of the history', async () => {
    const seen: string[] = [];
    const workflow = selling(everything);
    const interceptors: Interceptor[] = [
      {
        operation(operation, next) {
          seen.push(inWords(operation));
          next();
        },
      },
    ];
    const test = new AgentTest({
      agent: desk,
      handlers: { note: () => {} },
      workflows: [workflow],
      fakes: [charged],
      interceptors,
    });
    await test.deliver(test.post(desk.sell, { order: 'o-1' }));
    test.restart();
    await test.advance('1h');
    expect(seen).toEqual([
      '1 call shop.charge',
      '2 sideEffect rate',
      '3 gather shop.charge',
      '4 sleep sleep',
      '5 publish desk.sold',
      '6 signal approve',
    ]);
  });

  it('change what is sent, and replay goes by what was sent', async () => {
    let factor = 10;
    const doubling: Interceptor = {
      operation({ kind, input }, next) {
        if (kind !== 'call') return next();
        next({ input: { amount: (input as { amount: number }).amount * factor } });
      },
    };
    const run = async (wf: WorkflowContext) => {
      const one = await wf.call(
        shop.charge,
        { amount: 1 },
        { compensate: undo(shop.refund, ({ input }) => input) },
      );
      await wf.sleep('1h');
      return one.charged;
    };
    const { test, workflow } = await started(run, doubling);
    factor = 1_000;
    await test.advance('1h');
    expect(test.run).toMatchObject({ status: 'completed', output: 10 });
    const history = JSON.parse(test.run.history);
    const code = {
      definition: workflow,
      contract: desk.contract,
      facts: { runId: test.run.runId, key: 'o-1' },
    };
    expect(await checkHistory(history, code)).toBeUndefined();
  });

  it.each(['call', 'gather'])('that throw refuse a %s, durably, and the code may go on', async (kind) => {
    const guard: Interceptor = {
      operation(operation, next) {
        if (operation.kind === kind)
          throw new MeshError('Rejected', 'not for this user', { reason: 'forbidden' });
        next();
      },
    };
    const run = async (wf: WorkflowContext) => {
      const end =
        kind === 'call'
          ? wf.call(shop.charge, { amount: 1 })
          : wf.gather([branch(shop.charge, { amount: 1 })]);
      const reason = await end.then(
        () => 'done',
        (error: MeshError) => error.reason,
      );
      await wf.sleep('1h');
      return reason;
    };
    const { test, workflow } = await started(run, guard);
    await test.advance('1h');
    expect(test.commands).toEqual([]);
    expect(test.run).toMatchObject({
      status: 'completed',
      output: kind === 'call' ? 'forbidden' : 'tolerance-exceeded',
    });
    const code = {
      definition: workflow,
      contract: desk.contract,
      facts: { runId: test.run.runId, key: 'o-1' },
    };
    expect(await checkHistory(JSON.parse(test.run.history), code)).toBeUndefined();
  });

  it('that throw at another operation fail the run, which undoes what it did', async () => {
    const guard: Interceptor = {
      operation({ kind }, next) {
        if (kind === 'sleep') throw new Error('no rest');
        next();
      },
    };
    const { test } = await started(async (wf) => {
      await wf.call(shop.charge, { amount: 1 }, { compensate: undo(shop.refund, ({ input }) => input) });
      await wf.sleep('1h');
    }, guard);
    expect(test.run).toMatchObject({
      status: 'failed',
      failure: { code: 'WorkflowFailed', message: 'no rest' },
    });
    expect(test.commands.map(({ type }) => type)).toEqual(['shop.charge', 'shop.refund']);
  });

  it.each([
    ['calls next twice', (next: () => void) => [next(), next()]],
    ['does not call next', () => {}],
    ['is asynchronous', async (next: () => void) => next()],
  ])('one that %s is a fault of its own', async (_, operation) => {
    const { test } = await started((wf) => wf.call(shop.charge, { amount: 1 }), {
      operation: (_operation, next) => operation(next) as undefined,
    });
    expect(test.run).toMatchObject({ status: 'failed', failure: { code: 'InterceptorInvalid' } });
    expect(test.commands).toEqual([]);
  });

  it('can not change what is not sent', async () => {
    const { test } = await started((wf) => wf.sleep('1h'), { operation: (_, next) => next({ input: 1 }) });
    expect(test.run).toMatchObject({ status: 'failed', failure: { code: 'InterceptorInvalid' } });
  });

  it('that fail at the end of an operation change nothing', async () => {
    const { test } = await started((wf) => wf.call(shop.charge, { amount: 1 }), {
      settled: () => {
        throw new Error('the tracer is broken');
      },
    });
    expect(test.run.status).toBe('completed');
  });
});

describe('the baggage of a run', () => {
  const run = async (wf: WorkflowContext) => {
    await wf.call(shop.charge, { amount: 1 });
    const before = wf.baggage.get(user);
    await wf.signal('approve', { schema: z.null() });
    await wf.call(shop.charge, { amount: 2 });
    wf.publish(desk.sold, { order: 'o-1' });
    return [before, wf.baggage.get(user)];
  };
  const make = (...interceptors: Interceptor[]) =>
    new AgentTest({
      agent: desk,
      handlers: { note: () => {} },
      workflows: [selling(run)],
      fakes: [charged],
      interceptors,
    });
  const start = async (test: ReturnType<typeof make>) => {
    await test.deliver(test.post(desk.sell, { order: 'o-1' }, { baggage: [user.of('ada')] }));
    const [document] = await test.store.query({ collection: 'workflows' });
    return document?.path.slice('workflows/'.length) ?? '';
  };
  const signal = (test: ReturnType<typeof make>, runId: string) =>
    test.deliver(
      test.postRaw('{"name":"approve","payload":null}', {
        'ce-type': 'mesh.signal',
        runid: runId,
        'baggage-user': 'eve',
      }),
    );

  it('is that of its start, whatever brings it on, and after a restart', async () => {
    const test = make();
    const runId = await start(test);
    test.restart();
    await signal(test, runId);
    expect(test.sent.map(({ message }) => message.baggage)).toEqual([{ user: 'ada' }, { user: 'ada' }]);
    expect(test.events[0]?.message.baggage).toEqual({ user: 'ada' });
    const [document] = await test.store.query({ collection: 'workflows' });
    expect(document?.fields).toMatchObject({
      status: 'completed',
      output: '["ada","ada"]',
      baggage: { user: 'ada' },
    });
  });

  it('is none where its start had none, though what brings it on has', async () => {
    const test = make();
    await test.deliver(test.post(desk.sell, { order: 'o-1' }));
    const [document] = await test.store.query({ collection: 'workflows' });
    await signal(test, document?.path.slice('workflows/'.length) ?? '');
    expect(test.sent.map(({ message }) => message.baggage)).toEqual([undefined, undefined]);
  });

  it('is added to by interceptors, for the step alone', async () => {
    const test = make({
      operation: ({ step }, next) => next(step === '1' ? { baggage: [user.of('system')] } : {}),
    });
    await signal(test, await start(test));
    expect(test.sent.map(({ message }) => message.baggage?.user)).toEqual(['system', 'ada']);
  });
});
