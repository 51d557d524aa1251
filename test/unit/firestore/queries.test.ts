import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseFieldPath } from '../../../emulator/firestore/field-path.ts';
import type { ComparisonOp, Filter, UnaryOp } from '../../../emulator/firestore/filter.ts';
import { type Plain, valueFrom } from '../../../emulator/firestore/plain.ts';
import type { Order, Query } from '../../../emulator/firestore/query.ts';
import type { Value } from '../../../emulator/firestore/value.ts';
import { failing, newDatabase, ROOT, remove, set } from './support.ts';

const { database } = newDatabase();
const scope = { parent: '', collectionId: 'c' };

function reference(path: string): Value {
  return { type: 'reference', value: `${ROOT}/${path}` };
}

function where(field: string, op: ComparisonOp, value: Plain | Value): Filter {
  const isValue = typeof value === 'object' && value !== null && 'type' in value;
  return { field: parseFieldPath(field), op, value: isValue ? (value as Value) : valueFrom(value as Plain) };
}

function order(...fields: string[]): Order[] {
  return fields.map((field) => ({
    field: parseFieldPath(field.replace('-', '')),
    direction: field.startsWith('-') ? 'desc' : 'asc',
  }));
}

async function ids(query: Partial<Query>): Promise<string> {
  const { documents } = await database.query({ scope, ...query });
  return documents.map(({ path }) => path.replace(/^c\//, '')).join(' ');
}

beforeAll(async () => {
  const values: Record<string, Plain> = {
    nul: null,
    yes: true,
    nan: Number.NaN,
    low: Number.NEGATIVE_INFINITY,
    five: 5,
    half: 5.5,
    time: new Date(5),
    text: 'abc',
    bytes: new Uint8Array([1]),
    list: [1, 2, null, Number.NaN],
    none: [],
    map: { a: 1 },
    mapOfNull: { a: null },
  };
  await database.commit([
    ...Object.entries(values).map(([id, x]) => set(`c/${id}`, { x })),
    set('c/other', { y: 1 }),
  ]);
});

const EVERY = 'yes nan low five half time text bytes none list mapOfNull map';

describe('filters', () => {
  test.each<[string, ComparisonOp, Plain, string]>([
    ['null equals nothing', '==', null, ''],
    ['NaN equals nothing', '==', Number.NaN, ''],
    ['5 equals 5', '==', 5, 'five'],
    ['a map equals a map, null inside and all', '==', { a: null }, 'mapOfNull'],
    ['unequal to 5: all that have the field, but null', '!=', 5, EVERY.replace('five ', '')],
    ['unequal to null: nothing', '!=', null, ''],
    ['unequal to NaN: all, as NaN equals nothing', '!=', Number.NaN, EVERY],
    ['below 6: numbers only, no NaN', '<', 6, 'low five half'],
    ['up to 5', '<=', 5, 'low five'],
    ['over -Infinity', '>', Number.NEGATIVE_INFINITY, 'five half'],
    ['from 5.5', '>=', 5.5, 'half'],
    ['over NaN: nothing', '>', Number.NaN, ''],
    ['up to null: nothing', '<=', null, ''],
    ['over an empty map: maps', '>', {}, 'mapOfNull map'],
    ['from an empty array: arrays', '>=', [], 'none list'],
    ['in: any of them, null and NaN never', 'in', [null, Number.NaN, 5, 'abc'], 'five text'],
    ['in: equal numbers of either type', 'in', [5.5, 5], 'five half'],
    [
      'not in: all that have the field, but null',
      'not-in',
      [5, 'abc'],
      EVERY.replace('five ', '').replace('text ', ''),
    ],
    ['not in a list with null: nothing', 'not-in', [5, null], ''],
    ['array contains 2', 'array-contains', 2, 'list'],
    ['array contains null: nothing', 'array-contains', null, ''],
    ['array contains NaN: nothing', 'array-contains', Number.NaN, ''],
    ['array contains any of 7 and 1', 'array-contains-any', [7, 1], 'list'],
  ])('%s', async (_, op, value, wanted) => {
    const found = await ids({ where: where('x', op, value) });
    expect(found.split(' ').sort()).toEqual(wanted.split(' ').sort());
  });

  test.each<[UnaryOp, string]>([
    ['is-nan', 'nan'],
    ['is-null', 'nul'],
    ['is-not-nan', EVERY.replace('nan ', '')],
    ['is-not-null', EVERY],
  ])('%s', async (op, wanted) => {
    expect(await ids({ where: { op, field: ['x'] }, orderBy: order('x') })).toBe(wanted);
  });

  test('combine by and, and by or', async () => {
    const either: Filter = { op: 'or', filters: [where('x', '==', 5), where('x', '==', 'abc')] };
    expect(await ids({ where: either })).toBe('five text');
    expect(await ids({ where: { op: 'and', filters: [either, where('x', '==', 'abc')] } })).toBe('text');
    expect(await ids({ where: { op: 'and', filters: [where('x', '>', 0), where('x', '<', 'z')] } })).toBe('');
  });

  test('on the name take references, in the collection or out of it', async () => {
    expect(await ids({ where: where('__name__', '==', reference('c/five')) })).toBe('five');
    expect(
      await ids({
        where: where('__name__', 'in', { type: 'array', values: [reference('c/text'), reference('c/five')] }),
      }),
    ).toBe('five text');
    expect(await ids({ where: where('__name__', '>', reference('c/o')) })).toBe('other text time yes');
    expect(await ids({ where: where('__name__', '<', reference('b/zz')) })).toBe('');
    await expect(ids({ where: where('__name__', '==', 'five') })).rejects.toMatchObject(
      failing('INVALID_ARGUMENT'),
    );
  });

  test('look into maps', async () => {
    expect(await ids({ where: where('x.a', '==', 1) })).toBe('map');
  });
});

describe('the order of results', () => {
  test('is by name without any other', async () => {
    expect(await ids({ where: where('x', 'in', ['abc', 5, 5.5]) })).toBe('five half text');
  });

  test('by a field leaves out documents without it', async () => {
    expect(await ids({ orderBy: order('x') })).toBe(`nul ${EVERY}`);
    expect(await ids({ orderBy: order('-x') })).toBe(`nul ${EVERY}`.split(' ').reverse().join(' '));
  });

  test('is by the field of an inequality, and then by name in the same direction', async () => {
    const { database: store } = newDatabase();
    await store.commit([
      set('c/a', { x: 1, y: 2 }),
      set('c/b', { x: 1, y: 1 }),
      set('c/d', { x: 0, y: 1 }),
      set('c/e', { x: 0 }),
    ]);
    const found = async (query: Partial<Query>) =>
      (await store.query({ scope, ...query })).documents.map(({ path }) => path.slice(2)).join('');
    expect(await found({ where: where('x', '>=', 0) })).toBe('deab');
    expect(await found({ where: where('x', '>=', 0), orderBy: order('-x') })).toBe('baed');
    expect(await found({ where: where('x', '>=', 0), orderBy: order('y') })).toBe('dba');
    const both: Filter = { op: 'and', filters: [where('y', '>', 0), where('x', '>=', 0)] };
    expect(await found({ where: both })).toBe('dba');
  });

  test.each([
    [order('x', 'x'), 'duplicate fields x'],
    [order('__name__', 'x'), 'more fields after the key'],
  ])('%o is refused', async (orderBy, message) => {
    await expect(ids({ orderBy })).rejects.toMatchObject(failing('INVALID_ARGUMENT', message));
  });
});

describe('cursors, limits and offsets', () => {
  const at = (before: boolean, ...values: Plain[]) => ({ before, values: values.map(valueFrom) });

  test('begin and end at, after or before a value', async () => {
    const orderBy = order('x');
    expect(await ids({ orderBy, startAt: at(true, 5), endAt: at(false, 'abc') })).toBe('five half time text');
    expect(await ids({ orderBy, startAt: at(false, 5), endAt: at(true, 'abc') })).toBe('half time');
    expect(await ids({ orderBy: order('-x'), startAt: at(false, 5.5), endAt: at(false, Number.NaN) })).toBe(
      'five low nan',
    );
    expect(await ids({ orderBy, startAt: at(false) })).toBe('');
  });

  test('go by name too', async () => {
    const orderBy = order('__name__');
    const startAt = { before: false, values: [reference('c/text')] };
    expect(await ids({ orderBy, startAt })).toBe('time yes');
    const text = where('x', '==', 'abc');
    expect(await ids({ where: text, orderBy: order('-__name__') })).toBe('text');
    await expect(ids({ orderBy: order('-__name__') })).rejects.toMatchObject(
      failing('FAILED_PRECONDITION', 'Firestore does not support descending key scans'),
    );
    expect(
      await ids({
        orderBy: order('x', '__name__'),
        startAt: { before: false, values: [valueFrom(5), reference('c/five')] },
        limit: 1,
      }),
    ).toBe('half');
  });

  test('limit after the offset, and say how many were skipped', async () => {
    expect(await ids({ orderBy: order('x'), offset: 2, limit: 2 })).toBe('nan low');
    expect(await ids({ limit: 0 })).toBe('');
    const { documents, skipped } = await database.query({ scope, offset: 100 });
    expect({ found: documents.length, skipped }).toEqual({ found: 0, skipped: 14 });
  });

  test.each<[string, Partial<Query>, string]>([
    ['more values than orders', { startAt: at(true, 1) }, 'too many values'],
    ['a negative limit', { limit: -1 }, 'limit is negative'],
    ['a negative offset', { offset: -1 }, 'offset is negative'],
  ])('%s are refused', async (_, query, message) => {
    await expect(ids(query)).rejects.toMatchObject(failing('INVALID_ARGUMENT', message));
  });
});

describe('limits of filters', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => index);
  const both = (...filters: Filter[]): Filter => ({ op: 'and', filters });

  test('30 values of in are fine', async () => {
    expect(await ids({ where: where('x', 'in', many(30)) })).toBe('five');
  });

  test.each<[string, Filter, string]>([
    ['31 values of in', where('x', 'in', many(31)), "'IN' supports up to 30"],
    ['11 values of not-in', where('x', 'not-in', many(11)), "'NOT_IN' supports up to 10"],
    ['31 values of array-contains-any', where('x', 'array-contains-any', many(31)), 'up to 30'],
    ['no values', where('x', 'in', []), 'non-empty ArrayValue'],
    ['something else than a list', where('x', 'in', 5), 'requires an ArrayValue'],
    ['two exclusions', both(where('x', '!=', 1), where('y', 'not-in', [2])), 'Only a single'],
    [
      'not-in beside in',
      both(where('x', 'in', [1]), where('y', 'not-in', [2])),
      'cannot be used in the same query',
    ],
    [
      'two array-contains',
      both(where('x', 'array-contains', 1), where('x', 'array-contains', 2)),
      'maximum of 1',
    ],
    [
      '36 disjunctions',
      both(where('x', 'in', many(6)), where('y', 'in', many(6))),
      'Result had 36 disjunctions',
    ],
  ])('%s', async (_, filter, message) => {
    await expect(ids({ where: filter })).rejects.toMatchObject(failing('INVALID_ARGUMENT', message));
  });
});

describe('scopes and projections', () => {
  test('a collection group is every collection of the id, in order of names', async () => {
    const { database: store } = newDatabase();
    await store.commit([
      set('items/z', {}),
      set('orders/2/items/a', {}),
      set('orders/1/items/b', {}),
      set('orders/1/itemsx/b', {}),
      set('orders/1/items/b/items/c', {}),
    ]);
    const paths = async (parent: string, collectionId?: string) =>
      (await store.query({ scope: { parent, collectionId, allDescendants: true } })).documents.map(
        ({ path }) => path,
      );
    expect(await paths('', 'items')).toEqual([
      'items/z',
      'orders/1/items/b',
      'orders/1/items/b/items/c',
      'orders/2/items/a',
    ]);
    expect(await paths('orders/1', 'items')).toEqual(['orders/1/items/b', 'orders/1/items/b/items/c']);
    expect(await paths('orders/1')).toEqual([
      'orders/1/items/b',
      'orders/1/items/b/items/c',
      'orders/1/itemsx/b',
    ]);
    await store.commit([remove('orders/1/items/b/items/c'), remove('items/z')]);
    expect(await paths('', 'items')).toEqual(['orders/1/items/b', 'orders/2/items/a']);
  });

  test('a projection keeps the named fields', async () => {
    const { documents } = await database.query({
      scope,
      where: where('x.a', '==', 1),
      select: [['x', 'a'], ['gone']],
    });
    expect(documents[0]?.fields).toEqual(new Map([['x', valueFrom({ a: 1 })]]));
    const { documents: bare } = await database.query({ scope, limit: 1, select: [['__name__']] });
    expect(bare[0]?.fields.size).toBe(0);
  });
});

test('any query finds what judging each document by itself finds', async () => {
  const { database: store } = newDatabase();
  const few = fc.constantFrom<Plain[]>(null, 0, 1, 2.5, 'a', 'b', true);
  const documents = fc.uniqueArray(
    fc.record({ id: fc.nat(99), x: fc.option(few, { nil: undefined }), y: few }),
    {
      selector: ({ id }) => id,
    },
  );
  const op = fc.constantFrom<ComparisonOp[]>('==', '!=', '<', '<=', '>', '>=');
  await fc.assert(
    fc.asyncProperty(documents, op, few, fc.boolean(), async (all, operator, value, desc) => {
      await store.commit(all.map(({ id, x, y }) => set(`c/${id}`, { x, y })));
      const filter = where('x', operator, value);
      const query = { scope, where: filter, orderBy: order(desc ? '-x' : 'x', 'y') };
      const found = (await store.query(query)).documents;
      const pages: string[] = [];
      for (let offset = 0; offset < all.length; offset += 3)
        pages.push(...(await store.query({ ...query, offset, limit: 3 })).documents.map(({ path }) => path));
      expect(pages).toEqual(found.map(({ path }) => path));
      const only = (id: number): Filter => {
        const name = reference(`c/${id}`);
        // As a range: an equality does not go with other inequalities.
        return { op: 'and', filters: [where('__name__', '>=', name), where('__name__', '<=', name)] };
      };
      const one = async (id: number) =>
        (
          await store.query({
            ...query,
            where: { op: 'and', filters: [filter, only(id)] },
          })
        ).documents.length;
      for (const { id } of all)
        expect(await one(id)).toBe(found.some(({ path }) => path === `c/${id}`) ? 1 : 0);
      await store.commit(all.map(({ id }) => remove(`c/${id}`)));
    }),
    { numRuns: 60 },
  );
});
