import { describe, expect, test } from 'vitest';
import { clientMesh, quotes } from '../../support/client-mesh.ts';
import { FAULTS, FaultPlan } from '../../support/faults.ts';

/** Asks for the answer to a command of each mode while one port call goes wrong. */
async function asked(plan: FaultPlan, duplicate: () => boolean = () => false) {
  const mesh = clientMesh({ plan, duplicate });
  const { client, settled, world, books } = mesh;
  const quoting = await client.send(quotes.quote, { sku: 'MUG', count: 2 });
  const paying = await client.send(quotes.pay, { sku: 'MUG' });
  const refused = await client.send(quotes.quote, { sku: 'GONE' });
  const answers = await settled(Promise.allSettled([quoting.answer(), paying.answer(), refused.answer()]));
  await world.settle();
  const again = await Promise.allSettled([quoting.answer(), paying.answer(), refused.answer()]);
  const { times } = world.store.documents.get('agents/quotes/state/MUG')?.fields ?? {};
  const letters = [...world.store.documents.keys()].filter((path) => path.startsWith('deadLetters/'));
  return { answers, again, times, paid: new Set(books.paid).size, letters };
}

const EXPECTED = [
  { status: 'fulfilled', value: { price: 250, total: 500 } },
  { status: 'fulfilled', value: { paid: 'MUG' } },
  { status: 'rejected', reason: { code: 'Rejected', reason: 'out_of_stock' } },
];

describe('the answer that is kept for a program', async () => {
  const { calls, trace } = await (async () => {
    const plan = new FaultPlan();
    await asked(plan);
    return plan;
  })();

  test('is there for each command, whatever its mode', async () => {
    expect(calls).toBeGreaterThan(5);
    const { answers, times, letters } = await asked(new FaultPlan());
    expect(answers).toMatchObject(EXPECTED);
    expect({ times, letters }).toEqual({ times: 1, letters: [] });
  });

  const cases = trace.flatMap((call, at) => FAULTS.map((fault) => ({ call, at, fault })));
  test.each(cases)('is there once, with $fault at call $at ($call)', async ({ at, fault }) => {
    for (const twice of [false, true]) {
      let deliveries = 0;
      const duplicate = () => twice && deliveries++ % 2 === 0;
      const { answers, again, times, paid, letters } = await asked(new FaultPlan(at, fault), duplicate);
      expect(answers).toMatchObject(EXPECTED);
      expect(again).toMatchObject(EXPECTED);
      expect({ times, paid, letters }).toEqual({ times: 1, paid: 1, letters: [] });
    }
  });
});
