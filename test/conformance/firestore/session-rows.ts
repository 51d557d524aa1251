import { expect } from 'vitest';
import type { Row } from '../row.ts';
import type { FirestoreWorld } from './world.ts';

const DOCS = 'https://cloud.google.com/firestore/docs';
const TRANSACTIONS = `${DOCS}/manage-data/transactions`;

export const sessionRows: readonly Row<FirestoreWorld>[] = [
  {
    title: 'A transaction commits what it has read and written as one, or is tried again',
    source: TRANSACTIONS,
    async check({ firestore }) {
      const counter = firestore.doc('c/counter');
      await counter.set({ n: 0 });
      const increment = () =>
        firestore.runTransaction(async (transaction) => {
          const n = (await transaction.get(counter)).get('n');
          transaction.update(counter, { n: n + 1 });
        });
      await Promise.all([increment(), increment(), increment()]);
      expect((await counter.get()).get('n')).toBe(3);
    },
  },
  {
    title: 'Twenty transactions at once on one document all commit, with five attempts each',
    source: `${DOCS}/transaction-data-contention`,
    google: 'lets some of them fail, or takes longer than their clients try',
    async check({ firestore }) {
      const counter = firestore.doc('c/counter');
      await counter.set({ n: 0 });
      let attempts = 0;
      const increment = () =>
        firestore.runTransaction(async (transaction) => {
          attempts += 1;
          const n = (await transaction.get(counter)).get('n');
          transaction.update(counter, { n: n + 1 });
        });
      await Promise.all(Array.from({ length: 20 }, increment));
      expect((await counter.get()).get('n')).toBe(20);
      expect(attempts).toBeLessThanOrEqual(25);
    },
  },
  {
    title: 'A transaction that has ended is refused with INVALID_ARGUMENT',
    source: `${TRANSACTIONS}#transaction_failure`,
    async check({ wire, database }) {
      const begun = await wire.outcome('BeginTransaction', { database });
      const { transaction } = ('answers' in begun ? begun.answers[0] : {}) as { transaction: Buffer };
      expect(await wire.outcome('Commit', { database, transaction })).toHaveProperty('answers');
      expect(await wire.outcome('Commit', { database, transaction })).toMatchObject({ code: 3 });
    },
  },
  {
    title: 'A read-only transaction reads as of one time, and cannot write',
    source: `${DOCS}/reference/rpc/google.firestore.v1#transactionoptions`,
    async check({ firestore, wire, database, root }) {
      const doc = firestore.doc('c/a');
      await doc.set({ n: 1 });
      const seen = await firestore.runTransaction(
        async (transaction) => {
          const before = (await transaction.get(doc)).get('n');
          await doc.set({ n: 2 });
          return [before, (await transaction.get(doc)).get('n')];
        },
        { readOnly: true },
      );
      expect(seen).toEqual([1, 1]);
      const begun = await wire.outcome('BeginTransaction', { database, options: { readOnly: {} } });
      const { transaction } = ('answers' in begun ? begun.answers[0] : {}) as { transaction: Buffer };
      const writes = [{ delete: `${root}/c/a` }];
      expect(await wire.outcome('Commit', { database, transaction, writes })).toMatchObject({ code: 3 });
    },
  },
  {
    title: 'A listener hears of what is there, of each commit as a whole, and of what has left',
    source: `${DOCS}/query-data/listen`,
    async check(world) {
      await world.write({ 'c/a': { n: 1 }, 'c/b': { n: 2 } });
      const heard: string[] = [];
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const stop = world.firestore
        .collection('c')
        .where('n', '>', 0)
        .orderBy('n')
        .onSnapshot((snapshot) => {
          heard.push(
            snapshot
              .docChanges()
              .map(({ type, doc }) => `${type} ${doc.id}`)
              .join(),
          );
          if (heard.length === 1)
            world.firestore
              .batch()
              .set(world.firestore.doc('c/d'), { n: 3 })
              .update(world.firestore.doc('c/a'), { n: 0 })
              .delete(world.firestore.doc('c/b'))
              .commit()
              .catch(reject);
          else resolve();
        }, reject);
      await promise;
      stop();
      expect(heard).toEqual(['added a,added b', 'removed a,removed b,added d']);
    },
  },
  {
    title: 'A stream of writes commits each request and answers it',
    source: `${DOCS}/reference/rpc/google.firestore.v1#google.firestore.v1.Firestore.Write`,
    async check({ wire, database, root, firestore }) {
      const stream = wire.open('Write', database);
      const answers = stream[Symbol.asyncIterator]();
      stream.write({ database });
      const { streamToken } = (await answers.next()).value;
      stream.write({ streamToken, writes: [{ update: { name: `${root}/c/a`, fields: {} } }] });
      expect((await answers.next()).value).toMatchObject({
        writeResults: [{}],
        commitTime: expect.anything(),
      });
      stream.end();
      expect((await firestore.doc('c/a').get()).exists).toBe(true);
    },
  },
  {
    title: 'A TTL policy is set by an admin call',
    source: `${DOCS}/ttl`,
    google: 'has no admin calls',
    async check(world) {
      await world.firestore.doc('c/a').set({});
      const name = `${world.database}/collectionGroups/c/fields/expireAt`;
      const admin = world.admin();
      await admin.updateField({ field: { name, ttlConfig: {} }, updateMask: { paths: ['ttl_config'] } });
      expect((await admin.getField({ name }))[0]).toMatchObject({ ttlConfig: { state: 'ACTIVE' } });
    },
  },
  {
    title: 'A composite index is made and listed by admin calls',
    source: `${DOCS}/query-data/indexing`,
    google: 'has no admin calls',
    async check(world) {
      await world.firestore.doc('c/a').set({});
      const parent = `${world.database}/collectionGroups/c`;
      const order = 'ASCENDING' as const;
      const fields = ['a', 'b'].map((fieldPath) => ({ fieldPath, order }));
      const admin = world.admin();
      await admin.createIndex({ parent, index: { queryScope: 'COLLECTION', fields } });
      expect((await admin.listIndexes({ parent }))[0]).toMatchObject([{ state: 'READY' }]);
    },
  },
];
