import { FieldValue, GeoPoint, Timestamp } from '@google-cloud/firestore';
import { expect } from 'vitest';
import type { Row } from '../row.ts';
import type { FirestoreWorld } from './world.ts';

const DOCS = 'https://cloud.google.com/firestore/docs';
const QUOTAS = 'https://cloud.google.com/firestore/quotas';

export const documentRows: readonly Row<FirestoreWorld>[] = [
  {
    title: 'Every type of value comes back as it was written, times to the microsecond',
    source: `${DOCS}/concepts/data-types`,
    async check({ firestore }) {
      const doc = firestore.doc('c/a');
      const data = {
        nothing: null,
        whole: 9_007_199_254_740_991,
        part: -0.1,
        text: 'ä 🙂',
        bytes: Buffer.from([0, 255]),
        place: new GeoPoint(-90, 180),
        list: [1, { in: ['map'] }],
        map: { 'odd name': true },
        vector: FieldValue.vector([1, 0.5]),
      };
      const ref = firestore.doc('c/b');
      await doc.set({ ...data, ref, at: new Timestamp(1, 123_456_789) });
      const read = (await doc.get()).data();
      expect(read).toMatchObject(data);
      // A reference holds its client, which is large: comparing every field of it takes many seconds.
      expect(ref.isEqual(read?.ref)).toBe(true);
      expect(read?.at).toEqual(new Timestamp(1, 123_456_000));
    },
  },
  {
    title: 'Create fails with ALREADY_EXISTS, update of what is not there with NOT_FOUND',
    source: `${DOCS}/manage-data/add-data`,
    async check({ firestore }) {
      const doc = firestore.doc('c/a');
      await expect(doc.update({ n: 1 })).rejects.toMatchObject({ code: 5 });
      await doc.create({ n: 1 });
      await expect(doc.create({ n: 2 })).rejects.toMatchObject({ code: 6 });
      expect((await doc.get()).get('n')).toBe(1);
    },
  },
  {
    title: 'A write with another update time as its precondition fails with FAILED_PRECONDITION',
    source: `${DOCS}/reference/rpc/google.firestore.v1#precondition`,
    async check({ firestore }) {
      const doc = firestore.doc('c/a');
      const { writeTime } = await doc.set({ n: 1 });
      await doc.update({ n: 2 });
      await expect(doc.update({ n: 3 }, { lastUpdateTime: writeTime })).rejects.toMatchObject({ code: 9 });
    },
  },
  {
    title: 'A batch is committed as a whole or not at all; a bulk writer tells of each write',
    source: `${DOCS}/manage-data/transactions#batched-writes`,
    async check({ firestore }) {
      const batch = firestore.batch().set(firestore.doc('c/a'), {}).update(firestore.doc('c/none'), { n: 1 });
      await expect(batch.commit()).rejects.toMatchObject({ code: 5 });
      expect((await firestore.doc('c/a').get()).exists).toBe(false);
      const bulk = firestore.bulkWriter();
      const written = bulk.set(firestore.doc('c/a'), { n: 1 });
      const failed = bulk.update(firestore.doc('c/none'), { n: 1 }).catch((error) => error);
      await bulk.close();
      expect((await written).writeTime).toBeInstanceOf(Timestamp);
      expect(await failed).toMatchObject({ code: 5 });
    },
  },
  {
    title: 'Transforms increment, unite, remove and stamp in the server, on what is there',
    source: `${DOCS}/manage-data/add-data#increment_a_numeric_value`,
    async check({ firestore }) {
      const doc = firestore.doc('c/a');
      await doc.set({ n: 1, list: [1, 2, 3], text: 'none' });
      const { writeTime } = await doc.update({
        n: FieldValue.increment(0.5),
        list: FieldValue.arrayUnion(3, 4),
        text: FieldValue.increment(2),
        at: FieldValue.serverTimestamp(),
        gone: FieldValue.delete(),
      });
      await doc.update({ list: FieldValue.arrayRemove(1, 9) });
      const data = (await doc.get()).data();
      expect(data).toMatchObject({ n: 1.5, list: [2, 3, 4], text: 2 });
      expect(Math.abs(data?.at.toMillis() - writeTime.toMillis())).toBeLessThanOrEqual(1_000);
    },
  },
  {
    title: 'A document has at most 1 MiB, a name 1,500 bytes, maps and lists 20 levels',
    source: `${QUOTAS}#collections_documents_and_fields`,
    async check({ firestore }) {
      const doc = firestore.doc('c/a');
      const half = 'x'.repeat(524_288);
      await expect(doc.set({ a: half, b: half })).rejects.toMatchObject({ code: 3 });
      await expect(firestore.doc(`c/${'x'.repeat(1_501)}`).set({})).rejects.toMatchObject({ code: 3 });
      let deep: object = {};
      for (let level = 0; level < 21; level++) deep = { deep };
      await expect(doc.set(deep)).rejects.toMatchObject({ code: 3 });
    },
  },
  {
    title: 'A vector has 1 to 2,048 dimensions, all of them doubles',
    source: `${DOCS}/vector-search#limitations`,
    async check({ wire, database, root }) {
      const commit = (value: object) => {
        const fields = { __type__: { stringValue: '__vector__' }, ...value };
        const update = { name: `${root}/c/a`, fields: { v: { mapValue: { fields } } } };
        return wire.outcome('Commit', { database, writes: [{ update }] });
      };
      const list = (values: object[]) => ({ value: { arrayValue: { values } } });
      const ones = (count: number) => Array.from({ length: count }, () => ({ doubleValue: 1 }));
      expect(await commit(list(ones(2_048)))).toHaveProperty('answers');
      for (const wrong of [list(ones(2_049)), list([]), list([{ integerValue: '1' }]), {}])
        expect(await commit(wrong)).toMatchObject({ code: 3 });
    },
  },
  {
    title: 'A text is valid Unicode',
    source: 'https://protobuf.dev/programming-guides/proto3/#scalar',
    async check({ firestore }) {
      const doc = firestore.doc('c/a');
      await expect(doc.set({ text: 'a\ud800b' })).rejects.toHaveProperty('code');
      expect((await doc.get()).exists).toBe(false);
    },
  },
  {
    title: 'The id of a database has 4 to 63 letters, digits and hyphens',
    source: `${DOCS}/manage-databases#database_id`,
    google: 'takes any text',
    async check({ projectId, wire }) {
      const database = `projects/${projectId}/databases/Bad_DB!`;
      expect(await wire.outcome('Commit', { database, writes: [] })).toHaveProperty('code');
    },
  },
  {
    title: 'A request of up to 10 MiB is taken, a larger one refused',
    source: `${QUOTAS}#writes_and_transactions`,
    google: 'closes the connection on a request over 4 MiB',
    async check({ wire, database, root }) {
      const commit = (count: number) =>
        wire.outcome('Commit', {
          database,
          writes: Array.from({ length: count }, (_, n) => ({
            update: { name: `${root}/big/${n}`, fields: { x: { bytesValue: Buffer.alloc(1_000_000) } } },
          })),
        });
      expect(await commit(8)).toHaveProperty('answers');
      expect(await commit(11)).toMatchObject({ code: 3 });
    },
  },
  {
    title: 'A commit takes more than 500 writes',
    source: `${QUOTAS}#writes_and_transactions`,
    async check({ firestore }) {
      const batch = firestore.batch();
      for (let n = 0; n < 600; n++) batch.set(firestore.doc(`many/${n}`), { n });
      await batch.commit();
      expect((await firestore.collection('many').count().get()).data().count).toBe(600);
    },
  },
  {
    title: 'Lists come in pages, and show missing documents that have collections',
    source: `${DOCS}/reference/rpc/google.firestore.v1#listdocumentsrequest`,
    async check(world) {
      await world.write({ 'c/a': {}, 'c/missing/d/x': {}, 'c/z': {} });
      const { firestore } = world;
      expect((await firestore.collection('c').listDocuments()).map(({ id }) => id)).toEqual([
        'a',
        'missing',
        'z',
      ]);
      expect((await firestore.listCollections()).map(({ id }) => id)).toEqual(['c']);
      expect((await firestore.doc('c/missing').listCollections()).map(({ id }) => id)).toEqual(['d']);
    },
  },
  {
    title: 'A list in an order comes in pages of one moment',
    source: `${DOCS}/reference/rpc/google.firestore.v1#listdocumentsrequest`,
    async check(world) {
      await world.write({ 'c/a': { n: 1 }, 'c/b': { n: 3 }, 'c/d': { n: 2 } });
      const request = { parent: world.root, collectionId: 'c', orderBy: 'n desc', pageSize: 2 };
      const outcome = await world.wire.outcome('ListDocuments', request);
      expect(outcome).toMatchObject({
        answers: [{ documents: [{ name: `${world.root}/c/b` }, { name: `${world.root}/c/d` }] }],
      });
    },
  },
  {
    title: 'A database is apart from the others of its project',
    source: `${DOCS}/manage-databases`,
    async check(world) {
      await world.firestore.doc('c/a').set({ n: 1 });
      const other = world.other('second');
      expect((await other.doc('c/a').get()).exists).toBe(false);
      await other.doc('c/a').set({ n: 2 });
      expect((await world.firestore.doc('c/a').get()).get('n')).toBe(1);
    },
  },
  {
    title: 'The REST form reads and writes the same',
    source: `${DOCS}/reference/rest`,
    async check(world) {
      const name = `${world.root}/c/a`;
      const fields = { n: { integerValue: '1' }, at: { timestampValue: '2026-01-02T03:04:05Z' } };
      expect(await world.rest('PATCH', name, { fields })).toMatchObject({
        status: 200,
        body: { name, fields },
      });
      expect((await world.firestore.doc('c/a').get()).get('n')).toBe(1);
      const structuredQuery = { from: [{ collectionId: 'c' }], limit: 1 };
      expect(await world.rest('POST', `${world.root}:runQuery`, { structuredQuery })).toMatchObject({
        status: 200,
        body: [{ document: { name } }],
      });
      expect(await world.rest('GET', `${world.root}/c/none`)).toMatchObject({
        status: 404,
        body: { error: { status: 'NOT_FOUND' } },
      });
    },
  },
];
