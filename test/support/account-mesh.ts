import * as z from 'zod';
import { sleep } from '../../shared/contract/clock.ts';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { HandlersOf } from '../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../shared/kernel/handler-routes.ts';
import type { FaultPlan } from './faults.ts';
import { recorder, recorderHandlers } from './recorder.ts';
import type { WorldAgent } from './world.ts';

const Move = z.object({ accountId: z.string(), amount: z.number().int() });

/** Accounts as entities: the ledger outside must be told of their movements one after the other. */
export const accounts = defineAgent({
  name: 'accounts',
  commands: {
    /** Reaches outside. */
    move: {
      mode: 'effect',
      input: Move,
      output: z.object({ balance: z.number() }),
      entity: { key: 'accountId' },
    },
    /** Touches only the state. */
    note: { input: Move, output: z.object({ balance: z.number() }), entity: { key: 'accountId' } },
  },
  state: { schema: z.object({ balance: z.number(), moves: z.number() }) },
  limits: { timeout: '6s' },
});

const CALL_MS = 50;

/** The outside: it keeps idempotency keys, and notices when an account is worked on by two at a time. */
export class OutsideLedger {
  readonly #known = new Set<string>();
  readonly #busy = new Map<string, number>();
  /** The keys of the movements, by account, in the order in which they were first made. */
  readonly moves = new Map<string, string[]>();
  mostAtOnce = 0;

  enter(account: string): void {
    const inside = (this.#busy.get(account) ?? 0) + 1;
    this.#busy.set(account, inside);
    this.mostAtOnce = Math.max(this.mostAtOnce, inside);
  }

  leave(account: string): void {
    this.#busy.set(account, (this.#busy.get(account) ?? 1) - 1);
  }

  move(key: string, account: string): void {
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.moves.set(account, [...(this.moves.get(account) ?? []), key]);
  }
}

export function accountMesh(ledger: OutsideLedger, plan: FaultPlan): WorldAgent[] {
  return [
    {
      contract: accounts.contract,
      routes: ({ clock, secrets }) => {
        const handlers = {
          move: async ({ accountId, amount }, ctx) => {
            const { balance = 0, moves = 0 } = ctx.state.get(accountId) ?? {};
            ledger.enter(accountId);
            try {
              await sleep(clock, CALL_MS, ctx.signal);
              const fault = plan.next('provider');
              if (fault === 'refused') throw new MeshError('ProviderFailed', 'the ledger is shut');
              ledger.move(ctx.idempotencyKey, accountId);
              if (fault !== undefined) throw new MeshError('ProviderFailed', 'the answer was lost');
            } finally {
              ledger.leave(accountId);
            }
            ctx.state.set(accountId, { balance: balance + amount, moves: moves + 1 });
            return { balance: balance + amount };
          },
          note: ({ accountId, amount }, ctx) => {
            const { balance = 0, moves = 0 } = ctx.state.get(accountId) ?? {};
            ctx.state.set(accountId, { balance: balance + amount, moves: moves + 1 });
            return { balance: balance + amount };
          },
        } satisfies HandlersOf<typeof accounts>;
        return handlerRoutes({ contract: accounts.contract, handlers, clock, secrets, env: {} });
      },
    },
    {
      contract: recorder.contract,
      routes: ({ clock, secrets }) =>
        handlerRoutes({ contract: recorder.contract, handlers: recorderHandlers, clock, secrets, env: {} }),
    },
  ];
}
