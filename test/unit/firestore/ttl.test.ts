import { describe, expect, test } from 'vitest';
import { newDatabase, read, set } from './support.ts';

describe('time to live', () => {
  test('deletes what has expired by the clock, in every collection of the group, and nothing else', async () => {
    const { database, clock } = newDatabase();
    database.setTtl('inbox', 'expireAt');
    const soon = new Date(clock.now() + 1000);
    await database.commit([
      set('agents/a/inbox/1', { expireAt: soon }),
      set('agents/b/inbox/1', { expireAt: soon }),
      set('agents/a/inbox/later', { expireAt: new Date(clock.now() + 2000) }),
      set('agents/a/inbox/text', { expireAt: '2000-01-01' }),
      set('agents/a/inbox/never', {}),
      set('agents/a/state/1', { expireAt: soon }),
    ]);
    expect(database.expire()).toEqual([]);
    await clock.advance(1000);
    expect(await read(database, 'agents/a/inbox/1')).toBeDefined();
    expect(database.expire()).toEqual(['agents/a/inbox/1', 'agents/b/inbox/1']);
    expect(await read(database, 'agents/a/inbox/1')).toBeUndefined();
    database.setTtl('inbox', undefined);
    await clock.advance(5000);
    expect(database.expire()).toEqual([]);
  });

  test('leaves what a transaction has read for the next time', async () => {
    const { database, clock } = newDatabase();
    database.setTtl('c', 'expireAt');
    await database.commit([
      set('c/a', { expireAt: new Date(clock.now()) }),
      set('c/b', { expireAt: new Date(clock.now()) }),
    ]);
    const transaction = database.begin();
    await database.get(['c/a'], { transaction });
    expect(database.expire()).toEqual(['c/b']);
    database.rollback(transaction);
    expect(database.expire()).toEqual(['c/a']);
  });
});
