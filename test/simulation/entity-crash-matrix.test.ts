import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountMesh, OutsideLedger } from '../support/account-mesh.ts';
import { FAULTS, FaultPlan } from '../support/faults.ts';
import { World, type WorldOptions } from '../support/world.ts';

/** Five messages for one account and one for another; then what stands in the state and outside. */
async function movements(plan: FaultPlan, options: Partial<WorldOptions> = {}) {
  const ledger = new OutsideLedger();
  const world = new World({ agents: accountMesh(ledger, plan), plan, ...options });
  const send = (name: string, accountId: string, amount: number) =>
    world.command(
      'accounts',
      name,
      { accountId, amount },
      { 'ce-id': `${name}-${accountId}-${amount}`, 'ce-source': '/test' },
    );
  for (const amount of [1, 2, 4]) send('move', 'a', amount);
  send('note', 'a', 8);
  send('move', 'a', 16);
  send('move', 'b', 32);
  await world.settle();
  const state = (account: string) => world.store.documents.get(`agents/accounts/state/${account}`)?.fields;
  return {
    world,
    ledger,
    books: {
      a: state('a'),
      b: state('b'),
      outside: [ledger.moves.get('a')?.length, ledger.moves.get('b')?.length],
      mostAtOnce: ledger.mostAtOnce,
      deadLetters: [...world.store.documents.keys()].filter((path) => path.startsWith('deadLetters/')).length,
    },
  };
}

const BALANCED = {
  a: { balance: 31, moves: 5 },
  b: { balance: 32, moves: 1 },
  outside: [4, 1],
  mostAtOnce: 1,
  deadLetters: 0,
};
const together = { parallel: () => 6 };

describe('an entity handles one message at a time, whatever dies, wherever', async () => {
  const dry = new FaultPlan();
  const { books, world } = await movements(dry, together);

  it('balances when nothing goes wrong', () => {
    expect(books).toEqual(BALANCED);
    expect(world.outcomes.map(({ outcome }) => outcome)).not.toContain('nack');
  });

  for (const fault of FAULTS) {
    it(`balances with a ${fault} at any one of its calls`, async () => {
      for (let at = 0; at < dry.trace.length; at++) {
        const after = await movements(new FaultPlan(at, fault), together);
        expect(after.books, `${fault} at call ${at}, ${dry.trace[at]}`).toEqual(BALANCED);
      }
    });
  }

  it('balances for any order of deliveries, several at once, with duplicates, clocks that differ, and a fault anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(dry.trace.length),
        fc.constantFrom(...FAULTS),
        fc.infiniteStream(fc.nat(1_000)),
        async (at, fault, choices) => {
          const draw = () => choices.next().value as number;
          let duplicates = 12;
          const after = await movements(new FaultPlan(at, fault), {
            pick: (count) => draw() % count,
            parallel: () => 1 + (draw() % 5),
            duplicate: () => duplicates > 0 && draw() % 3 === 0 && duplicates-- > 0,
            // Less than the margin by which a lease outlasts its handler.
            skew: () => (draw() % 1_000) - 500,
          });
          expect(after.books).toEqual(BALANCED);
        },
      ),
      { numRuns: 200 },
    );
  });
});
