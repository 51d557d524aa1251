import { describe, expect, test } from 'vitest';
import type { Database } from '../../../emulator/firestore/database.ts';
import { POLITE_MS } from '../../../emulator/firestore/lock-table.ts';
import { plainOf, valueFrom } from '../../../emulator/firestore/plain.ts';
import type { TransactionId } from '../../../emulator/firestore/transaction.ts';
import { StatusError } from '../../../emulator/wire/status.ts';
import { documentAt, failing, isPending, newDatabase, read, remove, set } from './support.ts';

const EXPIRED = failing('INVALID_ARGUMENT', 'transaction has expired');
const scope = { parent: '', collectionId: 'c' };

/** Reads a counter and writes it back one higher, from the start again whenever it is aborted, keeping its place. */
async function increment(database: Database, ...paths: string[]): Promise<number> {
  let retry: TransactionId | undefined;
  for (let attempts = 1; ; attempts++) {
    const transaction: TransactionId = database.begin({ mode: 'readWrite', retry });
    try {
      const writes = [];
      for (const path of paths) {
        const { documents } = await database.get([path], { transaction });
        const n = documents[0] ? Number(plainOf(documents[0].fields).n) : 0;
        writes.push(set(path, { n: n + 1 }));
      }
      await database.commit(writes, { transaction });
      return attempts;
    } catch (error) {
      if (!(error instanceof StatusError && error.status === 'ABORTED')) throw error;
      database.rollback(transaction);
      retry = transaction;
    }
  }
}

describe('contention', () => {
  test('50 read-modify-writes of one document all get through, none twice', async () => {
    const { database } = newDatabase();
    const attempts = await Promise.all(Array.from({ length: 50 }, () => increment(database, 'c/a')));
    expect(await read(database, 'c/a')).toEqual({ n: 50 });
    expect(attempts).toEqual(attempts.map(() => 1));
    expect(database.openTransactions).toBe(0);
  });

  test('crossed locks are resolved without time passing', async () => {
    const { database } = newDatabase();
    const crossed = Array.from({ length: 20 }, (_, index) =>
      index % 2 ? increment(database, 'c/a', 'c/b') : increment(database, 'c/b', 'c/a'),
    );
    await Promise.all(crossed);
    expect(await read(database, 'c/a')).toEqual({ n: 20 });
    expect(await read(database, 'c/b')).toEqual({ n: 20 });
    expect(database.openTransactions).toBe(0);
  });

  test('a ring of three is resolved too', async () => {
    const { database } = newDatabase();
    await Promise.all([
      increment(database, 'c/a', 'c/b', 'c/d'),
      increment(database, 'c/b', 'c/d', 'c/a'),
      increment(database, 'c/d', 'c/a', 'c/b'),
    ]);
    for (const path of ['c/a', 'c/b', 'c/d']) expect(await read(database, path)).toEqual({ n: 3 });
  });

  test('workers that each take the first open job take different ones', async () => {
    const { database } = newDatabase();
    await database.commit(Array.from({ length: 10 }, (_, index) => set(`c/${index}`, { open: true })));
    const open = { field: ['open'], op: '==', value: valueFrom(true) } as const;
    const take = async () => {
      const transaction = database.begin();
      const { documents } = await database.query({ scope, where: open, limit: 1 }, { transaction });
      const path = documents[0]?.path ?? '';
      await database.commit([set(path, { open: false })], { transaction });
      return path;
    };
    const taken = await Promise.all(Array.from({ length: 10 }, take));
    expect(new Set(taken).size).toBe(10);
  });
});

describe('a read-write transaction', () => {
  test('holds off writes of what it has read until it ends', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: 1 })]);
    const transaction = database.begin();
    await database.get(['c/a'], { transaction });
    const outside = database.commit([set('c/a', { n: 'outside' })]);
    expect(await isPending(outside)).toBe(true);
    await database.commit([set('c/a', { n: 2 })], { transaction });
    const { commitTime } = await outside;
    expect(await documentAt(database, 'c/a')).toMatchObject({ updateTime: commitTime });
    expect(await read(database, 'c/a')).toEqual({ n: 'outside' });
  });

  test('lets go when it is rolled back, and when it fails', async () => {
    const { database } = newDatabase();
    const first = database.begin();
    await database.get(['c/a'], { transaction: first });
    const outside = database.commit([set('c/a', {})]);
    database.rollback(first);
    await outside;
    const second = database.begin();
    await database.get(['c/a'], { transaction: second });
    const failed = database.commit([set('c/a', {}, { exists: false })], { transaction: second });
    await expect(failed).rejects.toMatchObject(failing('ALREADY_EXISTS'));
    await expect(database.commit([remove('c/a')])).resolves.toBeDefined();
  });

  test('holds off the creation of a document that it missed, and of one that its query would find', async () => {
    const { database } = newDatabase();
    const transaction = database.begin();
    const where = { field: ['n'], op: '>', value: valueFrom(5) } as const;
    await database.get(['c/missing'], { transaction });
    await database.query({ scope, where }, { transaction });
    const missed = database.commit([set('c/missing', {})]);
    const found = database.commit([set('c/new', { n: 6 })]);
    await database.commit([set('c/other', { n: 5 }), set('d/new', { n: 6 })]);
    expect(await isPending(missed)).toBe(true);
    expect(await isPending(found)).toBe(true);
    database.rollback(transaction);
    await Promise.all([missed, found]);
  });

  test('is aborted by an older one that writes what it has read, and keeps its age when tried again', async () => {
    const { database, clock } = newDatabase();
    const [older, younger] = [database.begin(), database.begin()];
    await database.get(['c/a'], { transaction: younger });
    await clock.advance(POLITE_MS);
    await database.get(['c/a'], { transaction: older });
    await database.commit([set('c/a', { n: 'older' })], { transaction: older });
    const aborted = failing('ABORTED', 'Too much contention on these documents. Please try again.');
    await expect(database.commit([], { transaction: younger })).rejects.toMatchObject(aborted);
    const again = database.begin({ mode: 'readWrite', retry: younger });
    const newest = database.begin();
    await database.get(['c/a'], { transaction: newest });
    await clock.advance(POLITE_MS);
    await database.get(['c/a'], { transaction: again });
    await database.commit([set('c/a', { n: 'again' })], { transaction: again });
    await expect(database.get(['c/b'], { transaction: newest })).rejects.toMatchObject(aborted);
  });

  test('waits a moment behind another that has read the same, then shares it', async () => {
    const { database, clock } = newDatabase();
    const [first, second] = [database.begin(), database.begin()];
    await database.get(['c/a'], { transaction: first });
    const shared = database.get(['c/a'], { transaction: second });
    await clock.advance(POLITE_MS - 1);
    expect(await isPending(shared)).toBe(true);
    await clock.advance(1);
    await expect(shared).resolves.toMatchObject({ documents: [undefined] });
    await database.commit([set('c/b', {})], { transaction: second });
    await database.commit([set('c/a', {})], { transaction: first });
  });

  test('may be begun by its first read', async () => {
    const { database } = newDatabase();
    const { transaction } = await database.get(['c/a'], { newTransaction: { mode: 'readWrite' } });
    const outside = database.commit([set('c/a', {})]);
    expect(await isPending(outside)).toBe(true);
    await database.commit([], { transaction });
    await outside;
  });

  test('reads in parallel', async () => {
    const { database } = newDatabase();
    const other = database.begin();
    await database.get(['c/a', 'c/b'], { transaction: other });
    const transaction = database.begin();
    const reads = ['c/a', 'c/b', 'c/a'].map((path) => database.get([path], { transaction }));
    await database.commit([set('c/a', { n: 1 }), set('c/b', { n: 2 })], { transaction: other });
    const found = (await Promise.all(reads)).map(({ documents }) => documents[0]?.fields.get('n'));
    expect(found).toEqual([valueFrom(1), valueFrom(2), valueFrom(1)]);
  });

  test('is optimistic if asked to be: holds nobody off, and fails when what it read has changed', async () => {
    const { database } = newDatabase();
    const transaction = database.begin({ mode: 'readWrite', optimistic: true });
    await database.get(['c/a'], { transaction });
    await database.commit([set('c/b', {})]);
    await database.commit([set('c/a', {})]);
    await expect(database.commit([set('c/a', {})], { transaction })).rejects.toMatchObject(
      failing('ABORTED'),
    );
  });
});

describe('the end of a transaction', () => {
  test('comes after 60 seconds without use', async () => {
    const { database, clock } = newDatabase();
    const transaction = database.begin();
    await database.get(['c/a'], { transaction });
    await clock.advance(59_000);
    await database.get(['c/b'], { transaction });
    const outside = database.commit([set('c/b', {})]);
    await clock.advance(1);
    const waiting = isPending(outside);
    expect(await waiting).toBe(true);
    await clock.advance(60_000);
    await expect(database.commit([], { transaction })).rejects.toMatchObject(EXPIRED);
    await expect(outside).rejects.toMatchObject(failing('ABORTED'));
    await expect(database.commit([set('c/b', {})])).resolves.toBeDefined();
    expect(clock.pending).toBe(0);
  });

  test('comes after 270 seconds in any case', async () => {
    const { database, clock } = newDatabase();
    const transaction = database.begin();
    for (let seconds = 0; seconds < 250; seconds += 50) {
      await database.get(['c/a'], { transaction });
      await clock.advance(50_000);
    }
    await database.get(['c/a'], { transaction });
    await clock.advance(20_000);
    await expect(database.get(['c/a'], { transaction })).rejects.toMatchObject(EXPIRED);
  });

  test('is final, and rolling back what has ended does no harm', async () => {
    const { database } = newDatabase();
    const transaction = database.begin();
    await database.commit([], { transaction });
    await expect(database.commit([], { transaction })).rejects.toMatchObject(EXPIRED);
    await expect(database.get(['c/a'], { transaction })).rejects.toMatchObject(EXPIRED);
    expect(() => database.rollback(transaction)).not.toThrow();
    expect(() => database.rollback('rubbish')).toThrow('Invalid transaction.');
    await expect(database.commit([], { transaction: '9.9' })).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', 'Invalid transaction.'),
    );
  });

  test('ends what it waits for', async () => {
    const { database } = newDatabase();
    const [holder, waiter] = [database.begin(), database.begin()];
    await database.get(['c/a'], { transaction: holder });
    const reading = database.get(['c/a'], { transaction: waiter });
    database.rollback(waiter);
    await expect(reading).rejects.toMatchObject(EXPIRED);
    database.rollback(holder);
    expect(database.openTransactions).toBe(0);
  });
});

describe('a read that waits', () => {
  test('ends the transaction that it began, when it is withdrawn', async () => {
    const { database } = newDatabase();
    const holder = database.begin();
    await database.get(['c/a'], { transaction: holder });
    const withdrawn = new AbortController();
    const reading = database.get(['c/a'], {
      newTransaction: { mode: 'readWrite' },
      signal: withdrawn.signal,
    });
    expect(database.openTransactions).toBe(2);
    withdrawn.abort();
    await expect(reading).rejects.toMatchObject(EXPIRED);
    expect(database.openTransactions).toBe(1);
  });
});

describe('a commit that waits', () => {
  test('gives up after a while with ABORTED', async () => {
    const { database, clock } = newDatabase();
    const transaction = database.begin();
    await database.get(['c/a'], { transaction });
    const outside = database.commit([set('c/a', {})]);
    const refused = expect(outside).rejects.toMatchObject(failing('ABORTED'));
    await clock.advance(20_000);
    await refused;
    await database.commit([set('c/a', { n: 1 })], { transaction });
    expect(await read(database, 'c/a')).toEqual({ n: 1 });
  });

  test('can be withdrawn', async () => {
    const { database } = newDatabase();
    const transaction = database.begin();
    await database.get(['c/a'], { transaction });
    const withdrawn = new AbortController();
    const outside = database.commit([set('c/a', {})], { signal: withdrawn.signal });
    withdrawn.abort();
    await expect(outside).rejects.toMatchObject(failing('CANCELLED'));
    database.rollback(transaction);
    expect(await read(database, 'c/a')).toBeUndefined();
  });
});

describe('a read-only transaction', () => {
  test('sees one moment, and holds nobody off', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: 1 }), set('c/b', { n: 1 })]);
    const transaction = database.begin({ mode: 'readOnly' });
    await database.commit([set('c/a', { n: 2 }), remove('c/b'), set('c/new', { n: 1 })]);
    const { documents } = await database.get(['c/a', 'c/b', 'c/new'], { transaction });
    expect(documents.map((document) => document && plainOf(document.fields))).toEqual([
      { n: 1 },
      { n: 1 },
      undefined,
    ]);
    const found = await database.query({ scope }, { transaction });
    expect(found.documents.map(({ path }) => path)).toEqual(['c/a', 'c/b']);
    await database.commit([], { transaction });
  });

  test('writes nothing', async () => {
    const { database } = newDatabase();
    const transaction = database.begin({ mode: 'readOnly' });
    await expect(database.commit([set('c/a', {})], { transaction })).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', 'read-only transaction'),
    );
  });
});
