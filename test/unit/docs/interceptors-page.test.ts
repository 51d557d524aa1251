import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { defineAgent, defineBaggage, rejected } from '../../../shared/contract/index.ts';
import { defineWorkflow, type HandlersOf, type Interceptor, serveAgent } from '../../../shared/index.ts';
import { AgentTest, fake, WorkflowTest } from '../../../shared/testing/index.ts';

// #region baggage
const user = defineBaggage('user', z.enum(['clerk', 'manager']));
// #endregion

const bank = defineAgent({ name: 'bank', commands: { pay: { input: z.object({ amount: z.number() }) } } });
const till = defineAgent({
  name: 'till',
  calls: ['till', 'bank'],
  commands: {
    close: { input: z.object({ order: z.string() }) },
    refund: { input: z.object({ order: z.string() }) },
  },
  workflows: { settle: { input: z.object({ amount: z.number() }) } },
});
let refunds = 0;
const handlers = {
  close: ({ order }, ctx) => {
    // #region baggage-send
    ctx.send(till.refund, { order }, { baggage: [user.of('manager')] });
    // #endregion
  },
  refund: () => {
    refunds += 1;
  },
} satisfies HandlersOf<typeof till>;
const settle = defineWorkflow({
  name: 'settle',
  version: 1,
  input: z.object({ amount: z.number() }),
  run: (wf, { amount }) => wf.call(bank.pay, { amount }).then(() => undefined),
});
const workflows = [settle];

// #region interceptor
const authorized: Interceptor = {
  async handle({ type, ctx }, next) {
    const caller = ctx.baggage.get(user);
    if (type === 'till.refund' && caller !== 'manager')
      throw rejected('forbidden', `${caller} may not refund`);
    return next();
  },
};
// #endregion

// #region handle
const timed: Interceptor = {
  async handle({ type, ctx }, next) {
    const began = ctx.now().getTime();
    try {
      return await next();
    } finally {
      ctx.log.info('timed', { type, ms: ctx.now().getTime() - began });
    }
  },
};
// #endregion

// #region operation
const limited: Interceptor = {
  operation({ kind, name, input }, next) {
    if (kind === 'call' && name === 'bank.pay' && (input as { amount: number }).amount > 1_000)
      throw rejected('over_limit', 'no run may pay more than 1,000 at once');
    next();
  },
  settled({ kind, name, startedAt, log }, { ok, endedAt }) {
    log.info('step', { kind, name, ok, ms: endedAt.getTime() - startedAt.getTime() });
  },
};
// #endregion

it('around a handler, by its baggage', async () => {
  const test = new AgentTest({ agent: till, handlers, interceptors: [timed, authorized] });
  expect(await test.fail(till.refund, { order: 'o-1' }, { baggage: [user.of('clerk')] })).toMatchObject({
    reason: 'forbidden',
  });
  await test.send(till.close, { order: 'o-1' });
  expect(refunds).toBe(1);
  expect(test.logs.filter(({ message }) => message === 'timed')).toHaveLength(3);
});

it('around an operation', async () => {
  const test = new WorkflowTest({
    agent: till,
    workflows,
    fakes: [fake(bank.pay, () => undefined)],
    interceptors: [limited],
  });
  await test.start(till.settle, { amount: 1_001 });
  expect(test.run).toMatchObject({ status: 'failed', failure: { reason: 'over_limit' } });
  expect(test.commands).toEqual([]);
});

it('in a function', () => {
  // #region serve
  const serve = serveAgent({ agent: till, handlers, workflows, interceptors: [timed, authorized] });
  // #endregion
  expect(serve).toBeInstanceOf(Function);
});
