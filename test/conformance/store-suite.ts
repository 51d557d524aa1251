import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fields, FieldValue, Query, Store } from '../../shared/contract/store.ts';

export interface StoreWorld {
  readonly store: Store;
  close(): Promise<void>;
}

/** The obligations of the Store port (`shared/contract/store.ts`), held against one implementation. */
export function storeConformance(name: string, start: () => Promise<StoreWorld>): void {
  describe(`${name} keeps the obligations of a Store`, () => {
    let world: StoreWorld;
    let store: Store;
    let used = 0;
    const fresh = (collection = 'things') => `${collection}/${name.replace(/\W/g, '')}-${used++}`;

    beforeAll(async () => {
      world = await start();
      store = world.store;
    });
    afterAll(() => world?.close());

    async function stored(fields: Fields) {
      const path = fresh();
      const [version] = await store.commit([{ kind: 'create', path, fields }]);
      return { path, version: version ?? '' };
    }
    const fieldsOf = async (path: string) => (await store.read([path]))[0]?.fields;

    test('documents are read in the order asked for, undefined for one that is not there', async () => {
      const first = await stored({ n: 1 });
      const second = await stored({ n: 2 });
      const read = await store.read([second.path, fresh(), first.path, second.path]);
      expect(read.map((document) => document?.fields)).toEqual([{ n: 2 }, undefined, { n: 1 }, { n: 2 }]);
      expect(read[0]).toMatchObject(second);
      expect(await store.read([])).toEqual([]);
    });

    test('every kind of value comes back as it was written', async () => {
      const fields: Fields = {
        nothing: null,
        yes: true,
        whole: 9_007_199_254_740_991,
        negative: -7,
        fraction: 0.1,
        text: 'ä 漢 🙂',
        empty: '',
        time: new Date('2026-11-02T03:04:05.678Z'),
        early: new Date('1965-01-01T00:00:00.001Z'),
        bytes: new Uint8Array([0, 255, 128]),
        list: [1, 'two', null, { three: [3] }],
        none: [],
        map: { nested: { deep: [{ er: true }] }, 'with.dot': 1, 'with`quote': 2 },
        bare: {},
      };
      const { path } = await stored(fields);
      expect(await fieldsOf(path)).toEqual(fields);
    });

    test('creating a document that is there fails with AlreadyExists, and changes nothing', async () => {
      const { path } = await stored({ n: 1 });
      const other = fresh();
      await expect(
        store.commit([
          { kind: 'put', path: other, fields: { n: 3 } },
          { kind: 'create', path, fields: { n: 2 } },
        ]),
      ).rejects.toMatchObject({ code: 'AlreadyExists' });
      expect(await fieldsOf(path)).toEqual({ n: 1 });
      expect(await fieldsOf(other)).toBeUndefined();
    });

    test('a put replaces the whole document, with a version or without', async () => {
      const { path, version } = await stored({ a: 1, b: { c: 1 } });
      const [next] = await store.commit([{ kind: 'put', path, fields: { b: { d: 2 } }, ifVersion: version }]);
      expect(await fieldsOf(path)).toEqual({ b: { d: 2 } });
      expect(next).not.toBe(version);
      await store.commit([{ kind: 'put', path, fields: { e: 3 } }]);
      expect(await fieldsOf(path)).toEqual({ e: 3 });
      const absent = fresh();
      await store.commit([{ kind: 'put', path: absent, fields: { f: 4 } }]);
      expect(await fieldsOf(absent)).toEqual({ f: 4 });
    });

    test('a patch writes the fields that it names and leaves the others', async () => {
      const { path, version } = await stored({ a: 1, b: { c: 1 } });
      const [next] = await store.commit([{ kind: 'patch', path, fields: { b: { d: 2 }, e: 'x' } }]);
      expect(await fieldsOf(path)).toEqual({ a: 1, b: { d: 2 }, e: 'x' });
      expect(next).not.toBe(version);
    });

    test('a patch of a document that is not there fails with Conflict, and makes none', async () => {
      const absent = fresh();
      await expect(store.commit([{ kind: 'patch', path: absent, fields: { a: 1 } }])).rejects.toMatchObject({
        code: 'Conflict',
      });
      expect(await fieldsOf(absent)).toBeUndefined();
    });

    test('the version that a commit tells is the version that is read', async () => {
      const { path, version } = await stored({ n: 1 });
      expect((await store.read([path]))[0]?.version).toBe(version);
      const second = fresh();
      const versions = await store.commit([
        { kind: 'put', path, fields: { n: 2 }, ifVersion: version },
        { kind: 'create', path: second, fields: { n: 3 } },
      ]);
      const read = await store.read([path, second]);
      expect(read.map((document) => document?.version)).toEqual(versions);
    });

    test('a put under an old version fails with Conflict, and nothing of its commit is written', async () => {
      const { path, version } = await stored({ n: 1 });
      await store.commit([{ kind: 'put', path, fields: { n: 2 }, ifVersion: version }]);
      const inbox = fresh();
      await expect(
        store.commit([
          { kind: 'create', path: inbox, fields: {} },
          { kind: 'put', path, fields: { n: 3 }, ifVersion: version },
        ]),
      ).rejects.toMatchObject({ code: 'Conflict' });
      expect(await fieldsOf(path)).toEqual({ n: 2 });
      expect(await fieldsOf(inbox)).toBeUndefined();
    });

    test('a put under the version of a document that is gone fails with Conflict', async () => {
      const { path, version } = await stored({ n: 1 });
      await store.commit([{ kind: 'delete', path }]);
      await expect(
        store.commit([{ kind: 'put', path, fields: { n: 2 }, ifVersion: version }]),
      ).rejects.toMatchObject({ code: 'Conflict' });
      expect(await fieldsOf(path)).toBeUndefined();
    });

    test('a delete keeps to its version; without one it may delete what is not there', async () => {
      const { path, version } = await stored({ n: 1 });
      const [next] = await store.commit([{ kind: 'put', path, fields: { n: 2 }, ifVersion: version }]);
      await expect(store.commit([{ kind: 'delete', path, ifVersion: version }])).rejects.toMatchObject({
        code: 'Conflict',
      });
      await store.commit([{ kind: 'delete', path, ifVersion: next ?? '' }]);
      expect(await fieldsOf(path)).toBeUndefined();
      await store.commit([{ kind: 'delete', path }]);
    });

    test('of those who write under one version at a time, one wins', async () => {
      const { path, version } = await stored({ winner: -1 });
      const attempts = await Promise.allSettled(
        [0, 1, 2, 3].map((winner) =>
          store.commit([{ kind: 'put', path, fields: { winner }, ifVersion: version }]),
        ),
      );
      const won = attempts.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
      expect(won).toHaveLength(1);
      expect(await fieldsOf(path)).toEqual({ winner: won[0] });
      for (const attempt of attempts) {
        if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'Conflict' });
      }
    });

    test('of those who create one document at a time, one wins', async () => {
      const path = fresh();
      const attempts = await Promise.allSettled(
        [0, 1, 2, 3].map((winner) => store.commit([{ kind: 'create', path, fields: { winner } }])),
      );
      expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const attempt of attempts) {
        if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'AlreadyExists' });
      }
    });

    test.each<[string, Fields]>([
      ['a document over 1 MiB', { text: 'x'.repeat(1_048_000), more: 'y'.repeat(1_000) }],
      ['a text over 1 MiB less 89 bytes', { text: 'x'.repeat(1_048_488) }],
    ])('%s fails with DocumentTooLarge', async (_, fields) => {
      await expect(store.commit([{ kind: 'create', path: fresh(), fields }])).rejects.toMatchObject({
        code: 'DocumentTooLarge',
      });
    });

    test('a patch by which a document passes 1 MiB fails with DocumentTooLarge', async () => {
      const { path } = await stored({ text: 'x'.repeat(600_000) });
      const fields = { more: 'y'.repeat(600_000) };
      await expect(store.commit([{ kind: 'patch', path, fields }])).rejects.toMatchObject({
        code: 'DocumentTooLarge',
      });
    });

    const nested = (levels: number): Fields => {
      let value: FieldValue = 1;
      for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { a: value };
      return { value };
    };

    test('20 levels are kept, the years 1 to 9999, names of 1,500 bytes, and any name at all', async () => {
      const fields: Fields = {
        ...nested(20),
        first: new Date('0001-01-01T00:00:00.000Z'),
        last: new Date('9999-12-31T23:59:59.999Z'),
        ['n'.repeat(1_500)]: 1,
        __mine__: { '': { '~': 1, 'a/b': 2 } },
      };
      const { path } = await stored(fields);
      expect(await fieldsOf(path)).toEqual(fields);
    });

    test.each<[string, Fields, string]>([
      ['21 levels', nested(21), 'value'],
      ['a text with half a character', { at: { text: 'Hello \ud83d' } }, 'at.text'],
      ['a name with half a character', { at: { 'x\ude00': 1 } }, 'at.x\ufffd'],
      ['a name over 1,500 bytes', { ['n'.repeat(1_501)]: 1 }, 'n'],
      ['a date before the year 1', { at: new Date('-000001-01-01T00:00:00Z') }, 'at'],
      ['a date after the year 9999', { at: [new Date('+010000-01-01T00:00:00Z')] }, 'at.0'],
      ['a date that is none', { at: new Date(Number.NaN) }, 'at'],
      ['a list in a list', { rows: [[1]] }, 'rows.0'],
      ['undefined in a list', { list: [undefined as never] }, 'list.0'],
      ['a bigint', { n: 1n as never }, 'n'],
      ['a function', { f: (() => 1) as never }, 'f'],
      ['a symbol', { s: Symbol('s') as never }, 's'],
      ['a Map', { m: new Map([['a', 1]]) as never }, 'm'],
      ['an instance of a class', { e: new Error('x') as never }, 'e'],
    ])('%s fails with StateInvalid, naming the field', async (_, fields, field) => {
      const other = fresh();
      const error = await store
        .commit([
          { kind: 'put', path: other, fields: {} },
          { kind: 'create', path: fresh(), fields },
        ])
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'StateInvalid', field: expect.stringContaining(field) });
      expect(await fieldsOf(other)).toBeUndefined();
    });

    test.each([
      ['things'],
      ['things/a/b'],
      ['things/..'],
      ['things/__reserved__'],
      [`things/${'x'.repeat(1_501)}`],
    ])('the path %.40s names no document: StoreRefused, which is not tried again', async (path) => {
      const error = await store
        .commit([{ kind: 'put', path, fields: {} }])
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'StoreRefused', retry: false });
    });

    test('a query finds the documents of its collection, and of no other', async () => {
      const collection = fresh('runs').replace('/', '-');
      await store.commit([
        { kind: 'create', path: `${collection}/a`, fields: { n: 1 } },
        { kind: 'create', path: `${collection}/b`, fields: { n: 2 } },
        { kind: 'create', path: `${collection}/a/history/0`, fields: { n: 3 } },
      ]);
      const found = await store.query({ collection });
      expect(found.map(({ path, fields }) => [path, fields.n]).sort()).toEqual([
        [`${collection}/a`, 1],
        [`${collection}/b`, 2],
      ]);
      const pages = await store.query({ collection: `${collection}/a/history` });
      expect(pages.map(({ path }) => path)).toEqual([`${collection}/a/history/0`]);
      expect(found[0]?.version).toBe((await store.read([`${collection}/a`]))[0]?.version);
    });

    describe('a query with conditions', () => {
      const idsOf = (found: readonly { path: string }[]) => found.map(({ path }) => path.split('/').at(-1));
      const queried = async () => {
        const collection = fresh('queried').replace('/', '-');
        const documents: Record<string, Fields> = {
          a: { n: 1, status: 'running', at: new Date(1_000), 'odd-name': 1 },
          b: { n: 3, status: 'done', at: new Date(3_000), 'odd-name': 2 },
          c: { n: 2, status: 'running', at: new Date(2_000), 'odd-name': 3 },
          d: { n: 2.5, status: null },
        };
        await store.commit(
          Object.entries(documents).map(([id, fields]) => ({
            kind: 'create' as const,
            path: `${collection}/${id}`,
            fields,
          })),
        );
        return collection;
      };

      test('filters by a value', async () => {
        const collection = await queried();
        const where = [{ field: 'status', op: '==', value: 'running' }] as const;
        expect(idsOf(await store.query({ collection, where })).sort()).toEqual(['a', 'c']);
      });

      test('orders, either way, and limits', async () => {
        const collection = await queried();
        const orderBy = { field: 'n' };
        expect(idsOf(await store.query({ collection, orderBy }))).toEqual(['a', 'c', 'd', 'b']);
        expect(
          idsOf(await store.query({ collection, orderBy: { ...orderBy, descending: true }, limit: 2 })),
        ).toEqual(['b', 'd']);
      });

      test('goes on after the last document of the page before, either way, also where values are the same', async () => {
        const collection = fresh('paged').replace('/', '-');
        const ids = ['a', 'b', 'c', 'd', 'e'];
        await store.commit(
          ids.map((id, at) => ({
            kind: 'create' as const,
            path: `${collection}/${id}`,
            fields: { at: new Date(at < 3 ? 1_000 : 2_000), kind: id === 'b' ? 'other' : 'same' },
          })),
        );
        const paged = async (descending: boolean, where: Query['where'] = []) => {
          const pages: string[][] = [];
          for (let startAfter: Query['startAfter']; ; ) {
            const orderBy = { field: 'at', descending };
            const page = await store.query({
              ...{ collection, where, orderBy, limit: 2 },
              ...(startAfter && { startAfter }),
            });
            const last = page.at(-1);
            if (!last) return pages;
            pages.push(idsOf(page) as string[]);
            startAfter = { value: last.fields.at ?? null, path: last.path };
          }
        };
        expect(await paged(false)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
        expect(await paged(true)).toEqual([['e', 'd'], ['c', 'b'], ['a']]);
        const same = [{ field: 'kind', op: '==', value: 'same' }] as const;
        expect(await paged(true, same)).toEqual([
          ['e', 'd'],
          ['c', 'a'],
        ]);
      });

      test('filters by a range, by time, and by several conditions', async () => {
        const collection = await queried();
        const range = [
          { field: 'n', op: '>', value: 1 },
          { field: 'n', op: '<=', value: 2.5 },
        ] as const;
        expect(idsOf(await store.query({ collection, where: range })).sort()).toEqual(['c', 'd']);
        const since = [{ field: 'at', op: '>=', value: new Date(2_000) }] as const;
        expect(idsOf(await store.query({ collection, where: since })).sort()).toEqual(['b', 'c']);
        const both = [
          { field: 'status', op: '==', value: 'running' },
          { field: 'n', op: '<', value: 2 },
        ] as const;
        expect(idsOf(await store.query({ collection, where: both }))).toEqual(['a']);
      });

      test('filters and orders by a field within a map, and by what a list holds', async () => {
        const collection = fresh('nested').replace('/', '-');
        const about = [
          { who: 'ada', tags: ['gift', 'web'], n: 1, at: new Date(1_000) },
          { who: 'ada', tags: ['web'], n: 3, at: new Date(3_000) },
          { who: 'bob', tags: ['gift'], n: 2, at: new Date(2_000) },
        ];
        await store.commit([
          ...about.map((each, at) => ({
            kind: 'create' as const,
            path: `${collection}/${at}`,
            fields: { about: each },
          })),
          { kind: 'create' as const, path: `${collection}/none`, fields: { other: 1 } },
        ]);
        const found = async (query: Omit<Query, 'collection'>) =>
          idsOf(await store.query({ collection, ...query }));
        const ada = { field: 'about.who', op: '==', value: 'ada' } as const;
        const gift = { field: 'about.tags', op: 'array-contains', value: 'gift' } as const;
        expect((await found({ where: [ada] })).sort()).toEqual(['0', '1']);
        expect((await found({ where: [gift] })).sort()).toEqual(['0', '2']);
        expect(await found({ where: [ada, gift] })).toEqual(['0']);
        const orderBy = { field: 'about.n', descending: true };
        expect(await found({ orderBy })).toEqual(['1', '2', '0']);
        const from = { field: 'about.n', op: '>=', value: 2 } as const;
        expect(await found({ where: [from], orderBy })).toEqual(['1', '2']);
        const startAfter = { value: 3, path: `${collection}/1` };
        expect(await found({ where: [from], orderBy, startAfter })).toEqual(['2']);
        const before = { field: 'about.at', op: '<', value: new Date(3_000) } as const;
        expect(await found({ where: [before], orderBy: { field: 'about.at' } })).toEqual(['0', '2']);
      });

      test('filters by null, and by a field of any name', async () => {
        const collection = await queried();
        const missing = [{ field: 'status', op: '==', value: null }] as const;
        expect(idsOf(await store.query({ collection, where: missing }))).toEqual(['d']);
        const odd = [{ field: 'odd-name', op: '<', value: 3 }] as const;
        expect(idsOf(await store.query({ collection, where: odd })).sort()).toEqual(['a', 'b']);
      });
    });
  });
}
