import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runIdOf } from '../../shared/contract/keys.ts';
import { CANCEL } from '../../shared/contract/message.ts';
import { decodeRun, type RunRecord } from '../../shared/workflow/run-record.ts';
import { FAULTS, FaultPlan } from '../support/faults.ts';
import { LAST_PAGE, lifeMesh, MOST_PICKING, Rooms } from '../support/life-mesh.ts';
import { World, type WorldOptions } from '../support/world.ts';

interface After {
  readonly world: World;
  readonly rooms: Rooms;
  readonly runs: readonly RunRecord[];
}
type Begin = (world: World) => void;

async function play(begin: Begin, plan: FaultPlan, options: Partial<WorldOptions> = {}): Promise<After> {
  const rooms = new Rooms();
  const world = new World({ agents: lifeMesh(rooms, plan), plan, ...options });
  begin(world);
  await world.settle();
  const documents = await world.store.query({ collection: 'workflows' });
  return { world, rooms, runs: documents.map(decodeRun) };
}

/** Each call of the calm run goes wrong in each way; then whatever order, several at once, with duplicates and a fault. */
function underFaults(begin: Begin, expectHolds: (after: After, note: string) => void): void {
  it('holds when nothing goes wrong', async () => {
    expectHolds(await play(begin, new FaultPlan()), 'calm');
  });

  it.each(FAULTS)('holds with a %s at any one of its calls', async (fault) => {
    const dry = new FaultPlan();
    await play(begin, dry);
    expect(dry.trace.length).toBeGreaterThan(20);
    for (let at = 0; at < dry.trace.length; at++)
      expectHolds(await play(begin, new FaultPlan(at, fault)), `${fault} at call ${at}, ${dry.trace[at]}`);
  });

  it('holds for any order of deliveries, several at once, with duplicates, and a fault anywhere', async () => {
    const dry = new FaultPlan();
    await play(begin, dry);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(dry.trace.length),
        fc.constantFrom(...FAULTS),
        fc.infiniteStream(fc.nat(1_000)),
        async (at, fault, choices) => {
          const draw = () => choices.next().value as number;
          let duplicates = 15;
          const after = await play(begin, new FaultPlan(at, fault), {
            pick: (count) => draw() % count,
            parallel: () => 1 + (draw() % 3),
            duplicate: () => duplicates > 0 && draw() % 3 === 0 && duplicates-- > 0,
          });
          expectHolds(after, `${fault} at call ${at}`);
        },
      ),
      { numRuns: 60 },
    );
  });
}

/** Cancels a run at a time when all that there is to do has been done. */
async function cancelLater({ ports, clock }: World, workflow: string, key: string): Promise<void> {
  const attributes = { 'ce-type': CANCEL, runid: runIdOf(workflow, key) };
  const message = { data: Buffer.from('{}'), attributes };
  await ports.timers.schedule({
    name: `cancel-${key}`,
    topic: 'mesh-family',
    message,
    at: new Date(clock.now() + 30_000),
  });
}

describe('a tree of children whose root is cancelled', () => {
  const begin = (world: World) => {
    world.command('family', 'parent', { id: 'ann' });
    void cancelLater(world, 'parent', 'ann');
  };
  underFaults(begin, ({ runs, rooms, world }, note) => {
    const statuses = runs.map(({ workflow, status }) => `${workflow} ${status}`).sort();
    const [parent] = runs.filter(({ workflow }) => workflow === 'parent');
    expect(parent?.status, note).toBe('cancelled');
    // The cancellation may come before the child was started: then it never begins.
    for (const status of statuses) expect(status, note).toMatch(/ cancelled$/);
    expect(runs.length, note).toBeLessThanOrEqual(3);
    expect([...rooms.taken], note).toEqual([]);
    const order = ['ann-grandchild', 'ann-child', 'ann-parent'];
    expect(rooms.left, note).toEqual(order.filter((id) => rooms.left.includes(id)));
    expect(world.kept, note).toEqual([]);
  });
});

describe('a tree of children that nobody cancels', () => {
  underFaults(
    (world) => world.command('family', 'parent', { id: 'ann' }),
    ({ runs, rooms }, note) => {
      expect(
        runs.map(({ status }) => status),
        note,
      ).toEqual(['completed', 'completed', 'completed']);
      expect(rooms.history, note).toEqual(['ann-parent', 'ann-child', 'ann-grandchild']);
    },
  );
});

describe('a run that goes on as a new one, again and again', () => {
  underFaults(
    (world) => world.command('family', 'loop', { id: 'l', page: 1 }),
    ({ runs, rooms }, note) => {
      const links = runs.map(({ status }) => status).sort();
      expect(links, note).toEqual(['completed', ...Array(LAST_PAGE - 1).fill('continued')]);
      expect(rooms.history, note).toEqual(Array.from({ length: LAST_PAGE }, (_, at) => `l-${at + 1}`));
    },
  );
});

describe('runs that share slots, one of them cancelled', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const begin = (world: World) => {
    for (const id of ids) world.command('family', 'pick', { id, customer: 'ann' });
    void cancelLater(world, 'pick', 'c');
  };
  underFaults(begin, ({ runs, rooms, world }, note) => {
    for (const { key, status } of runs)
      expect(key === 'c' ? ['cancelled', 'completed'] : ['completed'], `${key}: ${note}`).toContain(status);
    expect(runs, note).toHaveLength(ids.length);
    expect(rooms.mostAtOnce, note).toBeLessThanOrEqual(MOST_PICKING);
    expect([...rooms.taken], note).toEqual([]);
    expect(
      [...world.store.documents.keys()].filter((path) => path.includes('/slots/')),
      note,
    ).toEqual([]);
  });
});
