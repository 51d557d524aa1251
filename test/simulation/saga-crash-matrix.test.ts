import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runIdOf } from '../../shared/contract/keys.ts';
import { decodeRun } from '../../shared/workflow/run-record.ts';
import { FAULTS, type Fault, FaultPlan } from '../support/faults.ts';
import { Agency, sagaMesh } from '../support/saga-mesh.ts';
import { World, type WorldOptions } from '../support/world.ts';

interface Happening extends Partial<WorldOptions> {
  readonly approval?: boolean;
  /** What happens to the run of a trip at a moment, said in deliveries. */
  readonly at?: Readonly<Record<number, readonly ['cancel' | 'approve', string]>>;
}

async function book(
  trips: Readonly<Record<string, string>>,
  plan: FaultPlan,
  { approval = false, at = {}, ...options }: Happening = {},
) {
  const agency = new Agency();
  const meanwhile = (deliveries: number) => {
    const [what, tripId = ''] = at[deliveries] ?? [];
    const runid = runIdOf('book-trip', tripId);
    if (what === 'cancel') world.command('trips', 'mesh.cancel', {}, { runid });
    if (what === 'approve')
      world.command('trips', 'mesh.signal', { name: 'approve', payload: { by: 'ann' } }, { runid });
  };
  const world = new World({ agents: sagaMesh(agency, plan), plan, meanwhile, ...options });
  for (const [tripId, failAt] of Object.entries(trips))
    world.command('trips', 'book-trip', { tripId, failAt, approval });
  await world.settle();
  const documents = await world.store.query({ collection: 'workflows' });
  const runs = Object.fromEntries(documents.map(decodeRun).map((run) => [run.key, run]));
  const deadLetters = (await world.store.query({ collection: 'deadLetters' })).map(
    ({ fields }) => fields.code,
  );
  return { world, agency, runs, deadLetters };
}

const KINDS = ['car', 'hotel', 'flight'];
const ENDS = ['completed', 'failed', 'cancelled', 'compensation_failed'];

/** All or nothing, once, and undone in reverse: the books of every trip, whatever happened on the way. */
function expectBalanced(
  { agency, runs }: Awaited<ReturnType<typeof book>>,
  trips: Readonly<Record<string, string>>,
  note: string,
) {
  for (const [tripId, failAt] of Object.entries(trips)) {
    const status = runs[tripId]?.status;
    const live = [...agency.live].filter((reference) => reference.endsWith(`:${tripId}`));
    if (failAt !== 'none') expect(status, `${tripId}: ${note}`).not.toBe('completed');
    expect(ENDS, `${tripId} is ${status}: ${note}`).toContain(status);
    // A binding hotel stays, and the run says so.
    const stays = status === 'completed' ? KINDS : status === 'compensation_failed' ? ['hotel'] : [];
    expect(live, `${tripId}: ${note}`).toEqual(stays.map((kind) => `${kind}:${tripId}`));
    const order = agency.undone
      .filter((reference) => reference.endsWith(`:${tripId}`))
      .map((reference) => reference.split(':')[0]);
    expect(order, `${tripId}: ${note}`).toEqual(KINDS.toReversed().filter((kind) => order.includes(kind)));
  }
  for (const [reference, times] of agency.made) expect(times, `${reference}: ${note}`).toBe(1);
}

describe.each(['none', 'hotel', 'flight', 'undo'])('a saga whose trouble is %s', async (failAt) => {
  const trips = { rome: failAt };
  const dry = new FaultPlan();
  const calm = await book(trips, dry);

  it('ends as it should when nothing goes wrong', () => {
    expectBalanced(calm, trips, 'calm');
    const end = { none: 'completed', undo: 'compensation_failed' }[failAt] ?? 'failed';
    expect(calm.runs.rome?.status).toBe(end);
    expect(calm.deadLetters).toEqual(failAt === 'undo' ? ['Rejected'] : []);
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

describe('a saga that somebody is to approve', async () => {
  const trips = { rome: 'none' };
  const calm = await book(trips, new FaultPlan(), { approval: true, at: { 3: ['approve', 'rome'] } });

  it('is completed once it is approved and slept over', () => {
    expectBalanced(calm, trips, 'calm');
    expect(calm.runs.rome).toMatchObject({ status: 'completed' });
    expect(calm.deadLetters).toEqual([]);
  });

  it('is undone when nobody does in time', async () => {
    const left = await book(trips, new FaultPlan(), { approval: true });
    expectBalanced(left, trips, 'not approved');
    expect(left.runs.rome).toMatchObject({ status: 'failed', failure: { code: 'SignalTimeout' } });
  });

  it.each(FAULTS)('is whole or undone with a %s at any one of its calls', async (fault: Fault) => {
    const dry = new FaultPlan();
    await book(trips, dry, { approval: true, at: { 3: ['approve', 'rome'] } });
    for (let at = 0; at < dry.trace.length; at++) {
      const plan = new FaultPlan(at, fault);
      const after = await book(trips, plan, { approval: true, at: { 3: ['approve', 'rome'] } });
      expectBalanced(after, trips, `${fault} at call ${at}, ${dry.trace[at]}`);
    }
  });
});

describe.each(['none', 'flight', 'undo'])('a saga whose trouble is %s and that is cancelled', (failAt) => {
  const trips = { rome: failAt };

  it('is whole or undone, at whichever moment that is', async () => {
    const seen = new Set<string | undefined>();
    for (let moment = 0; moment < 40; moment++) {
      const after = await book(trips, new FaultPlan(), { at: { [moment]: ['cancel', 'rome'] } });
      expectBalanced(after, trips, `cancelled at ${moment}`);
      seen.add(after.runs.rome?.status);
    }
    expect(seen).toContain(failAt === 'undo' ? 'compensation_failed' : 'cancelled');
  });

  it('is whole or undone with a fault besides, in any order, with duplicates and clocks that differ', async () => {
    const dry = new FaultPlan();
    await book(trips, dry);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(30),
        fc.nat(dry.trace.length),
        fc.constantFrom(...FAULTS),
        fc.infiniteStream(fc.nat(1_000)),
        async (moment, at, fault, choices) => {
          const plan = new FaultPlan(at, fault);
          const shuffled = adverse(() => choices.next().value as number);
          const after = await book(trips, plan, { at: { [moment]: ['cancel', 'rome'] }, ...shuffled });
          expectBalanced(after, trips, `cancelled at ${moment}, ${fault} at call ${at}`);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe.each(['none', 'flight'])('a saga whose trouble is %s and whose replies are late', (failAt) => {
  const trips = { rome: failAt };
  /** Each reply takes as long as its number says: those of 40 s come after the timeout. */
  const slow = (delays: readonly number[]) => {
    let replies = 0;
    return {
      delay: ({ attributes }: { readonly attributes: Readonly<Record<string, string>> }) =>
        attributes['ce-type'] === 'mesh.reply' ? (delays[replies++] ?? 0) : 0,
    };
  };

  it.each([0, 1, 2])('is undone when the reply of step %i comes after its timeout', async (late) => {
    const after = await book(trips, new FaultPlan(), slow([0, 1, 2].map((at) => (at === late ? 40_000 : 0))));
    expectBalanced(after, trips, `late ${late}`);
    expect(after.runs.rome).toMatchObject({ status: 'failed', failure: { code: 'StepTimeout' } });
  });

  it('is whole or undone whatever else goes wrong', async () => {
    const dry = new FaultPlan();
    await book(trips, dry, slow([0, 40_000]));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(0, 29_999, 30_000, 40_000), { maxLength: 8 }),
        fc.nat(dry.trace.length),
        fc.constantFrom(...FAULTS),
        fc.infiniteStream(fc.nat(1_000)),
        async (delays, at, fault, choices) => {
          const shuffled = adverse(() => choices.next().value as number);
          const after = await book(trips, new FaultPlan(at, fault), { ...shuffled, ...slow(delays) });
          expectBalanced(after, trips, `${delays}, ${fault} at call ${at}`);
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** Any order, several at once, duplicates, clocks that differ by seconds. */
function adverse(draw: () => number): Partial<WorldOptions> {
  let duplicates = 15;
  return {
    pick: (count) => draw() % count,
    parallel: () => 1 + (draw() % 3),
    duplicate: () => duplicates > 0 && draw() % 3 === 0 && duplicates-- > 0,
    skew: () => [0, 0, -1_500, 1_500][draw() % 4] ?? 0,
  };
}

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
          const shuffled = adverse(() => choices.next().value as number);
          const after = await book(trips, new FaultPlan(at, fault), shuffled);
          expectBalanced(after, trips, `${fault} at call ${at}`);
        },
      ),
      { numRuns: 100 },
    );
  });
});
