import { describe, expect, test } from 'vitest';
import type { Database } from '../../../emulator/firestore/database.ts';
import { plainOf, valueFrom } from '../../../emulator/firestore/plain.ts';
import type { Watch, WatchEvent } from '../../../emulator/firestore/watch.ts';
import { newDatabase, remove, set } from './support.ts';

const scope = { parent: '', collectionId: 'c' };
const positive = { scope, where: { field: ['n'], op: '>', value: valueFrom(0) } } as const;

/** A listener that writes down what it hears, one word an event. */
function listen(database: Database): { watch: Watch; heard: () => string[]; lastToken: () => string } {
  let heard: string[] = [];
  let readTime = 0;
  const watch = database.watch((event) => {
    heard.push(word(event));
    if (event.kind === 'consistent') readTime = event.readTime;
  });
  const take = () => {
    const taken = heard;
    heard = [];
    return taken;
  };
  return { watch, heard: take, lastToken: () => watch.tokenFor(readTime) };
}

function word(event: WatchEvent): string {
  switch (event.kind) {
    case 'changed':
      return `${event.target}: ${event.document.path} ${JSON.stringify(plainOf(event.document.fields))}`;
    case 'deleted':
    case 'left':
      return `${event.target}: ${event.path} ${event.kind}`;
    case 'removed':
      return `${event.target}: removed${event.cause ? ` because ${event.cause.message}` : ''}`;
    case 'consistent':
      return 'consistent';
    default:
      return `${event.target}: ${event.kind}`;
  }
}

describe('listening to a query', () => {
  test('tells what is there, then each commit that concerns it', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: 1 }), set('c/b', { n: 2 }), set('c/no', { n: 0 })]);
    const { watch, heard } = listen(database);
    watch.add(7, { query: positive });
    expect(heard()).toEqual(['7: added', '7: c/a {"n":1}', '7: c/b {"n":2}', '7: current', 'consistent']);
    await database.commit([set('c/a', { n: 3 }), set('c/no', { n: 9 }), set('d/x', { n: 1 })]);
    expect(heard()).toEqual(['7: c/a {"n":3}', '7: c/no {"n":9}', 'consistent']);
    await database.commit([set('c/a', { n: -1 }), remove('c/b')]);
    expect(heard()).toEqual(['7: c/a left', '7: c/b deleted', 'consistent']);
    await database.commit([set('c/a', { n: -2 }), set('d/x', { n: 2 }), set('c/no', { n: 9 })]);
    expect(heard()).toEqual([]);
  });

  test('with a limit tells which documents move in and out', async () => {
    const { database } = newDatabase();
    await database.commit(['a', 'b', 'd'].map((id, n) => set(`c/${id}`, { n })));
    const { watch, heard } = listen(database);
    watch.add(1, { query: { scope, orderBy: [{ field: ['n'], direction: 'asc' }], limit: 2 } });
    heard();
    await database.commit([remove('c/a')]);
    expect(heard()).toEqual(['1: c/a deleted', '1: c/d {"n":2}', 'consistent']);
    await database.commit([set('c/new', { n: -1 })]);
    expect(heard()).toEqual(['1: c/d left', '1: c/new {"n":-1}', 'consistent']);
    await database.commit([set('c/d', { n: 5 })]);
    expect(heard()).toEqual([]);
  });

  test('shows only the fields selected', async () => {
    const { database } = newDatabase();
    const { watch, heard } = listen(database);
    watch.add(1, { query: { scope, select: [['n']] } });
    heard();
    await database.commit([set('c/a', { n: 1, m: 1 })]);
    expect(heard()).toEqual(['1: c/a {"n":1}', 'consistent']);
  });

  test('that is not valid removes the target with the cause', () => {
    const { watch, heard } = listen(newDatabase().database);
    watch.add(1, { query: { scope, limit: -1 } });
    expect(heard()).toEqual(['1: removed because limit is negative']);
  });
});

describe('listening to documents', () => {
  test('tells of those that are missing, too', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: 1 })]);
    const { watch, heard } = listen(database);
    watch.add(1, { documents: ['c/a', 'c/none'] });
    expect(heard()).toEqual(['1: added', '1: c/a {"n":1}', '1: c/none deleted', '1: current', 'consistent']);
    await database.commit([set('c/none', { n: 2 }), set('c/else', {})]);
    expect(heard()).toEqual(['1: c/none {"n":2}', 'consistent']);
  });
});

describe('several targets of one listener', () => {
  test('become consistent together, until each is removed', async () => {
    const { database } = newDatabase();
    const { watch, heard } = listen(database);
    watch.add(1, { query: positive });
    watch.add(2, { documents: ['c/a'] });
    heard();
    await database.commit([set('c/a', { n: 1 })]);
    expect(heard()).toEqual(['1: c/a {"n":1}', '2: c/a {"n":1}', 'consistent']);
    watch.remove(1);
    watch.remove(1);
    expect(heard()).toEqual(['1: removed']);
    await database.commit([remove('c/a')]);
    expect(heard()).toEqual(['2: c/a deleted', 'consistent']);
    expect(() => watch.add(2, { documents: [] })).toThrow('already in use');
    watch.close();
    await database.commit([set('c/a', { n: 1 })]);
    expect(heard()).toEqual([]);
  });

  test('a target that is wanted once goes when it is current', () => {
    const { watch, heard } = listen(newDatabase().database);
    watch.add(1, { query: positive }, { once: true });
    expect(heard()).toEqual(['1: added', '1: current', 'consistent', '1: removed']);
  });
});

describe('resuming', () => {
  test('tells only what has changed since', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: 1 }), set('c/b', { n: 1 }), set('c/e', { n: 1 })]);
    const first = listen(database);
    first.watch.add(1, { query: positive });
    first.watch.close();
    await database.commit([set('c/a', { n: 2 }), set('c/b', { n: 0 }), remove('c/e'), set('c/f', { n: 1 })]);
    const { watch, heard } = listen(database);
    watch.add(1, { query: positive }, { resume: { token: first.lastToken() } });
    expect(heard()).toEqual([
      '1: added',
      '1: c/f {"n":1}',
      '1: c/a {"n":2}',
      '1: c/b left',
      '1: c/e deleted',
      '1: current',
      'consistent',
    ]);
  });

  test('begins anew with a token that is old, foreign, or none at all', async () => {
    const { database, clock } = newDatabase();
    const { watch, heard, lastToken } = listen(database);
    watch.add(1, { query: positive });
    const token = lastToken();
    await clock.advance(3_600_000);
    await database.commit([set('c/a', { n: 1 })]);
    await clock.advance(3_600_001);
    await database.commit([set('c/b', { n: 1 })]);
    heard();
    const anew = ['added', 'reset', 'c/a {"n":1}', 'c/b {"n":1}', 'current'];
    for (const [id, resume] of [token, '12.34', 'zzz'].entries()) {
      watch.add(10 + id, { query: positive }, { resume: { token: resume } });
      expect(heard()).toEqual([...anew.map((each) => `${10 + id}: ${each}`), 'consistent']);
    }
  });
});

test('a quiet listener hears from time to time that it is up to date', async () => {
  const { database, clock } = newDatabase();
  const { watch, heard } = listen(database);
  watch.add(1, { query: positive });
  heard();
  await clock.advance(60_000);
  expect(heard()).toEqual(['consistent', 'consistent']);
  watch.close();
  expect(clock.pending).toBe(0);
});

test('listeners hear of commits in the order of their times, even of those that they cause', async () => {
  const { database } = newDatabase();
  const order: number[] = [];
  const cause = database.watch((event) => {
    if (event.kind === 'changed' && event.document.path === 'c/a')
      void database.commit([set('c/b', { n: 2 })]);
  });
  const watch = database.watch((event) => event.kind === 'changed' && order.push(event.document.updateTime));
  for (const each of [cause, watch]) each.add(1, { query: positive });
  await database.commit([set('c/a', { n: 1 })]);
  expect(order).toHaveLength(2);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
});
