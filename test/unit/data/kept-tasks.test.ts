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
  world.kept.onEntry((...each) => entries.push(...each));
  world.kept.serving('');
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

  test('dispatch nothing before the servers are open, then what is due', async () => {
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
    after.kept.serving('');
    await after.clock.advance(5_000);
    expect(after.sent).toEqual(['http://127.0.0.1/fine hi']);
  });

  test('publish to Pub/Sub where it is now, through any number of restarts; other targets stay', async () => {
    const [name = ''] = queues;
    const publish = '/v1/projects/demo/topics/news:publish?x=http://127.0.0.1:1111/';
    const urls = [
      `http://127.0.0.1:1111${publish}`,
      `http://localhost:1111${publish}`,
      'http://127.0.0.1:2/fine',
    ];
    const first = tasks();
    first.kept.serving('127.0.0.1:1111');
    first.core.createQueue(PARENT, name);
    for (const url of urls) {
      const target = { url, method: 'POST' as const, headers: {} };
      first.core.createTask(name, { target, scheduleMs: first.clock.now() + 60_000 });
    }
    const second = grown(first.kept.entries(), new ManualClock());
    second.kept.serving('127.0.0.1:2222');
    // A task to the port of before, which somebody else may have now, is not for Pub/Sub.
    const target = { url: 'http://127.0.0.1:1111/other', method: 'POST' as const, headers: {} };
    second.core.createTask(name, { target, scheduleMs: second.clock.now() + 60_000 });
    const third = grown(second.kept.entries(), new ManualClock());
    const entries: Entry[] = [...second.kept.entries()];
    third.kept.onEntry((...each) => entries.push(...each));
    third.kept.serving('http://127.0.0.1:3333');
    const expected = [
      `http://127.0.0.1:3333${publish} `,
      `http://127.0.0.1:3333${publish} `,
      'http://127.0.0.1:2/fine ',
      'http://127.0.0.1:1111/other ',
    ];
    await third.clock.advance(60_000);
    expect(third.sent).toEqual(expected);
    // A process that ended right after it told where Pub/Sub went has moved its tasks.
    const moved = entries.findIndex(({ pubsub }) => pubsub === 'http://127.0.0.1:3333');
    const fourth = grown(entries.slice(0, moved + 1), new ManualClock());
    fourth.kept.serving('127.0.0.1:3333');
    await fourth.clock.advance(60_000);
    expect(fourth.sent).toEqual(expected);
  });

  test('refuse what is none of their entries', () => {
    const { kept } = tasks();
    expect(() => kept.replay({ topic: 'news' })).toThrow('an entry is none of Cloud Tasks');
    expect(() => kept.replay({ task: { name: 'x' } })).toThrow('no task');
    expect(() => kept.replay({ queueDeleted: 'x' })).toThrow('no time');
  });
});
