import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { rejected } from '../../../shared/contract/errors.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';

const Sale = z.object({ account: z.string(), amount: z.number().int().positive() });
type Sale = z.infer<typeof Sale>;
const Totals = z.object({ total: z.number(), count: z.number() });

const till = defineAgent({
  name: 'till',
  commands: { sell: { input: Sale } },
  publishes: { sold: Sale, other: z.object({}) },
  calls: ['bank'],
  state: { schema: Totals },
});

const bank = defineAgent({
  name: 'bank',
  secrets: ['provider-key'],
  commands: { deposit: { input: Sale, mode: 'effect' } },
  state: { schema: Totals },
});

const board = defineAgent({
  name: 'board',
  subscribes: { 'till.sold': { data: Sale, mode: 'effect' } },
  secrets: ['provider-key'],
  state: { schema: Totals },
});

/** Money outside of the mesh, by the keys under which it was moved. */
class Vault {
  readonly moved = new Map<string, number>();
  move(key: string, amount: number): void {
    if (!this.moved.has(key)) this.moved.set(key, amount);
  }
  get total(): number {
    return [...this.moved.values()].reduce((sum, amount) => sum + amount, 0);
  }
}

const add = (totals: z.infer<typeof Totals> = { total: 0, count: 0 }, amount: number) => ({
  total: totals.total + amount,
  count: totals.count + 1,
});

const tillHandlers = {
  sell: {
    keys: ({ account }) => [account],
    handle: (sale, ctx) => {
      if (sale.amount > 900) throw rejected('too_much', 'the till takes no more than 900');
      ctx.state.set(sale.account, add(ctx.state.get(sale.account), sale.amount));
      ctx.send(bank.deposit, sale);
      ctx.publish(till.other, {});
      ctx.publish(till.sold, sale);
    },
  },
} satisfies HandlersOf<typeof till>;

const bankHandlers = (vault: Vault, outside: Outside) =>
  ({
    deposit: {
      keys: () => ['all'],
      handle: async ({ amount }, ctx) => {
        await ctx.secret('provider-key');
        await outside.ask('to deposit', ctx, () => vault.move(ctx.idempotencyKey, amount));
        ctx.state.set('all', add(ctx.state.get('all'), amount));
      },
    },
  }) satisfies HandlersOf<typeof bank>;

const boardHandlers = (posters: Vault, outside: Outside) =>
  ({
    'till.sold': {
      keys: ({ account }) => [account],
      handle: async ({ account, amount }, ctx) => {
        await outside.ask('to show', ctx, () => posters.move(ctx.idempotencyKey, amount));
        ctx.state.set(account, add(ctx.state.get(account), amount));
      },
    },
  }) satisfies HandlersOf<typeof board>;

/** Sales that contend for the same documents, some sent twice, some malformed; a deposit and an event follow from each. */
export const ledger: Workload = { name: 'ledger', play };

function play(random: Random): Play {
  const [vault, posters] = [new Vault(), new Vault()];
  const sales: Sale[] = [];
  const acts: Play['acts'][number][] = [];
  for (let count = random.between(2, 7); count > 0; count--) {
    const sale = { account: random.pick(['north', 'south']), amount: random.pick([1, 10, 100, 1_000]) };
    const attributes = { 'ce-id': `sale-${count}` };
    if (sale.amount < 1_000) sales.push(sale);
    const times = random.chance(0.3) ? 3 : 1;
    for (let time = 0; time < times; time++)
      acts.push({
        atMs: random.below(1_500),
        act: (client) => client.command('till', 'sell', sale, attributes),
      });
  }
  if (random.chance(0.3))
    acts.push({
      atMs: random.below(1_500),
      act: (client) =>
        client.raw('till', random.pick(['{', '{"account":7}', '']), {
          'ce-type': 'till.sell',
          'ce-id': 'bad',
          'ce-source': '/client',
        }),
    });
  return {
    agents: [
      {
        contract: till.contract,
        routes: ({ ports: { clock, secrets } }) =>
          handlerRoutes({ contract: till.contract, handlers: tillHandlers, clock, secrets, env: {} }),
      },
      {
        contract: bank.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: bank.contract,
            handlers: bankHandlers(vault, outside),
            clock,
            secrets,
            env: {},
          }),
      },
      {
        contract: board.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: board.contract,
            handlers: boardHandlers(posters, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, sales, vault, posters),
  };
}

function* audit(
  { documents }: EndState,
  sales: readonly Sale[],
  vault: Vault,
  posters: Vault,
): Generator<string> {
  const wanted = sales.reduce((sum, { amount }) => sum + amount, 0);
  const kept = (agent: string) =>
    ['north', 'south', 'all'].reduce(
      (sum, key) => sum + Number(documents.get(`agents/${agent}/state/${key}`)?.fields.total ?? 0),
      0,
    );
  const books = {
    till: kept('till'),
    bank: kept('bank'),
    board: kept('board'),
    vault: vault.total,
    posters: posters.total,
  };
  for (const [name, total] of Object.entries(books))
    if (total !== wanted) yield `I2: ${wanted} was sold, and the ${name} has ${total}`;
}
