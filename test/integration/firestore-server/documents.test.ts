import { FieldValue, Timestamp } from '@google-cloud/firestore';
import { describe, expect, test } from 'vitest';
import { newClient, startSubject } from './client.ts';

const subject = startSubject();

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
      reference: subject.firestore.doc('c/other'),
      vector: FieldValue.vector([1, 2.5]),
      list: [1, 'two', { three: 3 }],
      map: { 'odd name.`\\': { deep: [] }, empty: {} },
    };
    await subject.firestore.doc('c/a').set(data);
    const read = (await subject.firestore.doc('c/a').get()).data();
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
    const doc = subject.firestore.doc('c/a');
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
    const doc = subject.firestore.doc('c/a');
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
    await subject.firestore.doc('c/taken').set({});
    const batch = subject.firestore
      .batch()
      .set(subject.firestore.doc('c/new'), {})
      .create(subject.firestore.doc('c/taken'), {});
    await expect(batch.commit()).rejects.toMatchObject({ code: 6 });
    expect((await subject.firestore.doc('c/new').get()).exists).toBe(false);
  });

  test('are changed by the server: timestamp, numbers, arrays', async () => {
    const doc = subject.firestore.doc('c/a');
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
    await subject.firestore.doc('c/a').set({ n: 1, m: { x: 1, y: 1 } });
    subject.server.resetCalls();
    const [missing, found] = await subject.firestore.getAll(
      subject.firestore.doc('c/none'),
      subject.firestore.doc('c/a'),
      {
        fieldMask: ['m.x'],
      },
    );
    expect([missing?.exists, found?.data()]).toEqual([false, { m: { x: 1 } }]);
    expect(subject.server.calls).toEqual({ BatchGetDocuments: 1 });
  });

  test('are listed with the missing ones, and so are collections', async () => {
    await subject.firestore.doc('c/a').set({});
    await subject.firestore.doc('c/missing/d/x').set({});
    expect((await subject.firestore.collection('c').listDocuments()).map(({ path }) => path)).toEqual([
      'c/a',
      'c/missing',
    ]);
    expect((await subject.firestore.listCollections()).map(({ path }) => path)).toEqual(['c']);
    expect((await subject.firestore.doc('c/missing').listCollections()).map(({ path }) => path)).toEqual([
      'c/missing/d',
    ]);
  });

  test('that are too large, or whose request is, are refused', async () => {
    const doc = subject.firestore.doc('c/a');
    await expect(doc.set({ a: 'x'.repeat(600_000), b: 'y'.repeat(600_000) })).rejects.toMatchObject({
      code: 3,
    });
    const batch = subject.firestore.batch();
    for (let n = 0; n < 11; n++) batch.set(subject.firestore.doc(`c/${n}`), { a: 'x'.repeat(1_000_000) });
    await expect(batch.commit()).rejects.toMatchObject({
      code: 3,
      details: expect.stringContaining('10485760'),
    });
    await expect(doc.set({ fine: true })).resolves.toBeDefined();
  });

  test('of each project and database are apart', async () => {
    const other = newClient({ projectId: 'demo-other', databaseId: 'other' });
    await subject.firestore.doc('c/a').set({ here: true });
    expect((await other.doc('c/a').get()).exists).toBe(false);
    await other.doc('c/a').set({ there: true });
    expect((await subject.firestore.doc('c/a').get()).data()).toEqual({ here: true });
    expect([...subject.server.store.databases()].map(({ name }) => name)).toContain(
      'projects/demo-other/databases/other',
    );
    await other.terminate();
  });

  test('are written and deleted in bulk, each with its own outcome', async () => {
    await subject.firestore.doc('c/5').set({});
    const writer = subject.firestore.bulkWriter();
    writer.onWriteError(() => false);
    const outcomes = Array.from({ length: 40 }, (_, n) =>
      writer.create(subject.firestore.doc(`c/${n}`), { n }).then(
        () => 'created',
        ({ code }) => code,
      ),
    );
    await writer.close();
    const settled = await Promise.all(outcomes);
    expect(settled.filter((each) => each === 'created')).toHaveLength(39);
    expect(settled[5]).toBe(6);
    await subject.firestore.doc('c/1/d/x').set({});
    await subject.firestore.recursiveDelete(subject.firestore.collection('c'));
    expect(await subject.firestore.listCollections()).toEqual([]);
  });
});
