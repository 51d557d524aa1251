import {
  AggregateField,
  FieldPath,
  FieldValue,
  Filter,
  Firestore,
  type QuerySnapshot,
  Timestamp,
} from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FirestoreServer, startFirestore } from '../../emulator/firestore/server.ts';

let server: FirestoreServer;
let firestore: Firestore;
let projects = 0;

/** A client as programs make it; it finds the server by `FIRESTORE_EMULATOR_HOST`. */
function newClient(settings: { projectId?: string; databaseId?: string } = {}): Firestore {
  return new Firestore({ projectId: `demo-${++projects}`, ...settings });
}

beforeAll(async () => {
  server = await startFirestore();
  process.env.FIRESTORE_EMULATOR_HOST = server.address;
});

beforeEach(() => {
  firestore = newClient();
  return () => firestore.terminate();
});

afterAll(async () => {
  delete process.env.FIRESTORE_EMULATOR_HOST;
  await server.close();
});

describe('documents through the real client', () => {
  test('hold every type of value', async () => {
    const data = {
      nothing: null,
      yes: true,
      whole: 42,
      big: 2 ** 52,
      fraction: 0.1,
      nan: Number.NaN,
      infinite: Number.NEGATIVE_INFINITY,
      text: 'grüße \u{1F600}',
      when: Timestamp.fromMillis(1_700_000_000_123),
      bytes: Buffer.from([0, 255]),
      reference: firestore.doc('c/other'),
      vector: FieldValue.vector([1, 2.5]),
      list: [1, 'two', { three: 3 }],
      map: { 'odd name.`\\': { deep: [] }, empty: {} },
    };
    await firestore.doc('c/a').set(data);
    const read = (await firestore.doc('c/a').get()).data();
    expect(read?.when.isEqual(data.when)).toBe(true);
    expect(read?.reference.path).toBe('c/other');
    expect(read?.vector.isEqual(data.vector)).toBe(true);
    for (const name of [
      'nothing',
      'yes',
      'whole',
      'big',
      'fraction',
      'nan',
      'infinite',
      'text',
      'bytes',
      'list',
      'map',
    ] as const)
      expect(read?.[name]).toEqual(data[name]);
  });

  test('are created, merged, updated and deleted', async () => {
    const doc = firestore.doc('c/a');
    await doc.create({ n: 1, map: { x: 1, y: 1 } });
    await expect(doc.create({})).rejects.toMatchObject({ code: 6 });
    await doc.set({ map: { x: 2 }, more: true }, { merge: true });
    await doc.update({ 'map.z': 3, n: FieldValue.delete() });
    expect((await doc.get()).data()).toEqual({ map: { x: 2, y: 1, z: 3 }, more: true });
    await doc.delete();
    expect((await doc.get()).exists).toBe(false);
    await expect(doc.update({ n: 1 })).rejects.toMatchObject({ code: 5 });
    await expect(doc.delete({ exists: true })).rejects.toMatchObject({ code: 5 });
  });

  test('are written at the time that is said to be theirs, on which preconditions hold', async () => {
    const doc = firestore.doc('c/a');
    const first = await doc.set({ n: 1 });
    const { updateTime } = await doc.get();
    expect(updateTime?.isEqual(first.writeTime)).toBe(true);
    const second = await doc.update({ n: 2 }, { lastUpdateTime: first.writeTime });
    await expect(doc.update({ n: 3 }, { lastUpdateTime: first.writeTime })).rejects.toMatchObject({
      code: 9,
    });
    await doc.delete({ lastUpdateTime: second.writeTime });
    await expect(doc.update({ n: 3 }, { lastUpdateTime: second.writeTime })).rejects.toMatchObject({
      code: 9,
    });
  });

  test('are written together or not at all', async () => {
    await firestore.doc('c/taken').set({});
    const batch = firestore.batch().set(firestore.doc('c/new'), {}).create(firestore.doc('c/taken'), {});
    await expect(batch.commit()).rejects.toMatchObject({ code: 6 });
    expect((await firestore.doc('c/new').get()).exists).toBe(false);
  });

  test('are changed by the server: timestamp, numbers, arrays', async () => {
    const doc = firestore.doc('c/a');
    await doc.set({ n: 1, list: ['a', 'b'], at: FieldValue.serverTimestamp() });
    await doc.update({
      n: FieldValue.increment(2),
      list: FieldValue.arrayUnion('b', 'c'),
      f: FieldValue.increment(0.5),
    });
    await doc.update({ list: FieldValue.arrayRemove('a') });
    const { at, ...rest } = (await doc.get()).data() ?? {};
    expect(rest).toEqual({ n: 3, f: 0.5, list: ['b', 'c'] });
    expect(at).toBeInstanceOf(Timestamp);
  });

  test('are read many at once, in order, with a mask, each read in one call', async () => {
    await firestore.doc('c/a').set({ n: 1, m: { x: 1, y: 1 } });
    server.resetCalls();
    const [missing, found] = await firestore.getAll(firestore.doc('c/none'), firestore.doc('c/a'), {
      fieldMask: ['m.x'],
    });
    expect([missing?.exists, found?.data()]).toEqual([false, { m: { x: 1 } }]);
    expect(server.calls).toEqual({ BatchGetDocuments: 1 });
  });

  test('are listed with the missing ones, and so are collections', async () => {
    await firestore.doc('c/a').set({});
    await firestore.doc('c/missing/d/x').set({});
    expect((await firestore.collection('c').listDocuments()).map(({ path }) => path)).toEqual([
      'c/a',
      'c/missing',
    ]);
    expect((await firestore.listCollections()).map(({ path }) => path)).toEqual(['c']);
    expect((await firestore.doc('c/missing').listCollections()).map(({ path }) => path)).toEqual([
      'c/missing/d',
    ]);
  });

  test('that are too large, or whose request is, are refused', async () => {
    const doc = firestore.doc('c/a');
    await expect(doc.set({ a: 'x'.repeat(600_000), b: 'y'.repeat(600_000) })).rejects.toMatchObject({
      code: 3,
    });
    const batch = firestore.batch();
    for (let n = 0; n < 11; n++) batch.set(firestore.doc(`c/${n}`), { a: 'x'.repeat(1_000_000) });
    await expect(batch.commit()).rejects.toMatchObject({
      code: 3,
      details: expect.stringContaining('10485760'),
    });
    await expect(doc.set({ fine: true })).resolves.toBeDefined();
  });

  test('of each project and database are apart', async () => {
    const other = newClient({ databaseId: 'other' });
    await firestore.doc('c/a').set({ here: true });
    expect((await other.doc('c/a').get()).exists).toBe(false);
    await other.doc('c/a').set({ there: true });
    expect((await firestore.doc('c/a').get()).data()).toEqual({ here: true });
    expect([...server.store.databases()].map(({ name }) => name)).toContain(
      `projects/demo-${projects}/databases/other`,
    );
    await other.terminate();
  });

  test('are written and deleted in bulk, each with its own outcome', async () => {
    await firestore.doc('c/5').set({});
    const writer = firestore.bulkWriter();
    writer.onWriteError(() => false);
    const outcomes = Array.from({ length: 40 }, (_, n) =>
      writer.create(firestore.doc(`c/${n}`), { n }).then(
        () => 'created',
        ({ code }) => code,
      ),
    );
    await writer.close();
    const settled = await Promise.all(outcomes);
    expect(settled.filter((each) => each === 'created')).toHaveLength(39);
    expect(settled[5]).toBe(6);
    await firestore.doc('c/1/d/x').set({});
    await firestore.recursiveDelete(firestore.collection('c'));
    expect(await firestore.listCollections()).toEqual([]);
  });
});

describe('queries through the real client', () => {
  const ids = ({ docs }: QuerySnapshot) => docs.map(({ id }) => id).join(' ');

  beforeEach(async () => {
    const batch = firestore.batch();
    const cities = {
      bj: { name: 'Beijing', country: 'CN', people: 21.5, regions: ['jingjinji'] },
      dc: { name: 'Washington', country: 'US', people: 0.7, regions: ['east'], capital: true },
      la: { name: 'Los Angeles', country: 'US', people: 3.9, regions: ['west', 'socal'] },
      sf: { name: 'San Francisco', country: 'US', people: 0.9, regions: ['west', 'norcal'], capital: null },
      tok: { name: 'Tokyo', country: 'JP', people: 9, regions: ['kanto'], capital: true },
    };
    for (const [id, city] of Object.entries(cities)) batch.set(firestore.doc(`cities/${id}`), city);
    for (const id of ['dc', 'sf']) batch.set(firestore.doc(`cities/${id}/sights/park`), { kind: 'park' });
    await batch.commit();
  });

  test('filter by each operator', async () => {
    const cities = firestore.collection('cities');
    expect(ids(await cities.where('country', '==', 'US').get())).toBe('dc la sf');
    expect(ids(await cities.where('country', '!=', 'US').get())).toBe('bj tok');
    expect(ids(await cities.where('people', '>=', 3.9).where('people', '<', 21.5).get())).toBe('la tok');
    expect(ids(await cities.where('country', 'in', ['JP', 'CN']).get())).toBe('bj tok');
    expect(ids(await cities.where('country', 'not-in', ['JP', 'CN']).get())).toBe('dc la sf');
    expect(ids(await cities.where('regions', 'array-contains', 'west').get())).toBe('la sf');
    expect(ids(await cities.where('regions', 'array-contains-any', ['east', 'kanto']).get())).toBe('dc tok');
    expect(ids(await cities.where('capital', '==', null).get())).toBe('sf');
    expect(ids(await cities.where('capital', '!=', null).get())).toBe('dc tok');
    expect(ids(await cities.where('people', '==', Number.NaN).get())).toBe('');
    expect(ids(await cities.where(FieldPath.documentId(), '>=', 'la').get())).toBe('la sf tok');
    const either = Filter.or(
      Filter.where('people', '<', 0.8),
      Filter.and(Filter.where('country', '==', 'US'), Filter.where('people', '>', 3)),
    );
    expect(ids(await cities.where(either).get())).toBe('dc la');
  });

  test('order, page, limit to the last, and project', async () => {
    const byPeople = firestore.collection('cities').orderBy('people', 'desc');
    expect(ids(await byPeople.limit(2).get())).toBe('bj tok');
    expect(ids(await byPeople.limitToLast(2).get())).toBe('sf dc');
    expect(ids(await byPeople.startAfter(9).endAt(0.9).get())).toBe('la sf');
    const tokyo = await firestore.doc('cities/tok').get();
    expect(ids(await byPeople.startAfter(tokyo).get())).toBe('la sf dc');
    expect(ids(await byPeople.offset(1).limit(1).get())).toBe('tok');
    const named = await byPeople.select('name').limit(1).get();
    expect(named.docs[0]?.data()).toEqual({ name: 'Beijing' });
    expect(ids(await firestore.collection('cities').orderBy('country').orderBy('people', 'desc').get())).toBe(
      'bj tok la sf dc',
    );
  });

  test('reach over collection groups, in parts too', async () => {
    const parks = firestore.collectionGroup('sights').where('kind', '==', 'park');
    expect((await parks.get()).docs.map(({ ref }) => ref.path)).toEqual([
      'cities/dc/sights/park',
      'cities/sf/sights/park',
    ]);
    let found = 0;
    for await (const partition of firestore.collectionGroup('sights').getPartitions(2))
      found += (await partition.toQuery().get()).size;
    expect(found).toBe(2);
  });

  test('aggregate: count, sum and average in one call', async () => {
    const us = firestore.collection('cities').where('country', '==', 'US');
    server.resetCalls();
    expect((await us.count().get()).data().count).toBe(3);
    expect(server.calls).toEqual({ RunAggregationQuery: 1 });
    const { sum, average } = (
      await us
        .aggregate({ sum: AggregateField.sum('people'), average: AggregateField.average('people') })
        .get()
    ).data();
    expect(sum).toBeCloseTo(5.5);
    expect(average).toBeCloseTo(5.5 / 3);
  });

  test('that break a rule fail once, with the reason', async () => {
    const numbers = Array.from({ length: 31 }, (_, n) => n);
    server.resetCalls();
    const refused = firestore.collection('cities').where('people', 'in', numbers).get();
    await expect(refused).rejects.toMatchObject({
      code: 3,
      details: expect.stringContaining("'IN' supports up to 30"),
    });
    expect(server.calls).toEqual({ RunQuery: 1 });
  });

  test('stream', async () => {
    const streamed: string[] = [];
    for await (const each of firestore.collection('cities').stream())
      streamed.push((each as unknown as { id: string }).id);
    expect(streamed).toEqual(['bj', 'dc', 'la', 'sf', 'tok']);
  });
});

describe('transactions through the real client', () => {
  test('20 read-modify-writes of one document all get through at the first attempt', async () => {
    const doc = firestore.doc('c/counter');
    await doc.set({ n: 0 });
    let attempts = 0;
    const increment = () =>
      firestore.runTransaction(async (transaction) => {
        attempts++;
        const snapshot = await transaction.get(doc);
        transaction.update(doc, { n: snapshot.get('n') + 1 });
      });
    server.resetCalls();
    await Promise.all(Array.from({ length: 20 }, increment));
    expect((await doc.get()).get('n')).toBe(20);
    expect(attempts).toBe(20);
    expect(server.calls).toEqual({ BatchGetDocuments: 21, Commit: 20 });
  });

  test('read queries and documents, and write when they are done', async () => {
    await firestore.doc('c/a').set({ open: true });
    const taken = await firestore.runTransaction(async (transaction) => {
      const { docs } = await transaction.get(firestore.collection('c').where('open', '==', true));
      const [other] = await transaction.getAll(firestore.doc('c/other'));
      for (const each of docs) transaction.update(each.ref, { open: false, other: other?.exists });
      return docs.length;
    });
    expect(taken).toBe(1);
    expect((await firestore.doc('c/a').get()).data()).toEqual({ open: false, other: false });
  });

  test('leave nothing behind when they throw', async () => {
    const doc = firestore.doc('c/a');
    const failed = firestore.runTransaction(async (transaction) => {
      await transaction.get(doc);
      transaction.set(doc, {});
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    await doc.create({ n: 1 });
    expect((await doc.get()).data()).toEqual({ n: 1 });
  });

  test('for reading only see one moment', async () => {
    const doc = firestore.doc('c/a');
    await doc.set({ n: 1 });
    const seen = await firestore.runTransaction(
      async (transaction) => {
        const before = (await transaction.get(doc)).get('n');
        await doc.set({ n: 2 });
        return [before, (await transaction.get(firestore.collection('c'))).docs[0]?.get('n')];
      },
      { readOnly: true },
    );
    expect(seen).toEqual([1, 1]);
    const { readTime } = await doc.get();
    await doc.set({ n: 3 });
    const earlier = await firestore.runTransaction((transaction) => transaction.get(doc), {
      readOnly: true,
      readTime,
    });
    expect(earlier.get('n')).toBe(2);
  });
});

describe('listeners through the real client', () => {
  /** Collects what a listener says; `next` resolves with the next thing it has said or will say. */
  function collect<T>(): { push: (item: T) => void; next: () => Promise<T> } {
    const items: T[] = [];
    const waiting: ((item: T) => void)[] = [];
    return {
      push: (item) => {
        const resolve = waiting.shift();
        if (resolve) resolve(item);
        else items.push(item);
      },
      next: () => {
        const item = items.shift();
        return item === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(item);
      },
    };
  }

  test('of a query hear of each commit as a whole', async () => {
    await firestore.doc('c/a').set({ n: 1 });
    const heard = collect<string>();
    const stop = firestore
      .collection('c')
      .where('n', '>', 0)
      .orderBy('n', 'desc')
      .onSnapshot((snapshot) =>
        heard.push(
          snapshot
            .docChanges()
            .map(({ type, doc }) => `${type} ${doc.id}`)
            .join(', '),
        ),
      );
    expect(await heard.next()).toBe('added a');
    await firestore.batch().set(firestore.doc('c/b'), { n: 2 }).set(firestore.doc('c/d'), { n: 3 }).commit();
    expect(await heard.next()).toBe('added d, added b');
    await firestore.doc('other/x').set({ n: 1 });
    await firestore
      .batch()
      .set(firestore.doc('c/a'), { n: 9 })
      .set(firestore.doc('c/b'), { n: 0 })
      .delete(firestore.doc('c/d'))
      .commit();
    expect(await heard.next()).toBe('removed d, removed b, modified a');
    stop();
  });

  test('of a document hear that it is missing, there, and gone', async () => {
    const doc = firestore.doc('c/a');
    const heard = collect<string>();
    const stop = doc.onSnapshot((snapshot) => heard.push(String(snapshot.exists && snapshot.get('n'))));
    expect(await heard.next()).toBe('false');
    await doc.set({ n: 1 });
    expect(await heard.next()).toBe('1');
    await doc.delete();
    expect(await heard.next()).toBe('false');
    stop();
  });

  test('of a query that is not valid hear why', async () => {
    const failed = new Promise<Error>((resolve) => {
      firestore
        .collection('c')
        .where(
          'n',
          'in',
          Array.from({ length: 31 }, (_, n) => n),
        )
        .onSnapshot(() => {}, resolve);
    });
    expect((await failed).message).toContain("'IN' supports up to 30");
  });
});
