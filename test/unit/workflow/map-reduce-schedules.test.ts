import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { stage } from '../../../shared/workflow/index.ts';
import { deskWorld, numbers, scribe, wrote } from './map-reduce-world.ts';
import { type Behaviour, type Chooser, done, fails, seeded } from './world.ts';

const works = fc.record({
  items: fc.nat(24),
  pageSize: fc.integer({ min: 1, max: 9 }),
  shardSize: fc.integer({ min: 1, max: 4 }),
  fanIn: fc.integer({ min: 2, max: 4 }),
  concurrency: fc.integer({ min: 1, max: 6 }),
  paged: fc.boolean(),
  timeout: fc.boolean(),
  /** Shards that begin with one of these fail once, so that they are tried again; those that begin with these always do. */
  once: fc.uniqueArray(fc.nat(24), { maxLength: 4 }),
  always: fc.uniqueArray(fc.nat(24), { maxLength: 2 }),
});
type Work = typeof works extends fc.Arbitrary<infer T> ? T : never;

async function play(work: Work, choose: Chooser, cancelAfter?: number) {
  const { items, once, always, shardSize, fanIn, concurrency, paged, timeout } = work;
  const tries = new Map<number, number>();
  const write: Behaviour = (input: { items: number[] }) => {
    const [first = 0] = input.items;
    tries.set(first, (tries.get(first) ?? 0) + 1);
    const failsNow = always.includes(first) || (once.includes(first) && tries.get(first) === 1);
    return failsNow ? fails('HandlerTimeout') : done({ text: wrote(input.items) });
  };
  const source = paged ? { read: stage(scribe.page, { book: 'a' }) } : { items: numbers(items) };
  const mesh = deskWorld(
    (wf) =>
      wf.mapReduce({
        ...source,
        map: stage(scribe.write),
        reduce: stage(scribe.join, { between: '+' }),
        ...{ shardSize, fanIn, concurrency },
        retry: { maxAttempts: 2 },
        tolerate: { failures: 2 },
        ...(timeout && { timeout: '1h' }),
      }),
    work,
    { 'scribe.write': write },
  );
  mesh.choose = choose;
  if (cancelAfter !== undefined) {
    const deliverNext = mesh.deliverNext.bind(mesh);
    let left = cancelAfter;
    mesh.deliverNext = () => {
      if (left-- === 0 && mesh.documents.size > 0) mesh.cancel(runIdOf('job', 'k'));
      return deliverNext();
    };
  }
  await mesh.settle();
  return mesh;
}

/**
 * Storms, and then calms down: a message that comes twice has its whole aftermath come twice, so that a long row of steps would be
 * drowned by faults that never end.
 */
function storm(seed: number): Chooser {
  const choose = seeded(seed);
  let left = 200;
  return (options) => (left-- > 0 ? choose(options) : 0);
}

const summary = (mesh: Awaited<ReturnType<typeof play>>) => {
  const { status, output, progress } = mesh.run('job', 'k');
  return { status, output, progress, answers: mesh.replies.map(({ message }) => message.data) };
};

test('whatever is duplicated, reordered, crashed or contended, the result is the same', async () => {
  let retried = 0;
  await fc.assert(
    fc.asyncProperty(works, fc.integer(), async (work, seed) => {
      const calm = summary(await play(work, () => 0));
      expect(calm.status).toBe('completed');
      const stormy = await play(work, storm(seed));
      expect(summary(stormy)).toEqual(calm);
      expect(stormy.deadLetters.filter(({ agent }) => agent === 'desk')).toEqual([]);
      if (stormy.handled.some(({ stepId = '' }) => /\/p\d+-/.test(stepId))) retried += 1;
    }),
    { numRuns: 300 },
  );
  // Pages were read again in some of them.
  expect(retried).toBeGreaterThan(20);
});

test('cancelled at any time it comes to its end, and answers once', async () => {
  await fc.assert(
    fc.asyncProperty(works, fc.integer(), fc.nat(30), async (work, seed, patience) => {
      const mesh = await play(work, storm(seed), patience);
      expect(['completed', 'cancelled']).toContain(mesh.run('job', 'k').status);
      expect(mesh.replies).toHaveLength(1);
    }),
    { numRuns: 200 },
  );
});
