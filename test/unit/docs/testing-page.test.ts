import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { defineAgent, MeshError, rejected } from '../../../shared/contract/index.ts';
import type { HandlersOf } from '../../../shared/index.ts';
import { AgentTest } from '../../../shared/testing/index.ts';

const bank = defineAgent({
  name: 'bank',
  commands: { deposit: { input: z.object({ amount: z.number() }) } },
});
const till = defineAgent({
  name: 'till',
  calls: ['bank'],
  commands: {
    sell: {
      input: z.object({ account: z.string(), amount: z.number().positive() }),
      output: z.object({ total: z.number() }),
    },
    pay: { mode: 'effect', input: z.object({ order: z.string() }), output: z.object({ paid: z.string() }) },
  },
  publishes: { sold: z.object({ amount: z.number() }) },
  secrets: ['till-key'],
  providers: { card: { breaker: { failures: 1 } } },
  state: { schema: z.object({ total: z.number() }) },
  limits: { timeout: '10s' },
});

const paid: string[] = [];
let firstKey: string | undefined;
const handlers = {
  sell: {
    keys: ({ account }) => [account],
    handle: ({ account, amount }, ctx) => {
      if (amount === 13) throw rejected('unlucky', 'nothing is sold at this price');
      const total = (ctx.state.get(account)?.total ?? 0) + amount;
      ctx.state.set(account, { total });
      ctx.send(bank.deposit, { amount });
      ctx.publish(till.sold, { amount });
      return { total };
    },
  },
  pay: async ({ order }, ctx) => {
    await ctx.secret('till-key');
    firstKey ??= ctx.idempotencyKey;
    paid.push(ctx.idempotencyKey === firstKey ? 'one key, however often it was tried' : ctx.idempotencyKey);
    await ctx.provider('card').call(async () => {
      if (order === 'slow') await new Promise(() => {});
    });
    return { paid: order };
  },
} satisfies HandlersOf<typeof till>;
const secrets = { 'till-key': 'test-key' };

it('a command and its output', async () => {
  // #region command
  const test = new AgentTest({ agent: till, handlers, state: { ada: { total: 10 } } });
  expect(await test.send(till.sell, { account: 'ada', amount: 5 })).toEqual({ total: 15 });
  expect(await test.state.get('ada')).toEqual({ total: 15 });
  expect(test.sentTo(bank.deposit)).toEqual([{ amount: 5 }]);
  expect(test.published(till.sold)).toEqual([{ amount: 5 }]);
  // #endregion
});

it('an error', async () => {
  const test = new AgentTest({ agent: till, handlers });
  // #region error
  const error = await test.fail(till.sell, { account: 'ada', amount: 13 });
  expect(error).toMatchObject({ code: 'Rejected', reason: 'unlucky' });
  await test.fail(till.sell, { account: 'ada', amount: -1 });
  expect(test.deadLetters).toMatchObject([{ failure: { code: 'SchemaMismatch', field: 'amount' } }]);
  // #endregion
});

it('a message that comes twice, and a process that dies', async () => {
  const test = new AgentTest({ agent: till, handlers, secrets });
  // #region twice
  const message = test.post(till.pay, { order: 'o-1' });
  await test.deliver(message, { dies: 'before-commit' });
  expect((await test.deliver(message)).outcome).toMatchObject({ kind: 'defer', why: 'lease' });
  await test.advance('12s');
  expect((await test.deliver(message)).outcome).toEqual({ kind: 'ack', duplicate: true });
  expect(new Set(paid)).toEqual(new Set(['one key, however often it was tried']));
  // #endregion
  expect(paid).toHaveLength(2);
});

it('providers', async () => {
  // #region provider
  const test = new AgentTest({
    agent: till,
    handlers,
    secrets: { 'till-key': 'test-key' },
    providers: {
      card: ({ attempt, work }) => {
        if (attempt === 1) throw new MeshError('ProviderFailed', 'the card network is down');
        return work();
      },
    },
  });
  const end = await test.deliverToEnd(test.post(till.pay, { order: 'o-1' }));
  expect(end.output).toEqual({ paid: 'o-1' });
  // #endregion
});

it('time', async () => {
  const test = new AgentTest({ agent: till, handlers, secrets });
  // #region timeout
  const failing = test.fail(till.pay, { order: 'slow' });
  await test.advance('10s');
  expect(await failing).toMatchObject({ code: 'HandlerTimeout' });
  // #endregion
});
