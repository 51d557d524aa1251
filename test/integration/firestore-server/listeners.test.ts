import { describe, expect, test } from 'vitest';
import { startSubject } from './client.ts';

const subject = startSubject();

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
    await subject.firestore.doc('c/a').set({ n: 1 });
    const heard = collect<string>();
    const stop = subject.firestore
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
    await subject.firestore
      .batch()
      .set(subject.firestore.doc('c/b'), { n: 2 })
      .set(subject.firestore.doc('c/d'), { n: 3 })
      .commit();
    expect(await heard.next()).toBe('added d, added b');
    await subject.firestore.doc('other/x').set({ n: 1 });
    await subject.firestore
      .batch()
      .set(subject.firestore.doc('c/a'), { n: 9 })
      .set(subject.firestore.doc('c/b'), { n: 0 })
      .delete(subject.firestore.doc('c/d'))
      .commit();
    expect(await heard.next()).toBe('removed d, removed b, modified a');
    stop();
  });

  test('of a document hear that it is missing, there, and gone', async () => {
    const doc = subject.firestore.doc('c/a');
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
      subject.firestore
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
