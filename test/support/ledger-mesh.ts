import * as z from 'zod';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import { MeshError, rejected } from '../../shared/contract/errors.ts';
import type { HandlersOf } from '../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../shared/kernel/handler-routes.ts';
import type { FaultPlan } from './faults.ts';
import { recorder, recorderHandlers } from './recorder.ts';
import type { WorldAgent } from './world.ts';

/** A small mesh that has one of everything the kernel does: state, sends, events, an effect, dead letters. */
const till = defineAgent({
  name: 'till',
  calls: ['bank'],
  commands: {
    sell: {
      input: z.object({ account: z.string(), amount: z.number().int().positive() }),
      output: z.object({ total: z.number() }),
    },
  },
  publishes: { sold: z.object({ amount: z.number() }) },
  state: { schema: z.object({ total: z.number() }) },
});

const bank = defineAgent({
  name: 'bank',
  commands: {
    deposit: {
      input: z.object({ amount: z.number() }),
      output: z.object({ balance: z.number() }),
      mode: 'effect',
    },
    audit: { input: z.object({}) },
  },
  state: { schema: z.object({ deposits: z.number() }) },
});

const board = defineAgent({
  name: 'board',
  subscribes: { 'till.sold': { data: z.object({ amount: z.number() }) } },
  state: { schema: z.object({ seen: z.number() }) },
});

/** The outside world of the bank: it keeps the promise of idempotency keys that a payment provider keeps. */
export class Vault {
  readonly #balances = new Map<string, number>();
  /** Requests that did the work, and those answered from the record of their key. */
  worked = 0;
  replayed = 0;

  deposit(key: string, amount: number): number {
    const known = this.#balances.get(key);
    if (known !== undefined) {
      this.replayed++;
      return known;
    }
    this.worked++;
    this.#balances.set(key, amount);
    return amount;
  }
}

/** The agents of the mesh; `plan` lets the vault fail like every other call. */
export function ledgerMesh(vault: Vault, plan: FaultPlan): WorldAgent[] {
  const tillHandlers = {
    sell: {
      keys: ({ account }) => [account],
      handle: ({ account, amount }, ctx) => {
        if (amount === 666) throw rejected('unlucky', 'nothing is sold at this price');
        if (amount === 500) throw new Error('the till is broken');
        if (amount === 501) throw new Error('the till says value of till-key');
        const total = (ctx.state.get(account)?.total ?? 0) + amount;
        ctx.state.set(account, { total });
        ctx.send(bank.deposit, { amount });
        ctx.publish(till.sold, { amount });
        return { total };
      },
    },
  } satisfies HandlersOf<typeof till>;
  const bankHandlers = {
    deposit: {
      keys: () => ['all'],
      handle: async ({ amount }, ctx) => {
        const fault = plan.next('provider');
        if (fault === 'refused') throw new MeshError('ProviderFailed', 'the vault is shut');
        const balance = vault.deposit(ctx.idempotencyKey, amount);
        if (fault !== undefined) throw new MeshError('ProviderFailed', 'the answer of the vault was lost');
        ctx.state.set('all', { deposits: (ctx.state.get('all')?.deposits ?? 0) + 1 });
        return { balance };
      },
    },
    audit: () => undefined,
  } satisfies HandlersOf<typeof bank>;
  const boardHandlers = {
    'till.sold': {
      keys: () => ['all'],
      handle: (_event, ctx) => ctx.state.set('all', { seen: (ctx.state.get('all')?.seen ?? 0) + 1 }),
    },
  } satisfies HandlersOf<typeof board>;
  return [
    { agent: till, handlers: tillHandlers },
    { agent: bank, handlers: bankHandlers },
    { agent: board, handlers: boardHandlers },
    { agent: recorder, handlers: recorderHandlers },
  ].map(({ agent, handlers }) => ({
    contract: agent.contract,
    routes: ({ clock, secrets }) =>
      handlerRoutes({ contract: agent.contract, handlers, clock, secrets, env: {} }),
  }));
}
