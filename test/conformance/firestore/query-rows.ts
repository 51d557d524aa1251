import { AggregateField, FieldPath, FieldValue, Filter, GeoPoint, Timestamp } from '@google-cloud/firestore';
import { expect } from 'vitest';
import type { Row } from '../row.ts';
import { type FirestoreWorld, idsOf } from './world.ts';

const DOCS = 'https://cloud.google.com/firestore/docs';
const QUERIES = `${DOCS}/query-data/queries`;

export const queryRows: readonly Row<FirestoreWorld>[] = [
  {
    title: 'Every operator finds what it says, ranges only within one type of value',
    source: QUERIES,
    async check(world) {
      await world.write({
        'c/a': { x: 1, list: ['p', 'q'] },
        'c/b': { x: 2.5, list: ['q'] },
        'c/c': { x: 'text' },
        'c/d': { x: null },
        'c/e': { x: Number.NaN },
        'c/f': {},
      });
      const c = world.firestore.collection('c');
      const found = async (...[op, value]: [FirebaseFirestore.WhereFilterOp, unknown]) =>
        idsOf(await c.where('x', op, value).get()).join('');
      expect(await found('==', 1)).toBe('a');
      expect(await found('>', 0)).toBe('ab');
      expect(await found('<=', 'text')).toBe('c');
      expect(await found('!=', 1)).toBe('ebc');
      expect(await found('in', [1, 'text', 9])).toBe('ac');
      expect(await found('not-in', [1, 'text'])).toBe('eb');
      expect(await found('==', null)).toBe('d');
      expect(await found('==', Number.NaN)).toBe('e');
      expect(idsOf(await c.where('list', 'array-contains', 'q').get()).join('')).toBe('ab');
      expect(idsOf(await c.where('list', 'array-contains-any', ['p', 'z']).get()).join('')).toBe('a');
      expect(idsOf(await c.where(FieldPath.documentId(), '>', 'd').get()).join('')).toBe('ef');
    },
  },
  {
    title: 'Filters are joined by AND and OR, as deep as need be',
    source: `${QUERIES}#or_queries`,
    async check(world) {
      await world.write({
        'c/a': { x: 1, y: 1 },
        'c/b': { x: 1, y: 2 },
        'c/c': { x: 2, y: 3 },
        'c/d': { x: 3, y: 9 },
      });
      const either = Filter.or(
        Filter.and(Filter.where('x', '==', 1), Filter.where('y', '>', 1)),
        Filter.where('y', '==', 9),
      );
      expect(idsOf(await world.firestore.collection('c').where(either).get())).toEqual(['b', 'd']);
    },
  },
  {
    title: 'Values sort by type, then by value; a document without the field is not among them',
    source: `${DOCS}/concepts/data-types#value_type_ordering`,
    async check(world) {
      const { firestore } = world;
      const sorted = [
        null,
        false,
        true,
        Number.NaN,
        -1,
        2,
        2.5,
        new Timestamp(1, 0),
        '',
        'Z',
        'a',
        'é',
        Buffer.from([1]),
        firestore.doc('c/ref'),
        new GeoPoint(1, 1),
        [],
        [1, 2],
        FieldValue.vector([9]),
        FieldValue.vector([1, 1]),
        {},
        { a: 1 },
        { b: 0 },
      ];
      const ids = sorted.map((_, at) => `c/${String(sorted.length - at).padStart(2, '0')}`);
      await world.write(Object.fromEntries(ids.map((id, at) => [id, { x: sorted[at] }])));
      await world.write({ 'c/none': {} });
      const paths = (await firestore.collection('c').orderBy('x').get()).docs.map(({ ref }) => ref.path);
      expect(paths).toEqual(ids);
    },
  },
  {
    title: 'Cursors, limits and offsets page through an order; limitToLast takes its end',
    source: `${DOCS}/query-data/query-cursors`,
    async check(world) {
      await world.write(Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`c/${n}`, { n, even: n % 2 === 0 }])));
      const byN = world.firestore.collection('c').orderBy('n', 'desc');
      expect(idsOf(await byN.startAfter(4).limit(2).get())).toEqual(['3', '2']);
      expect(
        idsOf(
          await byN
            .startAt(await world.firestore.doc('c/3').get())
            .endBefore(1)
            .get(),
        ),
      ).toEqual(['3', '2']);
      expect(idsOf(await byN.limitToLast(2).get())).toEqual(['2', '1']);
      expect(idsOf(await byN.offset(3).limit(1).get())).toEqual(['2']);
      const two = world.firestore.collection('c').orderBy('even').orderBy('n', 'desc').startAt(true, 2);
      expect(idsOf(await two.get())).toEqual(['2']);
    },
  },
  {
    title: 'A collection group is every collection of the id',
    source: `${QUERIES}#collection-group-query`,
    async check(world) {
      await world.write({
        'a/1/parts/x': { n: 1 },
        'b/2/parts/y': { n: 2 },
        'parts/z': { n: 3 },
        'other/w': { n: 4 },
      });
      const group = world.firestore.collectionGroup('parts');
      expect(idsOf(await group.where('n', '<', 3).get())).toEqual(['x', 'y']);
    },
  },
  {
    title: 'A collection group can be read in parts',
    source: `${DOCS}/reference/rpc/google.firestore.v1#partitionqueryrequest`,
    google: 'does not implement PartitionQuery',
    async check(world) {
      await world.write({ 'a/1/parts/x': { n: 1 }, 'b/2/parts/y': { n: 2 }, 'parts/z': { n: 3 } });
      const group = world.firestore.collectionGroup('parts');
      let found = 0;
      for await (const part of group.getPartitions(2)) found += (await part.toQuery().get()).size;
      expect(found).toBe(3);
    },
  },
  {
    title: 'A projection has the named fields only',
    source: `${DOCS}/reference/rpc/google.firestore.v1#projection`,
    async check(world) {
      await world.write({ 'c/a': { x: 1, y: { p: 2, q: 3 } } });
      const [doc] = (await world.firestore.collection('c').select('y.p').get()).docs;
      expect(doc?.data()).toEqual({ y: { p: 2 } });
    },
  },
  {
    title: 'Aggregations count, sum and average, over numbers only',
    source: `${DOCS}/query-data/aggregation-queries`,
    async check(world) {
      await world.write({ 'c/a': { x: 1 }, 'c/b': { x: 2.5 }, 'c/c': { x: 'text' }, 'c/d': {} });
      const c = world.firestore.collection('c');
      expect((await c.count().get()).data().count).toBe(4);
      const spec = {
        n: AggregateField.count(),
        sum: AggregateField.sum('x'),
        mean: AggregateField.average('x'),
      };
      expect((await c.aggregate(spec).get()).data()).toEqual({ n: 3, sum: 3.5, mean: 1.75 });
      expect((await c.where('x', '==', 9).aggregate(spec).get()).data()).toEqual({
        n: 0,
        sum: 0,
        mean: null,
      });
    },
  },
  {
    title: 'The nearest to a vector come by distance, up to a limit and a threshold',
    source: `${DOCS}/vector-search`,
    async check(world) {
      await world.write({
        'c/near': { v: FieldValue.vector([1, 1]) },
        'c/far': { v: FieldValue.vector([9, 9]) },
        'c/none': { v: [1, 1] },
      });
      const nearest = (distanceThreshold?: number) =>
        world.firestore
          .collection('c')
          .findNearest({
            vectorField: 'v',
            queryVector: [1, 2],
            limit: 5,
            distanceMeasure: 'EUCLIDEAN',
            distanceResultField: 'd',
            ...(distanceThreshold === undefined ? {} : { distanceThreshold }),
          })
          .get();
      expect((await nearest()).docs.map((doc) => [doc.id, Math.round(doc.get('d'))])).toEqual([
        ['near', 1],
        ['far', 11],
      ]);
      expect((await nearest(2)).size).toBe(1);
    },
  },
  {
    title: 'Queries have limits: 30 values, 30 disjunctions, 10 excluded values',
    source: `${QUERIES}#limitations`,
    async check({ firestore }) {
      const c = firestore.collection('c');
      const many = (count: number) => Array.from({ length: count }, (_, n) => n);
      await expect(c.where('x', 'in', many(31)).get()).rejects.toMatchObject({ code: 3 });
      await expect(c.where('x', 'not-in', many(11)).get()).rejects.toMatchObject({ code: 3 });
      const wide = c.where('x', 'in', many(6)).where('y', 'in', many(6));
      await expect(wide.get()).rejects.toMatchObject({ code: 3 });
    },
  },
  {
    title: 'A read at a time up to an hour back finds what was there',
    source: `${DOCS}/understand-reads-writes-scale`,
    async check(world) {
      const doc = world.firestore.doc('c/a');
      const { writeTime } = await doc.set({ n: 1 });
      await doc.set({ n: 2 });
      await world.firestore.doc('c/b').set({ n: 1 });
      const { found, ids } = await world.firestore.runTransaction(
        async (transaction) => ({
          found: (await transaction.get(doc)).get('n'),
          ids: idsOf(await transaction.get(world.firestore.collection('c').where('n', '==', 1))),
        }),
        { readOnly: true, readTime: writeTime },
      );
      expect({ found, ids }).toEqual({ found: 1, ids: ['a'] });
    },
  },
  {
    title: 'A query is explained by the indexes that it reads, and by what it cost',
    source: `${DOCS}/query-explain`,
    google: 'explains nothing',
    async check(world) {
      await world.write({ 'c/a': { x: 1, n: 1 }, 'c/b': { x: 2, n: 2 } });
      const query = world.firestore.collection('c').where('x', '==', 1).orderBy('n', 'desc');
      const { metrics, snapshot } = await query.explain({ analyze: true });
      expect(snapshot?.size).toBe(1);
      expect(metrics.planSummary.indexesUsed).toEqual([
        { query_scope: 'Collection', properties: '(x ASC, n DESC, __name__ DESC)' },
      ]);
      expect(metrics.executionStats?.resultsReturned).toBe(1);
      const { seconds = 0, nanoseconds = 0 } = metrics.executionStats?.executionDuration ?? {};
      expect(seconds + nanoseconds).toBeGreaterThan(0);
    },
  },
  {
    title: 'A sum is computed from an index that has its field',
    source: 'https://cloud.google.com/blog/products/databases/aggregate-with-sum-and-avg-in-firestore',
    google: 'explains nothing',
    async check(world) {
      const query = world.firestore.collection('c').where('a', '>', 0);
      const { metrics } = await query.aggregate({ total: AggregateField.sum('b') }).explain();
      expect(metrics.planSummary.indexesUsed).toEqual([
        { query_scope: 'Collection', properties: '(a ASC, b ASC, __name__ ASC)' },
      ]);
    },
  },
];
