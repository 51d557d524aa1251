import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../emulator/data/journal.ts';
import { KeptTasks } from '../../../emulator/data/kept-tasks.ts';
import { TaskQueues } from '../../../emulator/tasks/task-queues.ts';
import { StatusError } from '../../../emulator/wire/status.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

const PARENT = 'projects/demo/locations/here';
const queues = ['one', 'two'].map((id) => `${PARENT}/queues/${id}`);

function tasks(clock = new ManualClock()) {
  const kept = new KeptTasks();
  const sent: string[] = [];
  const core = new TaskQueues({
    clock,
    keeper: kept,
    transport: async ({ url, body }) => {
      sent.push(`${url} ${body ?? ''}`);
      return { status: url.endsWith('/fine') ? 200 : 500, retryAfter: undefined };
    },
  });
  kept.keeps(core);
  return { clock, kept, core, sent };
}
type World = ReturnType<typeof tasks>;

/** What a process that starts from these entries has, once through the file that they are kept in. */
function grown(entries: Iterable<Entry>, clock: ManualClock): World {
  const world = tasks(clock);
  for (const entry of entries) world.kept.replay(JSON.parse(JSON.stringify(entry)) as Entry);
  return world;
}

function told() {
  const world = tasks();
  const entries: Entry[] = [];
  world.kept.replayed();
  world.kept.onEntry((...each) => entries.push(...each));
  return { ...world, entries };
}

const queue = fc.constantFrom(...queues);
const id = fc.constantFrom('a', 'b', 'c');
const action = fc.oneof(
  {
    weight: 1,
    arbitrary: queue.map(
      (name) =>
        ({ core }: World) =>
          void core.deleteQueue(name),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(queue, fc.integer({ min: 1, max: 3 })).map(
      ([name, maxAttempts]) =>
        ({ core }: World) =>
          void core.updateQueue(name, { retryConfig: { maxAttempts } }),
    ),
  },
  {
    weight: 8,
    arbitrary: fc
      .record({
        name: queue,
        id: fc.option(id),
        fine: fc.boolean(),
        inMs: fc.nat(20_000),
        body: fc.boolean(),
      })
      .map(({ name, id: given, fine, inMs, body }) => ({ core, clock }: World) => {
        const url = `http://127.0.0.1/${fine ? 'fine' : 'fails'}`;
        const target = {
          url,
          method: 'POST' as const,
          headers: {},
          ...(body && { body: Buffer.from('hi') }),
        };
        const named = given === null ? {} : { name: `${name}/tasks/${given}` };
        core.createTask(name, { target, scheduleMs: clock.now() + inMs, ...named });
      }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(queue, id).map(
      ([name, each]) =>
        ({ core }: World) =>
          core.deleteTask(`${name}/tasks/${each}`),
    ),
  },
  {
    weight: 1,
    arbitrary: queue.map(
      (name) =>
        ({ core }: World) =>
          core.getQueue(name).pause(),
    ),
  },
  {
    weight: 1,
    arbitrary: queue.map(
      (name) =>
        ({ core }: World) =>
          core.getQueue(name).resume(),
    ),
  },
  {
    weight: 1,
    arbitrary: queue.map(
      (name) =>
        ({ core }: World) =>
          core.getQueue(name).purge(),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.nat(5_000).map(
      (ms) =>
        ({ clock }: World) =>
          clock.advance(ms),
    ),
  },
);

async function act(world: World, actions: readonly ((world: World) => void | Promise<void>)[]) {
  for (const name of queues) world.core.createQueue(PARENT, name);
  for (const each of actions) {
    try {
      await each(world);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
    }
  }
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) => a.name.localeCompare(b.name);
const seen = ({ core }: World) => ({
  retired: [...core.retired].sort(),
  queues: Array.from(
    core.all(),
    ({ name, rateLimits, retryConfig, state, kept, purgeMs, retired, tasks: all }) => ({
      ...{ name, rateLimits, retryConfig, state, kept, purgeMs, retired: [...retired].sort() },
      tasks: [...all].sort(byName),
    }),
  ).sort(byName),
});

describe('queues that are kept', () => {
  test('are the same again from what was told of them, and from what they tell of themselves', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { size: 'max', maxLength: 40 }), async (actions) => {
        const world = told();
        await act(world, actions);
        expect(seen(grown(world.entries, world.clock))).toEqual(seen(world));
        expect(seen(grown(world.kept.entries(), world.clock))).toEqual(seen(world));
      }),
      { numRuns: 200 },
    );
  });

  test('dispatch nothing before the last entry, then what is due', async () => {
    const world = told();
    const [name = ''] = queues;
    world.core.createQueue(PARENT, name);
    const target = {
      url: 'http://127.0.0.1/fine',
      method: 'POST' as const,
      headers: {},
      body: Buffer.from('hi'),
    };
    world.core.createTask(name, { target, scheduleMs: world.clock.now() + 1_000 });
    const after = grown(world.entries, new ManualClock());
    await after.clock.advance(5_000);
    expect(after.sent).toEqual([]);
    after.kept.replayed();
    await after.clock.advance(5_000);
    expect(after.sent).toEqual(['http://127.0.0.1/fine hi']);
  });

  test('refuse what is none of their entries', () => {
    const { kept } = tasks();
    expect(() => kept.replay({ topic: 'news' })).toThrow('an entry is none of Cloud Tasks');
    expect(() => kept.replay({ task: { name: 'x' } })).toThrow('no task');
    expect(() => kept.replay({ queueDeleted: 'x' })).toThrow('no time');
  });
});
