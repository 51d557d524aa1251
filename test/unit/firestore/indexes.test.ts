import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Database } from '../../../emulator/firestore/database.ts';
import type { Document } from '../../../emulator/firestore/document.ts';
import type { Filter } from '../../../emulator/firestore/filter.ts';
import { type Plain, valueFrom } from '../../../emulator/firestore/plain.ts';
import { PreparedQuery } from '../../../emulator/firestore/prepared-query.ts';
import type { Query } from '../../../emulator/firestore/query.ts';
import type { Write } from '../../../emulator/firestore/write.ts';
import { newDatabase, ROOT, remove, set } from './support.ts';

const scope = { parent: '', collectionId: 'c' };
const everything = { scope: { parent: '', allDescendants: true } };

describe('the cost of a query is that of its results, whatever the size of the collection', () => {
  const equal = (field: string, value: Plain): Filter => ({
    op: '==',
    field: [field],
    value: valueFrom(value),
  });
  const byN = [{ field: ['n'], direction: 'desc' }] as const;
  const queries: [string, Query, number][] = [
    ['a single field', { scope, where: equal('n', 7) }, 1],
    ['a range', { scope, where: { op: '<', field: ['n'], value: valueFrom(12) } }, 12],
    [
      'everything but one value',
      { scope, where: { op: '!=', field: ['n'], value: valueFrom(5) }, limit: 10 },
      10,
    ],
    ['an order with a limit', { scope, orderBy: byN, limit: 10 }, 10],
    [
      'an order from a cursor on',
      { scope, orderBy: byN, startAt: { values: [valueFrom(4)], before: true } },
      5,
    ],
    ['an equality with another order', { scope, where: equal('kind', 'k1'), orderBy: byN, limit: 10 }, 10],
    ['two equalities', { scope, where: { op: 'and', filters: [equal('kind', 'k1'), equal('n', 10)] } }, 1],
    [
      'an element of an array',
      { scope, where: { op: 'array-contains', field: ['tags'], value: valueFrom('t3') } },
      1,
    ],
    ['several values', { scope, where: { op: 'in', field: ['n'], value: valueFrom([1, 2, 3]) } }, 3],
    ['either of two', { scope, where: { op: 'or', filters: [equal('n', 1), equal('tags', ['t2'])] } }, 2],
    ['a collection group', { scope: { ...scope, allDescendants: true }, where: equal('n', 7) }, 1],
    ['a name', { scope, where: { op: '==', field: ['__name__'], value: reference('c/d00007') } }, 1],
    [
      'names from one on',
      { scope, startAt: { values: [reference('c/d00090')], before: true }, orderBy: byName, limit: 5 },
      5,
    ],
  ];

  test.each(queries)('%s', async (_, query, results) => {
    for (const size of [100, 1_000, 10_000]) {
      const { database } = newDatabase();
      await fill(database, size);
      // The first one makes the index.
      await database.query(query);
      const { documents, scanned } = await database.query(query);
      expect(documents).toHaveLength(results);
      expect(scanned).toBeLessThanOrEqual(results + 1);
    }
  });
});

test('documents that change are found where they are now, and at a time where they were then', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(programStep, { minLength: 1, maxLength: 12 }),
      fc.array(anyQuery, { minLength: 1, maxLength: 6 }),
      async (steps, queries) => {
        const { database, clock } = newDatabase();
        const times: { readonly readTime: number; readonly documents: readonly Document[] }[] = [];
        for (const writes of steps) {
          // Asked for before: so the indexes are there when the documents change.
          for (const query of queries) await database.query(query);
          await database.commit(writes);
          clock.advance(1000);
          times.push(await database.query(everything));
        }
        for (const query of queries)
          for (const { readTime, documents } of times) {
            const now = readTime === times.at(-1)?.readTime;
            const found = await database.query(query, now ? {} : { readTime });
            expect(found.documents.map(({ path }) => path)).toEqual(judged(query, documents));
          }
      },
    ),
    { numRuns: 300 },
  );
});

/** What a query finds when every document is judged by itself. */
function judged(query: Query, documents: readonly Document[]): string[] {
  const prepared = new PreparedQuery(query, ROOT);
  const found = documents.filter((document) => prepared.selects(document)).sort(prepared.compare);
  const { offset = 0, limit = found.length } = query;
  return found.slice(offset, offset + limit).map(({ path }) => path);
}

const byName = [{ field: ['__name__'], direction: 'asc' }] as const;

function reference(path: string) {
  return { type: 'reference', value: `${ROOT}/${path}` } as const;
}

async function fill(database: Database, size: number): Promise<void> {
  const writes = Array.from({ length: size }, (_, n) =>
    set(`c/d${String(n).padStart(5, '0')}`, { n, kind: `k${n % 3}`, tags: [`t${n}`] }),
  );
  await database.commit(writes);
}

const few = fc.constantFrom<Plain[]>(null, Number.NaN, 0, 1, 2.5, 'a', 'b', true, ['a'], [1, 'a'], { p: 1 });
const path = fc.constantFrom(
  'c/1',
  'c/2',
  'c/2/c/1',
  'c/3',
  'd/1/c/4',
  'd/1/c/1',
  'c/a',
  'c/a-b',
  'c/__id7__',
);
const programStep: fc.Arbitrary<Write[]> = fc.uniqueArray(
  fc.oneof(
    {
      arbitrary: fc
        .record({ path, x: few, y: fc.option(few, { nil: undefined }) })
        .map(({ path: to, x, y }) => set(to, { x, y })),
      weight: 4,
    },
    { arbitrary: path.map((gone) => remove(gone)), weight: 1 },
  ),
  { selector: (write) => write.path, maxLength: 6 },
);
const field = fc.constantFrom(['x'], ['y'], ['x', 'p']);
const names = path.map((each) => reference(each));
const leaf: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    op: fc.constantFrom('==', '<', '<=', '>', '>=', 'array-contains'),
    field,
    value: few.map(valueFrom),
  }),
  fc.record({
    op: fc.constantFrom('in', 'array-contains-any'),
    field,
    value: fc.array(few, { minLength: 1, maxLength: 3 }).map(valueFrom),
  }),
  fc.record({ op: fc.constantFrom('is-null', 'is-nan'), field }),
  fc.record({
    op: fc.constantFrom('==', '<', '<=', '>', '>='),
    field: fc.constant(['__name__']),
    value: names,
  }),
);
const exclusion: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ op: fc.constant('!='), field, value: few.map(valueFrom) }),
  fc.record({ op: fc.constantFrom('is-not-null', 'is-not-nan'), field }),
  fc.record({
    op: fc.constant('not-in'),
    field,
    value: fc.array(few, { minLength: 1, maxLength: 3 }).map(valueFrom),
  }),
);
const filter: fc.Arbitrary<Filter> = fc.oneof(
  leaf,
  exclusion,
  fc.record({ op: fc.constantFrom('and', 'or'), filters: fc.array(leaf, { minLength: 1, maxLength: 3 }) }),
  fc.tuple(leaf, exclusion).map(([one, other]) => ({ op: 'and' as const, filters: [one, other] })),
  fc
    .tuple(leaf, fc.array(leaf, { minLength: 2, maxLength: 2 }))
    .map(([one, others]) => ({ op: 'and' as const, filters: [one, { op: 'or' as const, filters: others }] })),
);
const order = fc.record({ field: fc.constantFrom(['x'], ['y']), direction: fc.constantFrom('asc', 'desc') });
const cursor = fc.option(
  fc.record({ values: few.map((value) => [valueFrom(value)]), before: fc.boolean() }),
  { nil: undefined },
);
const anyQuery: fc.Arbitrary<Query> = fc
  .record({
    scope: fc.constantFrom(
      scope,
      { ...scope, allDescendants: true },
      { parent: 'd/1', collectionId: 'c' },
      { parent: 'd/1', collectionId: 'c', allDescendants: true },
      { parent: 'c/2', collectionId: 'c', allDescendants: true },
    ),
    where: fc.option(filter, { nil: undefined }),
    orderBy: fc.uniqueArray(order, { selector: ({ field: [name] }) => name, maxLength: 2 }),
    startAt: cursor,
    endAt: cursor,
    offset: fc.nat(2),
    limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  })
  .map((query) => (query.orderBy.length > 0 ? query : { ...query, startAt: undefined, endAt: undefined }))
  .filter(isValid);

function isValid(query: Query): boolean {
  try {
    new PreparedQuery(query, ROOT);
    return true;
  } catch {
    return false;
  }
}
