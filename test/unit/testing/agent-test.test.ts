import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent, MeshError, rejected } from '../../../shared/contract/index.ts';
import { defineWorkflow, type HandlersOf } from '../../../shared/index.ts';
import { AgentTest, fake, ManualClock } from '../../../shared/testing/index.ts';

const bank = defineAgent({
  name: 'bank',
  commands: {
    deposit: { input: z.object({ amount: z.number() }), output: z.object({ balance: z.number() }) },
  },
});
const gates = defineAgent({ name: 'gates', publishes: { opened: z.object({ gate: z.string() }) } });
const till = defineAgent({
  name: 'till',
  calls: ['bank', 'till'],
  commands: {
    sell: {
      input: z.object({
        account: z.string(),
        amount: z.number().int().positive(),
        gift: z.boolean().default(false),
      }),
      output: z.object({ total: z.number() }),
    },
    pay: {
      mode: 'effect',
      input: z.object({ order: z.string() }),
      output: z.object({ paid: z.string() }),
    },
    book: { mode: 'effect', entity: { key: 'account' }, input: z.object({ account: z.string() }) },
    audit: { input: z.object({ again: z.number() }) },
  },
  publishes: { sold: z.object({ amount: z.number() }) },
  subscribes: { 'gates.opened': { data: z.object({ gate: z.string() }) } },
  workflows: { close: { input: z.object({ day: z.string() }), key: 'day' } },
  secrets: ['till-key'],
  settings: ['TILL_CURRENCY'],
  providers: { card: { rate: '2/s', breaker: { failures: 2, within: '10s', open: '5s' } } },
  state: { schema: z.object({ total: z.number() }) },
  limits: { timeout: '10s', inlineBytes: 2_000 },
});

const works: { readonly key: string; readonly signal: AbortSignal }[] = [];
let work: (signal: AbortSignal) => Promise<unknown> = async () => 'done';
const handlers = {
  sell: {
    keys: ({ account }) => [account],
    handle: ({ account, amount, gift }, ctx) => {
      if (amount === 13) throw rejected('unlucky', 'nothing is sold at this price', { field: 'amount' });
      if (amount === 500) throw new Error('the till is broken');
      const total = (ctx.state.get(account)?.total ?? 0) + (gift ? 0 : amount);
      ctx.state.set(account, { total });
      ctx.send(bank.deposit, { amount });
      ctx.send(bank.deposit, { amount: 1 }, { delay: '1h' });
      ctx.publish(till.sold, { amount });
      ctx.log.info('sold', { amount });
      return { total: amount === 7 ? ('seven' as unknown as number) : total };
    },
  },
  pay: async ({ order }, ctx) => {
    works.push({ key: ctx.idempotencyKey, signal: ctx.signal });
    const key = await ctx.secret('till-key');
    if (order === 'leak') throw new Error(`no payment by ${key} in ${ctx.setting('TILL_CURRENCY')}`);
    await ctx.provider('card').call(work);
    return { paid: order };
  },
  book: async (_, ctx) => {
    works.push({ key: ctx.idempotencyKey, signal: ctx.signal });
    await work(ctx.signal);
  },
  audit: ({ again }, ctx) => {
    if (again > 0) ctx.send(till.audit, { again: again - 1 });
  },
  'gates.opened': ({ gate }, ctx) => ctx.send(bank.deposit, { amount: gate.length }),
} satisfies HandlersOf<typeof till>;

const close = defineWorkflow({
  name: 'close',
  version: 1,
  input: z.object({ day: z.string() }),
  async run(wf, { day }) {
    await wf.sleep('1h');
    await wf.call(bank.deposit, { amount: day.length });
  },
});

const make = (options: Partial<ConstructorParameters<typeof AgentTest<typeof till>>[0]> = {}) => {
  works.length = 0;
  work = async () => 'done';
  return new AgentTest({
    agent: till,
    handlers,
    secrets: { 'till-key': 'hunter2' },
    settings: { TILL_CURRENCY: 'EUR' },
    ...options,
  });
};
const sale = { account: 'ada', amount: 5 };

describe('a command', () => {
  it('is handled: output, state, sends and events as production has them', async () => {
    const test = make({ state: { ada: { total: 10 } } });
    expect(await test.send(till.sell, sale)).toEqual({ total: 15 });
    expect(await test.state.get('ada')).toEqual({ total: 15 });
    expect(test.sentTo(bank.deposit)).toEqual([{ amount: 1 }, { amount: 5 }]);
    expect(test.sent[0]?.at).toEqual(new Date(test.clock.now() + 3_600_000));
    expect(test.published(till.sold)).toEqual([{ amount: 5 }]);
    expect(test.logs).toContainEqual(
      expect.objectContaining({
        level: 'info',
        message: 'sold',
        fields: expect.objectContaining({ amount: 5 }),
      }),
    );
  });

  it('that does not fit its schema is a dead letter that names the field, and changes nothing', async () => {
    const test = make();
    const error = await test.fail(till.sell, { account: 'ada', amount: -1 });
    expect(error).toMatchObject({ code: 'SchemaMismatch', field: 'amount', retry: false });
    expect(test.deadLetters).toMatchObject([
      { failure: { code: 'SchemaMismatch' }, message: { type: 'till.sell', data: { amount: -1 } } },
    ]);
    expect(await test.state.get('ada')).toBeUndefined();
  });

  it('that is refused rejects as the reply tells its caller', async () => {
    const test = make();
    const error = await test.fail(till.sell, { account: 'ada', amount: 13 });
    expect(error).toMatchObject({ code: 'Rejected', reason: 'unlucky', field: 'amount' });
    expect(test.deadLetters).toEqual([]);
  });

  it('that is refused where nobody waits for the reply is a dead letter', async () => {
    const test = make();
    await test.fail(till.sell, { account: 'ada', amount: 13 }, { replyTo: false });
    expect(test.deadLetters).toMatchObject([{ failure: { code: 'Rejected', reason: 'unlucky' } }]);
  });

  it('whose handler throws fails with the cause, and is a dead letter at the last attempt', async () => {
    const test = make();
    const message = test.post(till.sell, { account: 'ada', amount: 500 });
    const first = await test.deliver(message);
    expect(first).toMatchObject({ outcome: { kind: 'nack' }, error: { code: 'HandlerFailed' } });
    expect(first.error?.cause).toEqual(new Error('the till is broken'));
    expect((await test.deliver(message, { attempt: 5 })).outcome?.kind).toBe('dead-letter');
  });

  it('is retried to its end by the policy of the contract', async () => {
    const test = make();
    const begin = test.clock.now();
    const end = await test.deliverToEnd(test.post(till.sell, { account: 'ada', amount: 500 }));
    expect(end.outcome).toMatchObject({ kind: 'dead-letter' });
    expect(test.clock.now() - begin).toBe(1_000 + 2_000 + 4_000 + 8_000);
  });

  it('with an output that does not fit its schema is a dead letter', async () => {
    expect(await make().fail(till.sell, { account: 'ada', amount: 7 })).toMatchObject({
      code: 'OutputInvalid',
      field: 'total',
    });
  });

  it('of any bytes is taken or refused as it comes from any publisher', async () => {
    const test = make();
    const handled = await test.deliver(test.postRaw('{"account":', { 'ce-type': 'sell' }));
    expect(handled.error).toMatchObject({ code: 'NotJson' });
    expect((await test.deliver(test.postRaw('{"again":0}', { type: 'audit' }))).outcome).toEqual({
      kind: 'ack',
    });
  });
});

describe('an event', () => {
  it('that the agent subscribes to is handled', async () => {
    const test = make();
    await test.send(gates.opened, { gate: 'north' });
    expect(test.sentTo(bank.deposit)).toEqual([{ amount: 5 }]);
  });
});

describe('a message that comes again', () => {
  it('has its effect once, and what it sent is published again under the same id', async () => {
    const test = make();
    const message = test.post(till.sell, sale);
    expect((await test.deliver(message)).output).toEqual({ total: 5 });
    expect(await test.deliver(message)).toEqual({
      outcome: { kind: 'ack', duplicate: true },
      output: { total: 5 },
    });
    expect(await test.state.get('ada')).toEqual({ total: 5 });
    expect(test.sent.map(({ times }) => times)).toEqual([1, 2]);
    expect(test.published(till.sold)).toHaveLength(1);
  });

  it.each([
    ['before-commit', 2],
    ['after-commit', 1],
    ['before-ack', 1],
  ] as const)('after the process died %s has run its handler %d times', async (dies, times) => {
    const test = make();
    const message = test.post(till.pay, { order: 'o-1' });
    expect(await test.deliver(message, { dies })).toEqual({ outcome: undefined });
    const end = await test.deliverToEnd(message);
    expect(end.output).toEqual({ paid: 'o-1' });
    expect(works).toHaveLength(times);
    expect(new Set(works.map(({ key }) => key)).size).toBe(1);
  });

  it('while its lease is held is deferred until that ends, then taken over', async () => {
    const test = make();
    const message = test.post(till.pay, { order: 'o-1' });
    await test.deliver(message, { dies: 'before-commit' });
    const { outcome, error } = await test.deliver(message);
    expect(outcome).toMatchObject({
      kind: 'defer',
      why: 'lease',
      until: new Date(test.clock.now() + 12_000),
    });
    expect(error).toMatchObject({ code: 'LeaseHeld' });
    await test.advance('11s');
    expect(works).toHaveLength(1);
    await test.advance('1s');
    expect(works).toHaveLength(2);
  });
});

describe('time', () => {
  it('that is up aborts the signal of the handler', async () => {
    const test = make();
    work = () => new Promise(() => {});
    const failing = test.fail(till.pay, { order: 'o-1' });
    await test.advance('9s');
    expect(works[0]?.signal.aborted).toBe(false);
    await test.advance('1s');
    expect(await failing).toMatchObject({ code: 'HandlerTimeout' });
    expect(works[0]?.signal.aborted).toBe(true);
  });

  it('of a deadline is the end of a message, before and while it is handled', async () => {
    const test = make();
    expect(await test.fail(till.pay, { order: 'o-1' }, { deadline: '-1s' })).toMatchObject({
      code: 'DeadlineExceeded',
    });
    expect(works).toEqual([]);
    work = () => new Promise(() => {});
    const failing = test.fail(till.pay, { order: 'o-1' }, { deadline: '2s' });
    await test.advance('2s');
    expect(await failing).toMatchObject({ code: 'DeadlineExceeded' });
  });

  it('that has not come defers a message', async () => {
    const test = make();
    const message = test.post(till.pay, { order: 'o-1' }, { notBefore: '1h' });
    expect((await test.deliver(message)).outcome).toMatchObject({ kind: 'defer', why: 'not-before' });
    await test.advance('1h');
    expect(works).toHaveLength(1);
  });
});

describe('a provider', () => {
  it('that the test plays is behind its breaker', async () => {
    let asked = 0;
    const card = ({ attempt }: { readonly attempt: number }) => {
      asked = attempt;
      if (attempt <= 2) throw new MeshError('ProviderFailed', 'the card network is down');
      return 'paid';
    };
    const test = make({ providers: { card } });
    const pay = (order: string) => test.post(till.pay, { order });
    expect((await test.deliver(pay('o-1'))).error).toMatchObject({ code: 'ProviderFailed' });
    expect((await test.deliver(pay('o-2'))).outcome).toMatchObject({ kind: 'defer' });
    expect((await test.deliver(pay('o-3'))).error).toMatchObject({ code: 'ProviderUnavailable' });
    expect(asked).toBe(2);
    await test.advance('10s');
    expect(asked).toBeGreaterThan(2);
  });

  it('is asked no more often than its rate allows, by all instances together', async () => {
    const test = make();
    for (const order of ['o-1', 'o-2']) await test.send(till.pay, { order });
    test.restart();
    expect(await test.fail(till.pay, { order: 'o-3' })).toMatchObject({ code: 'ProviderUnavailable' });
  });
});

describe('what else a handler meets', () => {
  it('is a secret that no error repeats', async () => {
    const error = await make().fail(till.pay, { order: 'leak' });
    expect(error.message).toBe('no payment by [redacted] in EUR');
  });

  it('is a secret that the test does not give', async () => {
    expect(await make({ secrets: {} }).fail(till.pay, { order: 'o-1' })).toMatchObject({
      code: 'SecretMissing',
      field: 'till-key',
    });
  });

  it('are others at the same document: one after the other has its effect', async () => {
    const test = make();
    const totals = await Promise.all(
      [1, 2, 3, 4].map((amount) => test.send(till.sell, { account: 'ada', amount })),
    );
    expect(Math.max(...totals.map(({ total }) => total))).toBe(10);
    expect(await test.state.get('ada')).toEqual({ total: 10 });
  });

  it('are others of its entity, for which it waits, and nobody else', async () => {
    const test = make();
    work = () => new Promise(() => {});
    const first = test.post(till.book, { account: 'ada' });
    void test.deliver(first);
    await test.advance('1s');
    expect((await test.deliver(test.post(till.book, { account: 'ada' }))).outcome).toMatchObject({
      kind: 'defer',
      why: 'entity',
    });
    work = async () => 'done';
    expect((await test.deliver(test.post(till.book, { account: 'bob' }))).outcome).toEqual({ kind: 'ack' });
  });

  it('are seeds that do not fit the state schema', () => {
    expect(() => make({ state: { ada: { total: 'ten' as unknown as number } } })).toThrow(/total/);
  });

  it('are messages to itself, which are delivered too', async () => {
    const test = make();
    await test.send(till.audit, { again: 3 });
    expect(test.sentTo(till.audit)).toEqual([{ again: 2 }, { again: 1 }, { again: 0 }]);
  });
});

describe('an agent that hosts workflows', () => {
  it('runs them beside its handlers', async () => {
    const clock = new ManualClock(Date.parse('2026-03-01T00:00:00Z'));
    const test = make({
      clock,
      workflows: [close],
      fakes: [fake(bank.deposit, ({ amount }) => ({ balance: amount }))],
    });
    await test.deliver(test.post(till.close, { day: 'monday' }));
    expect(test.sentTo(bank.deposit)).toEqual([]);
    await test.advance('1h');
    expect(test.sentTo(bank.deposit)).toEqual([{ amount: 6 }]);
    const [run] = await test.store.query({ collection: 'workflows' });
    expect(run?.fields).toMatchObject({ status: 'completed' });
  });
});
