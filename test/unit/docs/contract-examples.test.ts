import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { type Contract, defineAgent } from '../../../shared/contract/index.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { computeTopology } from '../../../shared/topology.ts';
import { defineWorkflow } from '../../../shared/workflow/index.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import { World, type WorldAgent } from '../../support/world.ts';

const hosting = (
  { contract }: { readonly contract: Contract },
  ...definitions: Parameters<typeof workflowRoutes>[0]['definitions']
): WorldAgent => ({
  contract,
  routes: ({ clock, ids }) => workflowRoutes({ contract, definitions, clock, ids }),
});
const runsOf = async (world: World) =>
  (await world.store.query({ collection: 'workflows' })).map(({ fields }) => fields);

it('a concurrency key', async () => {
  const Pick = z.object({ id: z.string(), customerId: z.string() });
  // #region concurrency
  const shop = defineAgent({
    name: 'shop',
    workflows: { pick: { input: Pick, key: 'id', concurrency: { key: 'customerId', limit: 3 } } },
  });
  // #endregion
  const pick = defineWorkflow({
    name: 'pick',
    version: 1,
    input: Pick,
    run: (wf) => wf.signal('picked', { schema: z.null() }).then(() => undefined),
  });
  const world = new World({ agents: [hosting(shop, pick)] });
  for (let at = 0; at < 5; at++) world.command('shop', 'pick', { id: `p-${at}`, customerId: 'ada' });
  world.command('shop', 'pick', { id: 'other', customerId: 'bob' });
  await world.settle();
  const statuses = (await runsOf(world)).map(({ status }) => status);
  expect(statuses.sort()).toEqual(['running', 'running', 'running', 'running', 'waiting', 'waiting']);
});

it('an entity', async () => {
  const Move = z.object({ accountId: z.string(), amount: z.number() });
  // #region entity
  const accounts = defineAgent({
    name: 'accounts',
    commands: {
      move: {
        mode: 'effect',
        input: Move,
        output: z.object({ balance: z.number() }),
        entity: { key: 'accountId' },
      },
    },
    state: { schema: z.object({ balance: z.number() }) },
  });
  // #endregion
  let atOnce = 0;
  let mostAtOnce = 0;
  // #region entity-handler
  const handlers = {
    move: async ({ accountId, amount }, ctx) => {
      const balance = (ctx.state.get(accountId)?.balance ?? 0) + amount;
      await transfer(amount);
      ctx.state.set(accountId, { balance });
      return { balance };
    },
  } satisfies HandlersOf<typeof accounts>;
  // #endregion
  async function transfer(_amount: number) {
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce -= 1;
  }
  const bank = defineAgent({
    name: 'bank',
    calls: ['accounts'],
    workflows: { book: { input: z.object({ amounts: z.array(z.number()) }) } },
  });
  const book = defineWorkflow({
    name: 'book',
    version: 1,
    input: z.object({ amounts: z.array(z.number()) }),
    async run(wf, { amounts }) {
      // #region entity-calls
      await Promise.all(amounts.map((amount) => wf.call(accounts.move, { accountId: 'ada', amount })));
      // #endregion
    },
  });
  const { contract } = accounts;
  const world = new World({
    agents: [
      hosting(bank, book),
      {
        contract,
        routes: ({ clock, secrets }) => handlerRoutes({ contract, handlers, clock, secrets, env: {} }),
      },
    ],
    parallel: () => 4,
  });
  world.command('bank', 'book', { amounts: [1, 2, 3, 4, 5] });
  await world.settle();
  expect(mostAtOnce).toBe(1);
  const [state] = await world.store.query({ collection: 'agents/accounts/state' });
  expect(state?.fields).toMatchObject({ balance: 15 });
});

it('a schedule', () => {
  // #region schedule
  const reports = defineAgent({
    name: 'reports',
    workflows: { 'daily-report': { input: z.object({ day: z.enum(['today', 'yesterday']) }) } },
    schedules: {
      'daily-report': {
        cron: '10 0 * * *',
        timeZone: 'Europe/Paris',
        message: 'daily-report',
        input: { day: 'yesterday' },
      },
    },
  });
  // #endregion
  const { schedules } = computeTopology([reports.contract], { project: 'p' });
  expect(schedules[0]).toMatchObject({
    cron: '10 0 * * *',
    data: '{"day":"yesterday"}',
    topic: 'mesh-reports',
  });
});
