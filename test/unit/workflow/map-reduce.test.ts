import { expect, expectTypeOf, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { stage, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { stranger } from './agents.ts';
import { deskWorld, numbers, scribe, wrote } from './map-reduce-world.ts';
import { type Behaviour, done, fails } from './world.ts';

const RUN = runIdOf('job', 'k');
const read = stage(scribe.page, { book: 'a' });
const map = stage(scribe.write);
const reduce = stage(scribe.join, { between: '+' });
const pairs = { shardSize: 2, fanIn: 2 };

test('items that are given are mapped in shards, and reduced in a tree, in their order', async () => {
  const mesh = deskWorld((wf) => wf.mapReduce({ items: numbers(9), map, reduce, ...pairs }));
  await mesh.settle();
  expect(mesh.run('job', 'k').output).toEqual({
    result: { text: wrote(numbers(9)) },
    items: 9,
    shards: 5,
    failed: [],
  });
  // Five results become three, two and one; the fifth is passed on alone until its turn comes.
  expect(mesh.commands.filter((type) => type === 'scribe.join')).toHaveLength(4);
});

test('items are read page by page, until there is no next', async () => {
  const mesh = deskWorld((wf) => wf.mapReduce({ read, map, reduce, ...pairs }), { items: 23 });
  await mesh.settle();
  expect(mesh.run('job', 'k').output).toMatchObject({
    result: { text: wrote(numbers(23)) },
    items: 23,
    shards: 12,
  });
  expect(mesh.handled.filter(({ type }) => type === 'scribe.page').map(({ data }) => data)).toEqual([
    { book: 'a', token: null },
    { book: 'a', token: '10' },
    { book: 'a', token: '20' },
  ]);
});

test('the types of the commands must fit each other', () => {
  const typed = async (wf: WorkflowContext) => {
    const { result } = await wf.mapReduce({ read, map, reduce });
    expectTypeOf(result).toEqualTypeOf<{ text: string } | undefined>();
    // @ts-expect-error: the map takes numbers
    await wf.mapReduce({ items: ['one'], map, reduce });
    // @ts-expect-error: pages hold no results
    await wf.mapReduce({ read: stage(scribe.write), map, reduce });
    // @ts-expect-error: the rest of the input is missing
    stage(scribe.page);
  };
  expect(typed).toBeTypeOf('function');
});

test.each([0, 1])('of %i items nothing has to be reduced', async (count) => {
  const mesh = deskWorld(
    async (wf) => [
      await wf.mapReduce({ items: numbers(count), map, reduce }),
      await wf.mapReduce({ read, map, reduce }),
    ],
    { items: count },
  );
  await mesh.settle();
  const expected = { ...(count === 1 && { result: { text: '0' } }), items: count, shards: count, failed: [] };
  expect(mesh.run('job', 'k').output).toEqual([expected, expected]);
  expect(mesh.commands).not.toContain('scribe.join');
});

/** Fails shards that hold one of these numbers, each so often. */
function failing(times: number, ...held: number[]): Behaviour {
  const tries = new Map<string, number>();
  return ({ items }: { items: number[] }) => {
    const key = String(items);
    const nth = (tries.get(key) ?? 0) + 1;
    tries.set(key, nth);
    return held.some((one) => items.includes(one)) && nth <= times
      ? fails('HandlerTimeout')
      : done({ text: wrote(items) });
  };
}

test('a shard that fails is tried again; of a page it is read again, for no item is kept', async () => {
  const options = { map, reduce, ...pairs, retry: { maxAttempts: 3 } };
  const mesh = deskWorld(
    async (wf) => [
      await wf.mapReduce({ items: numbers(9), ...options }),
      await wf.mapReduce({ read, ...options }),
    ],
    { items: 23 },
    { 'scribe.write': failing(2, 5, 12) },
  );
  await mesh.settle();
  expect(mesh.run('job', 'k').output).toMatchObject([
    { result: { text: wrote(numbers(9)) } },
    { result: { text: wrote(numbers(23)) } },
  ]);
  expect(mesh.run('job', 'k').history).not.toContain('[12');
});

test('shards that may fail are missing from the result, which names them', async () => {
  const tolerate = { failures: 2, share: 0.5 };
  const mesh = deskWorld(
    async (wf) => [
      await wf.mapReduce({ items: numbers(8), map, reduce, ...pairs, tolerate }),
      await wf.mapReduce({ read, map, reduce, ...pairs, tolerate }),
    ],
    { items: 8 },
    { 'scribe.write': failing(9, 2, 6) },
  );
  await mesh.settle();
  const failure = { code: 'HandlerTimeout', message: expect.any(String) };
  const expected = {
    result: { text: '0+1+4+5' },
    items: 8,
    shards: 4,
    failed: [
      { from: 2, count: 2, failure },
      { from: 6, count: 2, failure },
    ],
  };
  expect(mesh.run('job', 'k').output).toEqual([expected, expected]);
});

test.each([
  ['no failure', {}],
  ['one failure', { tolerate: { failures: 1 } }],
  ['a fifth of all', { tolerate: { share: 0.2 } }],
])('where %s is tolerated, two are too many', async (_, options) => {
  for (const source of [{ items: numbers(8) }, { read }]) {
    const mesh = deskWorld(
      (wf) => wf.mapReduce({ ...source, map, reduce, ...pairs, ...options } as never),
      { items: 8 },
      { 'scribe.write': failing(9, 2, 6) },
    );
    await mesh.settle();
    expect(mesh.run('job', 'k').failure).toMatchObject({
      code: 'MapReduceFailed',
      reason: 'tolerance-exceeded',
    });
  }
});

test('a page that can’t be read, or is none, ends it', async () => {
  const broken = [
    () => fails('Rejected', 'no_book'),
    () => done({ items: [1], next: 7 }),
    () => done({ items: ['a'], next: null }),
  ];
  for (const page of broken) {
    const mesh = deskWorld((wf) => wf.mapReduce({ read, map, reduce }), {}, { 'scribe.page': page });
    await mesh.settle();
    expect(mesh.run('job', 'k').failure).toMatchObject({ code: 'MapReduceFailed', reason: 'read-failed' });
    expect(mesh.commands).not.toContain('scribe.write');
  }
});

test('a reduction that fails ends it', async () => {
  const mesh = deskWorld(
    (wf) => wf.mapReduce({ items: numbers(8), map, reduce, ...pairs }),
    {},
    {
      'scribe.join': () => fails('Rejected', 'no_ink'),
    },
  );
  await mesh.settle();
  expect(mesh.run('job', 'k').failure).toMatchObject({ code: 'MapReduceFailed', reason: 'reduce-failed' });
});

test('results that no message could carry end it, rather than being sent', async () => {
  const mesh = deskWorld(
    (wf) => wf.mapReduce({ items: numbers(8), map, reduce, ...pairs }),
    {},
    {
      'scribe.write': () => done({ text: 'x'.repeat(60_000) }),
    },
  );
  await mesh.settle();
  expect(mesh.run('job', 'k').failure).toMatchObject({ code: 'PayloadTooLarge' });
});

test('a page that is no longer the same fails the shards that were to be tried again', async () => {
  let reads = 0;
  const mesh = deskWorld(
    (wf) => wf.mapReduce({ read, map, reduce, ...pairs, retry: { maxAttempts: 2 } }),
    {},
    {
      'scribe.page': () => done({ items: numbers(reads++ === 0 ? 4 : 3), next: null }),
      'scribe.write': failing(1, 0),
    },
  );
  await mesh.settle();
  expect(mesh.run('job', 'k').failure?.message).toContain('another number of items');
});

test('items that don’t fit the map, and agents that may not be called, are refused before anything is sent', async () => {
  const foreign = { ...stage(scribe.write), ref: stranger.hello } as never;
  for (const options of [
    { items: ['a'], map, reduce },
    { items: [1], map: foreign, reduce },
  ]) {
    const mesh = deskWorld((wf) => wf.mapReduce(options as never));
    await mesh.settle();
    expect(['SchemaMismatch', 'CallNotDeclared']).toContain(mesh.run('job', 'k').failure?.code);
    expect(mesh.handled).toEqual([]);
  }
});

test.each([[{ shardSize: 0 }], [{ fanIn: 1 }], [{ concurrency: 0 }], [{ tolerate: { share: -1 } }]])(
  'the rule %j makes no sense',
  async (options) => {
    const mesh = deskWorld((wf) => wf.mapReduce({ items: numbers(3), map, reduce, ...options }));
    await mesh.settle();
    expect(mesh.run('job', 'k').failure).toMatchObject({ code: 'WorkflowFailed' });
    expect(mesh.handled).toEqual([]);
  },
);

test('no more shards are under way than the concurrency says, and the document tells how far it has come', async () => {
  const silent: Behaviour = () => undefined;
  const mesh = deskWorld(
    (wf) => wf.mapReduce({ read, map, reduce, ...pairs, concurrency: 7 }),
    { items: 40 },
    { 'scribe.write': silent },
  );
  await mesh.deliver();
  // The page after would bring five more.
  expect(mesh.handled.filter(({ type }) => type === 'scribe.write')).toHaveLength(5);
  mesh.reply(RUN, '1/0.1', { ok: true, output: { text: 'a' } });
  await mesh.deliver();
  expect(mesh.run('job', 'k')).toMatchObject({
    progress: { items: 10, mapped: 2, failedShards: 0 },
    waitingFor: ['mapReduce scribe.write (2 of 10 or more items mapped)'],
  });
});

test('a shard that is not answered in time has failed', async () => {
  const mesh = deskWorld(
    (wf) => wf.mapReduce({ read, map, reduce, timeout: '5s' }),
    { items: 5 },
    { 'scribe.write': () => undefined },
  );
  await mesh.settle();
  expect(mesh.run('job', 'k').failure?.message).toContain('StepTimeout');
});

test('a hundred thousand items are read and mapped in documents of bounded size, with few writes', async () => {
  const items = 100_000;
  const total: Behaviour = (input: { items: number[] }) =>
    done({ text: String(input.items.reduce((sum, one) => sum + one, 0)) });
  const sum: Behaviour = ({ results }: { results: { text: string }[] }) =>
    done({ text: String(results.reduce((all, { text }) => all + Number(text), 0)) });
  const mesh = deskWorld(
    (wf) => wf.mapReduce({ read, map, reduce }),
    { items, pageSize: 1_000 },
    {
      'scribe.write': total,
      'scribe.join': sum,
    },
  );
  await mesh.settle();
  expect(mesh.run('job', 'k').output).toMatchObject({
    result: { text: String((items * (items - 1)) / 2) },
    items,
  });
  expect(mesh.commits).toBeLessThanOrEqual(items / 50);
  const sizes = [...mesh.documents.values()].map(({ fields }) => JSON.stringify(fields).length);
  expect(Math.max(...sizes)).toBeLessThan(1_000_000);
});
