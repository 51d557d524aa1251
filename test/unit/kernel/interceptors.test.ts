import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent, defineBaggage, rejected } from '../../../shared/contract/index.ts';
import type { HandlersOf, Interceptor } from '../../../shared/index.ts';
import { AgentTest } from '../../../shared/testing/index.ts';

const user = defineBaggage('user', z.string());
const bank = defineAgent({
  name: 'bank',
  commands: { deposit: { input: z.object({ amount: z.number() }) } },
});
const till = defineAgent({
  name: 'till',
  calls: ['bank'],
  commands: {
    sell: { input: z.object({ amount: z.number() }), output: z.object({ total: z.number() }) },
  },
  publishes: { sold: z.object({ amount: z.number() }) },
  secrets: ['till-key'],
});
let handled = 0;
const handlers = {
  sell: async ({ amount }, ctx) => {
    handled += 1;
    if (amount === 13) throw rejected('unlucky', 'nothing is sold at this price');
    if (amount === 99)
      ctx.send(bank.deposit, { amount }, { baggage: [user.of(await ctx.secret('till-key'))] });
    if (amount === 5) ctx.send(bank.deposit, { amount }, { baggage: [user.of('handler')] });
    ctx.publish(till.sold, { amount });
    return { total: amount };
  },
} satisfies HandlersOf<typeof till>;
const make = (...interceptors: readonly Interceptor[]) => {
  handled = 0;
  return new AgentTest({ agent: till, handlers, interceptors, secrets: { 'till-key': 'hunter2' } });
};
const trace = (name: string, seen: string[]): Interceptor => ({
  async handle(_, next) {
    seen.push(`${name} in`);
    const output = await next();
    seen.push(`${name} out`);
    return output;
  },
});

describe('interceptors around a handler', () => {
  it('run in their order, each around the next', async () => {
    const seen: string[] = [];
    const test = make(trace('a', seen), {}, trace('b', seen));
    expect(await test.send(till.sell, { amount: 1 })).toEqual({ total: 1 });
    expect(seen).toEqual(['a in', 'b in', 'b out', 'a out']);
  });

  it('see the message, and may change input and output', async () => {
    const test = make({
      async handle({ type, input, ctx }, next) {
        expect([type, ctx.message.type]).toEqual(['till.sell', 'till.sell']);
        const { total } = (await next({ input: { amount: (input as { amount: number }).amount * 2 } })) as {
          total: number;
        };
        return { total: total + 1 };
      },
    });
    expect(await test.send(till.sell, { amount: 2 })).toEqual({ total: 5 });
  });

  it('have their output held to the contract', async () => {
    expect(await make({ handle: () => ({ total: 'many' }) }).fail(till.sell, { amount: 1 })).toMatchObject({
      code: 'OutputInvalid',
    });
  });

  it('may refuse a message without handling it, and are told of what the handler throws', async () => {
    const refusing = make({ handle: () => Promise.reject(rejected('forbidden', 'not for you')) });
    expect(await refusing.fail(till.sell, { amount: 1 })).toMatchObject({
      code: 'Rejected',
      reason: 'forbidden',
    });
    expect(handled).toBe(0);
    const seen: unknown[] = [];
    const watching = make({
      handle: (_, next) => next().catch((error) => Promise.reject(seen.push(error) && error)),
    });
    expect(await watching.fail(till.sell, { amount: 13 })).toMatchObject({ reason: 'unlucky' });
    expect(seen).toMatchObject([{ reason: 'unlucky' }]);
  });

  it('that throw fail the handling as its handler would', async () => {
    const test = make({
      handle: () => {
        throw new Error('the tracer is broken');
      },
    });
    const handling = await test.deliver(test.post(till.sell, { amount: 1 }));
    expect(handling).toMatchObject({ outcome: { kind: 'nack' }, error: { code: 'HandlerFailed' } });
  });

  it('may call next once', async () => {
    const test = make({
      async handle(_, next) {
        await next();
        return next();
      },
    });
    expect(await test.fail(till.sell, { amount: 1 })).toMatchObject({
      code: 'InterceptorInvalid',
      retry: false,
    });
    expect(handled).toBe(1);
    expect(test.events).toEqual([]);
  });

  it('must await next', async () => {
    const test = make({
      handle: (_, next) => {
        void next();
        return { total: 0 };
      },
    });
    expect(await test.fail(till.sell, { amount: 1 })).toMatchObject({ code: 'InterceptorInvalid' });
  });
});

describe('the baggage of a message', () => {
  it('goes on with all that its handler sends, and is added to there and by interceptors', async () => {
    const test = make({ handle: (_, next) => next({ baggage: [{ name: 'tenant', value: 'acme' }] }) });
    await test.send(till.sell, { amount: 5 }, { baggage: [user.of('ada')] });
    expect(test.sent[0]?.message.baggage).toEqual({ user: 'handler', tenant: 'acme' });
    expect(test.events[0]?.message.baggage).toEqual({ user: 'ada', tenant: 'acme' });
  });

  it('is read by the handler, with what interceptors added', async () => {
    let seen: unknown;
    const test = new AgentTest({
      agent: till,
      handlers: {
        sell: (_: unknown, ctx: { baggage: { get(item: typeof user): unknown } }) => {
          seen = ctx.baggage.get(user);
          return { total: 0 };
        },
      },
      interceptors: [{ handle: (_, next) => next({ baggage: [user.of('interceptor')] }) }],
    });
    await test.send(till.sell, { amount: 1 });
    expect(seen).toBe('interceptor');
  });

  it('holds no secret: the message is a dead letter, and the secret is not told', async () => {
    const test = make();
    const error = await test.fail(till.sell, { amount: 99 });
    expect(error).toMatchObject({ code: 'BaggageInvalid', field: 'user' });
    expect(JSON.stringify([error.message, test.deadLetters])).not.toContain('hunter2');
    expect(test.sent).toEqual([]);
  });

  it('that breaks its rules makes a message a dead letter', async () => {
    const test = make();
    const attributes = { 'baggage-User!': 'x' };
    expect(await test.fail(till.sell, { amount: 1 }, { attributes })).toMatchObject({
      code: 'BaggageInvalid',
      field: 'baggage-User!',
    });
  });

  it('costs no attribute where there is none', async () => {
    const test = make();
    await test.send(till.sell, { amount: 1 });
    expect(test.events[0]?.message).not.toHaveProperty('baggage');
  });
});
