import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRun } from '../../shared/workflow/run-record.ts';
import { fanMesh, sumOf } from '../support/fan-mesh.ts';
import { FAULTS, type Fault, FaultPlan } from '../support/faults.ts';
import { World, type WorldOptions } from '../support/world.ts';

interface Fan {
  readonly width: number;
  readonly rounds?: number;
}

async function gather({ width, rounds = 1 }: Fan, plan: FaultPlan, options: Partial<WorldOptions> = {}) {
  const world = new World({ agents: fanMesh(), plan, ...options });
  world.command('fans', 'fan', { id: 'one', width, rounds });
  await world.settle();
  const [document] = await world.store.query({ collection: 'workflows' });
  if (!document) throw new Error('there is no run');
  const mail = [...world.store.documents.keys()].filter((path) => path.includes('/mailbox/'));
  return { world, run: decodeRun(document), mail, drain: document.fields.drain };
}

function expectGathered(
  { run, mail, world }: Awaited<ReturnType<typeof gather>>,
  { width, rounds = 1 }: Fan,
  note: string,
) {
  expect(run, note).toMatchObject({
    status: 'completed',
    output: { sum: sumOf(width, rounds) },
    steps: { total: width * rounds, done: width * rounds, open: 0 },
  });
  expect(mail, note).toEqual([]);
  expect(world.kept, note).toEqual([]);
}

const instances = { lasting: true, parallel: () => 8 };

describe('replies that come at the same time', async () => {
  const fan = { width: 24 };
  const dry = new FaultPlan();
  const calm = await gather(fan, dry, instances);

  it('are folded into the run in batches', () => {
    expectGathered(calm, fan, 'calm');
    expect(calm.drain ?? null).toBeNull();
    // Each command, and its reply that was left, is a commit; the rest are those of the run.
    const commits = dry.trace.filter((name) => name === 'commit').length - 2 * fan.width;
    expect(commits).toBeLessThan(fan.width / 2);
  });

  it('are folded when they conflict, however few the run waits for', async () => {
    const few = { width: 12, rounds: 2 };
    expectGathered(await gather(few, new FaultPlan(), { parallel: () => 8 }), few, 'few');
  });

  it.each(FAULTS)('are all folded, once, with a %s at any one call', async (fault: Fault) => {
    for (let at = 0; at < dry.trace.length; at++) {
      const note = `${fault} at call ${at}, ${dry.trace[at]}`;
      expectGathered(await gather(fan, new FaultPlan(at, fault), instances), fan, note);
    }
  });
});

describe('replies in any order, several at once, with duplicates and a fault anywhere', () => {
  it.each([
    { what: 'to lasting instances', lasting: true },
    { what: 'to fresh ones', lasting: false },
  ])('are all folded, once, $what', async ({ lasting }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(250),
        fc.constantFrom(...FAULTS),
        fc.record({ width: fc.integer({ min: 5, max: 30 }), rounds: fc.integer({ min: 1, max: 2 }) }),
        fc.infiniteStream(fc.nat(1_000)),
        async (at, fault, fan, choices) => {
          const draw = () => choices.next().value as number;
          let duplicates = 20;
          const after = await gather(fan, new FaultPlan(at, fault), {
            lasting,
            pick: (count) => draw() % count,
            parallel: () => 1 + (draw() % 10),
            duplicate: () => duplicates > 0 && draw() % 3 === 0 && duplicates-- > 0,
          });
          expectGathered(after, fan, `${fault} at call ${at}`);
        },
      ),
      { numRuns: 40 },
    );
  });
});
