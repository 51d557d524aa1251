import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';

const Move = z.object({ accountId: z.string(), amount: z.number() });

const accounts = defineAgent({
  name: 'accounts',
  commands: {
    move: { input: Move, mode: 'effect', entity: { key: 'accountId' } },
    note: { input: Move, entity: { key: 'accountId' } },
  },
  state: { schema: z.object({ balance: z.number(), moves: z.number() }) },
  limits: { timeout: '10s' },
});

const handlersOf = (moved: Map<string, number>, outside: Outside) => {
  const add = (state: { balance: number; moves: number } | undefined, amount: number) => ({
    balance: (state?.balance ?? 0) + amount,
    moves: (state?.moves ?? 0) + 1,
  });
  return {
    move: async ({ accountId, amount }, ctx) => {
      // The door of the account: nobody else may be at it meanwhile, whatever the message.
      const door = { message: { id: accountId }, signal: ctx.signal };
      await outside.ask(`to move ${amount}`, door, () => void moved.set(ctx.idempotencyKey, amount));
      ctx.state.set(accountId, add(ctx.state.get(accountId), amount));
    },
    note: ({ accountId, amount }, ctx) => ctx.state.set(accountId, add(ctx.state.get(accountId), amount)),
  } satisfies HandlersOf<typeof accounts>;
};

/** Messages of few entities, many at once: each has its effect once, one at a time, and none is lost in the queue. */
export const entities: Workload = { name: 'entities', play };

function play(random: Random): Play {
  const moved = new Map<string, number>();
  const wanted: { accountId: string; amount: number; name: string }[] = [];
  const acts: Play['acts'][number][] = [];
  for (let count = random.between(3, 9); count > 0; count--) {
    const move = { accountId: random.pick(['a', 'b']), amount: 2 ** count };
    const name = random.pick(['move', 'note']);
    wanted.push({ ...move, name });
    const times = random.chance(0.2) ? 2 : 1;
    for (let time = 0; time < times; time++)
      acts.push({
        atMs: random.below(random.pick([50, 5_000])),
        act: (client) => client.command('accounts', name, move, { 'ce-id': `move-${count}` }),
      });
  }
  return {
    agents: [
      {
        contract: accounts.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: accounts.contract,
            handlers: handlersOf(moved, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, wanted, moved),
  };
}

function* audit(
  { documents }: EndState,
  wanted: readonly { accountId: string; amount: number; name: string }[],
  moved: ReadonlyMap<string, number>,
): Generator<string> {
  const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
  for (const account of ['a', 'b']) {
    const balance = Number(documents.get(`agents/accounts/state/${account}`)?.fields.balance ?? 0);
    const right = sum(wanted.filter(({ accountId }) => accountId === account).map(({ amount }) => amount));
    if (balance !== right) yield `I2: the balance of ${account} is ${balance}, not ${right}`;
  }
  const outside = sum([...moved.values()]);
  const right = sum(wanted.filter(({ name }) => name === 'move').map(({ amount }) => amount));
  if (outside !== right) yield `I2: outside ${outside} was moved, not ${right}`;
}
