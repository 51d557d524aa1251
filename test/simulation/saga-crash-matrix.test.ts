import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRun } from '../../shared/workflow/run-record.ts';
import { FAULTS, type Fault, FaultPlan } from '../support/faults.ts';
import { Agency, sagaMesh } from '../support/saga-mesh.ts';
import { World, type WorldOptions } from '../support/world.ts';

async function book(
  trips: Readonly<Record<string, string>>,
  plan: FaultPlan,
  options: Partial<WorldOptions> = {},
) {
  const agency = new Agency();
  const world = new World({ agents: sagaMesh(agency, plan), plan, ...options });
  for (const [tripId, failAt] of Object.entries(trips))
    world.command('trips', 'book-trip', { tripId, failAt });
  await world.settle();
  const documents = await world.store.query({ collection: 'workflows' });
  const runs = Object.fromEntries(documents.map(decodeRun).map((run) => [run.key, run]));
  return { world, agency, runs };
}

/** All or nothing, once, and undone in reverse: the books of every trip, whatever happened on the way. */
function expectBalanced(
  { agency, runs }: Awaited<ReturnType<typeof book>>,
  trips: Readonly<Record<string, string>>,
  note: string,
) {
  for (const [tripId, failAt] of Object.entries(trips)) {
    const status = runs[tripId]?.status;
    const live = [...agency.live].filter((reference) => reference.endsWith(`:${tripId}`));
    if (failAt !== 'none') expect(status, `${tripId}: ${note}`).toBe('failed');
    expect(['completed', 'failed'], `${tripId} is ${status}: ${note}`).toContain(status);
    expect(live, `${tripId}: ${note}`).toEqual(
      status === 'completed' ? ['car', 'hotel', 'flight'].map((kind) => `${kind}:${tripId}`) : [],
    );
    const order = agency.undone
      .filter((reference) => reference.endsWith(`:${tripId}`))
      .map((reference) => reference.split(':')[0]);
    expect(order, `${tripId}: ${note}`).toEqual(
      ['flight', 'hotel', 'car'].filter((kind) => order.includes(kind)),
    );
  }
  for (const [reference, times] of agency.made) expect(times, `${reference}: ${note}`).toBe(1);
}

describe.each(['none', 'hotel', 'flight'])('a saga whose trouble is %s', async (failAt) => {
  const trips = { rome: failAt };
  const dry = new FaultPlan();
  const calm = await book(trips, dry);

  it('ends as it should when nothing goes wrong', () => {
    expectBalanced(calm, trips, 'calm');
    expect(calm.runs.rome?.status).toBe(failAt === 'none' ? 'completed' : 'failed');
  });

  it.each(FAULTS)('is whole or undone with a %s at any one of its calls', async (fault: Fault) => {
    expect(dry.trace.length).toBeGreaterThan(15);
    for (let at = 0; at < dry.trace.length; at++) {
      expectBalanced(
        await book(trips, new FaultPlan(at, fault)),
        trips,
        `${fault} at call ${at}, ${dry.trace[at]}`,
      );
    }
  });
});

describe('several sagas at once', () => {
  const trips = { rome: 'none', oslo: 'hotel', lima: 'flight', kyoto: 'none' };

  it('are whole or undone for any order of deliveries, several at once, with duplicates, and a fault anywhere', async () => {
    const dry = new FaultPlan();
    await book(trips, dry);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(dry.trace.length),
        fc.constantFrom(...FAULTS),
        fc.infiniteStream(fc.nat(1_000)),
        async (at, fault, choices) => {
          const draw = () => choices.next().value as number;
          let duplicates = 15;
          const after = await book(trips, new FaultPlan(at, fault), {
            pick: (count) => draw() % count,
            parallel: () => 1 + (draw() % 3),
            duplicate: () => duplicates > 0 && draw() % 3 === 0 && duplicates-- > 0,
          });
          expectBalanced(after, trips, `${fault} at call ${at}`);
        },
      ),
      { numRuns: 100 },
    );
  });
});
