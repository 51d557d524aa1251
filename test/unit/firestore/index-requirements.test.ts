import { describe, expect, test } from 'vitest';
import { Database } from '../../../emulator/firestore/database.ts';
import type { Filter } from '../../../emulator/firestore/filter.ts';
import { readIndexFile } from '../../../emulator/firestore/index/index-file.ts';
import { type Plain, valueFrom } from '../../../emulator/firestore/plain.ts';
import type { Query } from '../../../emulator/firestore/query.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { failing, ROOT } from './support.ts';

const scope = { parent: '', collectionId: 'orders' };
const group = { ...scope, allDescendants: true };

function where(field: string, op: '==' | '>' | 'in' | 'array-contains' | '!=', value: Plain): Filter {
  return { op, field: [field], value: valueFrom(value) };
}

function both(...filters: Filter[]): Filter {
  return { op: 'and', filters };
}

function by(...fields: string[]): Query['orderBy'] {
  return fields.map((field) => ({
    field: [field.replace('-', '')],
    direction: field.startsWith('-') ? 'desc' : 'asc',
  }));
}

function withIndexes(file: object): Database {
  const settings = { indexes: readIndexFile(file), requireIndexes: true };
  return new Database('projects/demo/databases/(default)', new ManualClock(), settings);
}

const composite = (...fields: string[]) => ({
  collectionGroup: 'orders',
  queryScope: 'COLLECTION',
  fields: fields.map((field) =>
    field.startsWith('[')
      ? { fieldPath: field.slice(1), arrayConfig: 'CONTAINS' }
      : { fieldPath: field.replace('-', ''), order: field.startsWith('-') ? 'DESCENDING' : 'ASCENDING' },
  ),
});

const bare = withIndexes({});
const bareUnchecked = new Database('projects/demo/databases/(default)', new ManualClock());
const refused = failing('FAILED_PRECONDITION', 'The query requires an index. You can create it here: ');

describe('without a composite index, production answers', () => {
  test.each<[string, Omit<Query, 'scope'>]>([
    ['all', {}],
    ['an order', { orderBy: by('-n') }],
    ['a range', { where: where('n', '>', 1) }],
    ['a range, backwards', { where: where('n', '>', 1), orderBy: by('-n') }],
    [
      'equalities of several fields',
      { where: both(where('a', '==', 1), where('b', '==', 2), where('t', 'array-contains', 3)) },
    ],
    ['equalities by name backwards', { where: where('a', '==', 1), orderBy: by('-__name__') }],
    ['one of several values', { where: where('a', 'in', [1, 2]) }],
    ['an order by a field that is equal to something', { where: where('a', '==', 1), orderBy: by('a') }],
    [
      'one document by name',
      {
        where: both(where('n', '==', 1), {
          op: '==',
          field: ['__name__'],
          value: { type: 'reference', value: `${ROOT}/orders/a` },
        }),
      },
    ],
  ])('%s', async (_, query) => {
    await expect(bare.query({ scope, ...query })).resolves.toMatchObject({ documents: [] });
  });
});

describe('for want of a composite index, production refuses', () => {
  test.each<[string, Omit<Query, 'scope'>]>([
    ['an equality with an order of another field', { where: where('a', '==', 1), orderBy: by('n') }],
    ['an equality with a range of another field', { where: both(where('a', '==', 1), where('n', '>', 1)) }],
    ['an element with an order', { where: where('t', 'array-contains', 1), orderBy: by('n') }],
    ['several orders', { orderBy: by('a', 'b') }],
    ['ranges of several fields', { where: both(where('a', '>', 1), where('b', '>', 1)) }],
    ['an order with names the other way round', { orderBy: by('a', '-__name__') }],
    ['one branch of several', { where: { op: 'or', filters: [where('a', '==', 1), where('b', '>', 1)] } }],
  ])('%s', async (_, query) => {
    await expect(bare.query({ scope, ...query })).rejects.toMatchObject(refused);
    await expect(bare.aggregate({ scope, ...query }, [{ kind: 'count' }])).rejects.toMatchObject(refused);
  });

  test('a listener is told so, too', () => {
    const heard: unknown[] = [];
    bare.watch((event) => heard.push(event)).add(1, { query: { scope, orderBy: by('a', 'b') } });
    expect(heard).toEqual([
      { kind: 'removed', target: 1, cause: expect.objectContaining({ status: 'FAILED_PRECONDITION' }) },
    ]);
  });

  test('naming in the link the index that would do', async () => {
    const query = { scope, where: where('status', '==', 'open'), orderBy: by('-createdAt') };
    const error = await bare.query(query).catch((reason: Error) => reason);
    const link =
      /https:\/\/console\.firebase\.google\.com\/v1\/r\/project\/demo\/firestore\/indexes\?create_composite=([\w-]+)$/;
    const encoded = link.exec(String(error))?.[1] ?? '';
    const bytes = Buffer.from(encoded, 'base64url');
    // google.firestore.admin.v1.Index: its name, the scope, then each field with its order.
    const name = 'projects/demo/databases/(default)/collectionGroups/orders/indexes/_';
    expect(bytes.toString('latin1')).toBe(
      `\n${String.fromCharCode(name.length)}${name}\x10\x01\x1a\n\n\x06status\x10\x01\x1a\r\n\tcreatedAt\x10\x02\x1a\f\n\b__name__\x10\x02`,
    );
  });
});

describe('with composite indexes', () => {
  const open = where('status', '==', 'open');
  const own = where('owner', '==', 'me');
  const indexed = withIndexes({
    indexes: [
      composite('status', '-at'),
      composite('owner', '-at'),
      composite('[tags', 'at'),
      composite('a', '-b'),
    ],
  });

  test.each<[string, Omit<Query, 'scope'>]>([
    ['an equality and an order in its direction', { where: open, orderBy: by('-at') }],
    ['the values of a list', { where: where('status', 'in', ['open', 'late']), orderBy: by('-at') }],
    ['equalities whose indexes are merged', { where: both(open, own), orderBy: by('-at') }],
    ['an element of an array', { where: where('tags', 'array-contains', 1), orderBy: by('at') }],
    ['orders', { orderBy: by('a', '-b') }],
  ])('%s are served', async (_, query) => {
    await expect(indexed.query({ scope, ...query })).resolves.toMatchObject({ documents: [] });
  });

  test.each<[string, Omit<Query, 'scope'>]>([
    ['the other direction', { where: open, orderBy: by('at') }],
    ['an equality more', { where: both(open, where('kind', '==', 1)), orderBy: by('-at') }],
    ['orders the other way round', { orderBy: by('-a', 'b') }],
    ['part of the orders', { orderBy: by('a', '-b', 'c') }],
  ])('%s is refused', async (_, query) => {
    await expect(indexed.query({ scope, ...query })).rejects.toMatchObject(refused);
  });

  test('one of a collection does not serve its group', async () => {
    await expect(indexed.query({ scope: group, where: open, orderBy: by('-at') })).rejects.toMatchObject(
      refused,
    );
  });
});

describe('single fields', () => {
  const own = (indexes: object[]) =>
    withIndexes({ fieldOverrides: [{ collectionGroup: 'orders', fieldPath: 'n', indexes }] });

  test('have no index for collection groups unless it is made', async () => {
    const query = { scope: group, where: where('n', '==', 1) };
    await expect(bare.query(query)).rejects.toMatchObject(
      failing(
        'FAILED_PRECONDITION',
        /^The query requires a COLLECTION_GROUP_ASC index for collection orders and field n\. You can create it here: .*create_exemption=/,
      ),
    );
    const made = own([{ queryScope: 'COLLECTION_GROUP', order: 'ASCENDING' }]);
    await expect(made.query(query)).resolves.toMatchObject({ documents: [] });
    await expect(bare.query({ scope: group })).resolves.toMatchObject({ documents: [] });
  });

  test('that are exempted are not queried by, nor is what lies in them', async () => {
    const none = own([]);
    await expect(none.query({ scope, orderBy: by('n') })).rejects.toMatchObject(
      failing('FAILED_PRECONDITION', 'COLLECTION_ASC index for collection orders and field n'),
    );
    const inside: Filter = { op: '==', field: ['n', 'x'], value: valueFrom(1) };
    await expect(none.query({ scope, where: inside })).rejects.toMatchObject(failing('FAILED_PRECONDITION'));
  });
});

describe('sums and averages are computed from indexes, so they need one that has their fields', () => {
  const sum = (field: string) => ({ kind: 'sum' as const, field: [field], alias: `sum ${field}` });
  const average = (field: string) => ({ kind: 'avg' as const, field: [field], alias: `average ${field}` });

  test.each<[string, Omit<Query, 'scope'>, Parameters<Database['aggregate']>[1]]>([
    ['of one field over all', {}, [sum('a'), average('a')]],
    ['of the field of a range', { where: where('a', '>', 1) }, [sum('a')]],
    ['of the field of an equality', { where: where('a', '==', 1) }, [sum('a')]],
    ['none: a count of a range', { where: where('a', '>', 1) }, [{ kind: 'count' }]],
  ])('a single field serves %s', async (_, query, aggregations) => {
    await expect(bare.aggregate({ scope, ...query }, aggregations)).resolves.toBeDefined();
  });

  test.each<[string, Omit<Query, 'scope'>, Parameters<Database['aggregate']>[1]]>([
    ['of another field than that of a range', { where: where('a', '>', 0) }, [sum('b')]],
    ['of another field than that of an equality', { where: where('a', '==', 0) }, [sum('b')]],
    ['of another field than that of the order', { orderBy: by('a') }, [average('b')]],
    ['of two fields', {}, [sum('a'), average('b')]],
  ])('%s are refused without a composite index', async (_, query, aggregations) => {
    await expect(bare.aggregate({ scope, ...query }, aggregations)).rejects.toMatchObject(refused);
  });

  test('of a collection group are refused without an index of the group', async () => {
    await expect(bare.aggregate({ scope: group }, [sum('b')])).rejects.toMatchObject(
      failing('FAILED_PRECONDITION', 'COLLECTION_GROUP_ASC index for collection orders and field b'),
    );
  });

  test('are served by a composite index that ends with the fields, in any order', async () => {
    const indexed = withIndexes({
      indexes: [composite('a', 'b'), composite('status', 'a', 'c', 'b'), composite('c', '-at', '-b')],
    });
    const all: [Omit<Query, 'scope'>, ReturnType<typeof sum | typeof average>[]][] = [
      [{ where: where('a', '>', 0) }, [sum('b')]],
      [{ where: where('a', '==', 0) }, [average('b')]],
      [{}, [sum('b'), average('a')]],
      [{ where: both(where('status', '==', 1), where('a', '>', 0)) }, [sum('b'), sum('c')]],
      [{ where: where('c', '==', 1), orderBy: by('-at') }, [sum('b')]],
    ];
    for (const [query, aggregations] of all)
      await expect(indexed.aggregate({ scope, ...query }, aggregations)).resolves.toBeDefined();
    await expect(indexed.aggregate({ scope, where: where('b', '>', 0) }, [sum('a')])).rejects.toMatchObject(
      refused,
    );
  });

  test('name in the explanation the index that has their fields', () => {
    const explained = (query: Omit<Query, 'scope'>, aggregations: Parameters<Database['aggregate']>[1]) =>
      bareUnchecked.explain({ scope, ...query }, aggregations).map(({ properties }) => properties);
    expect(explained({ where: where('a', '>', 0) }, [sum('b')])).toEqual(['(a ASC, b ASC, __name__ ASC)']);
    expect(explained({}, [sum('b'), average('a')])).toEqual(['(a ASC, b ASC, __name__ ASC)']);
    expect(explained({ where: where('a', '==', 0) }, [sum('a')])).toEqual(['(a ASC, __name__ ASC)']);
    expect(explained({ orderBy: by('-a') }, [sum('b')])).toEqual(['(a DESC, b DESC, __name__ DESC)']);
  });
});

test('a search by vector needs its index, with its dimension', async () => {
  const nearest = (size: number): Query => ({
    scope,
    findNearest: { field: ['v'], vector: Array(size).fill(1), measure: 'cosine', limit: 1 },
  });
  const indexed = withIndexes({
    indexes: [
      { collectionGroup: 'orders', fields: [{ fieldPath: 'v', vectorConfig: { dimension: 3, flat: {} } }] },
    ],
  });
  await expect(indexed.query(nearest(3))).resolves.toMatchObject({ documents: [] });
  await expect(indexed.query(nearest(2))).rejects.toMatchObject(
    failing('FAILED_PRECONDITION', 'Missing vector index configuration.'),
  );
});

test('indexes can be required of a database that is in use, with those that it has', async () => {
  const database = new Database('projects/demo/databases/(default)', new ManualClock());
  const sorted = { scope, where: where('status', '==', 'open'), orderBy: by('at') };
  await database.query(sorted);
  database.requireIndexes([]);
  await expect(database.query(sorted)).rejects.toMatchObject(refused);
  database.requireIndexes(readIndexFile({ indexes: [composite('status', 'at')] }).indexes);
  await database.query(sorted);
});
