import { describe, expect, test } from 'vitest';
import { startSubject } from './client.ts';

const subject = startSubject();

describe('transactions through the real client', () => {
  test('20 read-modify-writes of one document all get through at the first attempt', async () => {
    const doc = subject.firestore.doc('c/counter');
    await doc.set({ n: 0 });
    let attempts = 0;
    const increment = () =>
      subject.firestore.runTransaction(async (transaction) => {
        attempts++;
        const snapshot = await transaction.get(doc);
        transaction.update(doc, { n: snapshot.get('n') + 1 });
      });
    subject.server.resetCalls();
    await Promise.all(Array.from({ length: 20 }, increment));
    expect((await doc.get()).get('n')).toBe(20);
    expect(attempts).toBe(20);
    expect(subject.server.calls).toEqual({ BatchGetDocuments: 21, Commit: 20 });
  });

  test('read queries and documents, and write when they are done', async () => {
    await subject.firestore.doc('c/a').set({ open: true });
    const taken = await subject.firestore.runTransaction(async (transaction) => {
      const { docs } = await transaction.get(subject.firestore.collection('c').where('open', '==', true));
      const [other] = await transaction.getAll(subject.firestore.doc('c/other'));
      for (const each of docs) transaction.update(each.ref, { open: false, other: other?.exists });
      return docs.length;
    });
    expect(taken).toBe(1);
    expect((await subject.firestore.doc('c/a').get()).data()).toEqual({ open: false, other: false });
  });

  test('leave nothing behind when they throw', async () => {
    const doc = subject.firestore.doc('c/a');
    const failed = subject.firestore.runTransaction(async (transaction) => {
      await transaction.get(doc);
      transaction.set(doc, {});
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    await doc.create({ n: 1 });
    expect((await doc.get()).data()).toEqual({ n: 1 });
  });

  test('for reading only see one moment', async () => {
    const doc = subject.firestore.doc('c/a');
    await doc.set({ n: 1 });
    const seen = await subject.firestore.runTransaction(
      async (transaction) => {
        const before = (await transaction.get(doc)).get('n');
        await doc.set({ n: 2 });
        return [before, (await transaction.get(subject.firestore.collection('c'))).docs[0]?.get('n')];
      },
      { readOnly: true },
    );
    expect(seen).toEqual([1, 1]);
    const { readTime } = await doc.get();
    await doc.set({ n: 3 });
    const earlier = await subject.firestore.runTransaction((transaction) => transaction.get(doc), {
      readOnly: true,
      readTime,
    });
    expect(earlier.get('n')).toBe(2);
  });
});
