import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAULTS, FaultPlan } from '../support/faults.ts';
import { ledgerMesh, Vault } from '../support/ledger-mesh.ts';
import { World, type WorldOptions } from '../support/world.ts';

/** Three sales through four agents; then what stands in the store and the vault. */
async function threeSales(plan: FaultPlan, options: Partial<WorldOptions> = {}) {
  const vault = new Vault();
  const world = new World({ agents: ledgerMesh(vault, plan), plan, ...options });
  for (const amount of [5, 7, 11])
    world.command(
      'till',
      'sell',
      { account: 'main', amount },
      { 'ce-id': `sale-${amount}`, 'ce-source': '/test' },
    );
  await world.settle();
  const fieldsOf = (path: string) => world.store.documents.get(path)?.fields;
  return {
    world,
    books: {
      till: fieldsOf('agents/till/state/main'),
      bank: fieldsOf('agents/bank/state/all'),
      board: fieldsOf('agents/board/state/all'),
      deposits: vault.worked,
      deadLetters: [...world.store.documents.keys()].filter((path) => path.startsWith('deadLetters/')).length,
    },
  };
}

const BALANCED = {
  till: { total: 23 },
  bank: { deposits: 3 },
  board: { seen: 3 },
  deposits: 3,
  deadLetters: 0,
};

describe('whatever dies, wherever, every effect happens once', async () => {
  const dry = new FaultPlan();
  const { books } = await threeSales(dry);

  it('balances when nothing goes wrong', () => expect(books).toEqual(BALANCED));

  for (const fault of FAULTS) {
    it(`balances with a ${fault} at any one of its calls`, async () => {
      expect(dry.trace.length).toBe(30);
      for (let at = 0; at < dry.trace.length; at++) {
        const plan = new FaultPlan(at, fault);
        const after = await threeSales(plan);
        expect(after.books, `${fault} at call ${at}, ${dry.trace[at]}`).toEqual(BALANCED);
      }
    });
  }

  it('balances for any order of deliveries, several at once, with duplicates, and a fault anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(dry.trace.length),
        fc.constantFrom(...FAULTS),
        fc.infiniteStream(fc.nat(1_000)),
        async (at, fault, choices) => {
          const draw = () => choices.next().value as number;
          let duplicates = 12;
          const after = await threeSales(new FaultPlan(at, fault), {
            pick: (count) => draw() % count,
            parallel: () => 1 + (draw() % 3),
            duplicate: () => duplicates > 0 && draw() % 3 === 0 && duplicates-- > 0,
          });
          expect(after.books).toEqual(BALANCED);
        },
      ),
      { numRuns: 400 },
    );
  });
});
