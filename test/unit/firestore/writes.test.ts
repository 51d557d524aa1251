import { describe, expect, test } from 'vitest';
import { documentAt, failing, merge, newDatabase, read, remove, set } from './support.ts';

describe('a commit', () => {
  test('happens as a whole or not at all', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: 1 })]);
    const writes = [set('c/b', { n: 1 }), remove('c/a'), set('c/a', {}, { exists: true })];
    await expect(database.commit(writes)).rejects.toMatchObject(failing('NOT_FOUND'));
    expect(await read(database, 'c/a')).toEqual({ n: 1 });
    expect(await read(database, 'c/b')).toBeUndefined();
  });

  test('has one time, later than every one before, even while the clock stands still', async () => {
    const { database } = newDatabase();
    const first = await database.commit([set('c/a', { n: 1 }), set('c/b', { n: 1 })]);
    const second = await database.commit([set('c/a', { n: 2 })]);
    expect(second.commitTime).toBe(first.commitTime + 1);
    expect(first.results.map(({ updateTime }) => updateTime)).toEqual([first.commitTime, first.commitTime]);
    expect(await documentAt(database, 'c/a')).toMatchObject({
      createTime: first.commitTime,
      updateTime: second.commitTime,
    });
  });

  test('is later than any read before it', async () => {
    const { database } = newDatabase();
    const { readTime } = await database.get(['c/a']);
    const { commitTime } = await database.commit([set('c/a', {})]);
    expect(commitTime).toBeGreaterThan(readTime);
  });

  test('that changes nothing leaves the update time', async () => {
    const { database } = newDatabase();
    const { commitTime } = await database.commit([set('c/a', { n: 1, m: { x: [1] } })]);
    const again = await database.commit([set('c/a', { m: { x: [1] }, n: 1 })]);
    expect(again.results[0]?.updateTime).toBe(commitTime);
    expect((await documentAt(database, 'c/a')).updateTime).toBe(commitTime);
    const changed = await database.commit([
      { op: 'set', path: 'c/a', fields: new Map([['n', { type: 'double', value: 1 }]]), mask: [['n']] },
    ]);
    expect((await documentAt(database, 'c/a')).updateTime).toBe(changed.commitTime);
  });

  test('may write a document more than once, each write upon the one before', async () => {
    const { database } = newDatabase();
    await database.commit([
      set('c/a', { n: 1 }, { exists: false }),
      merge('c/a', { m: 2 }, ['m']),
      set('c/b', {}),
      remove('c/b', { exists: true }),
    ]);
    expect(await read(database, 'c/a')).toEqual({ n: 1, m: 2 });
    expect(await read(database, 'c/b')).toBeUndefined();
  });

  test('begins a document anew when it was deleted', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: 1 })]);
    await database.commit([remove('c/a')]);
    const { commitTime } = await database.commit([set('c/a', { n: 1 })]);
    expect((await documentAt(database, 'c/a')).createTime).toBe(commitTime);
  });
});

describe('preconditions', () => {
  test('must exist: NOT_FOUND for a missing document', async () => {
    const { database } = newDatabase();
    const missing = failing('NOT_FOUND', 'No document to update: projects/demo-mesh/');
    await expect(database.commit([set('c/a', {}, { exists: true })])).rejects.toMatchObject(missing);
    await expect(database.commit([remove('c/a', { exists: true })])).rejects.toMatchObject(missing);
    await expect(database.commit([remove('c/a')])).resolves.toBeDefined();
  });

  test('must not exist: ALREADY_EXISTS for a document', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: 1 }, { exists: false })]);
    await expect(database.commit([set('c/a', { n: 2 }, { exists: false })])).rejects.toMatchObject(
      failing('ALREADY_EXISTS', 'Document already exists: projects/demo-mesh/'),
    );
    expect(await read(database, 'c/a')).toEqual({ n: 1 });
  });

  test('the update time is that of the one version, to the microsecond', async () => {
    const { database } = newDatabase();
    const first = await database.commit([set('c/a', { n: 1 })]);
    const second = await database.commit([set('c/a', { n: 2 }, { updateTime: first.commitTime })]);
    const stale = set('c/a', { n: 3 }, { updateTime: first.commitTime });
    await expect(database.commit([stale])).rejects.toMatchObject(
      failing('FAILED_PRECONDITION', 'stored version'),
    );
    await expect(database.commit([remove('c/a', { updateTime: second.commitTime })])).resolves.toBeDefined();
    await expect(database.commit([stale])).rejects.toMatchObject(failing('FAILED_PRECONDITION', '(0)'));
  });
});

describe('a mask', () => {
  test('changes the named fields only, and deletes those that have no value', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { keep: 1, drop: 1, m: { x: 1, y: 1, z: 1 } })]);
    await database.commit([merge('c/a', { ignored: 9, m: { x: 2 } }, ['drop', 'm.x', 'm.y'])]);
    expect(await read(database, 'c/a')).toEqual({ keep: 1, m: { x: 2, z: 1 } });
  });

  test('makes the document, and maps on the way, when they are not there', async () => {
    const { database } = newDatabase();
    await database.commit([merge('c/a', { m: { x: { y: 1 } } }, ['m.x.y', 'gone.x'])]);
    expect(await read(database, 'c/a')).toEqual({ m: { x: { y: 1 } } });
    await database.commit([merge('c/b', { n: 1 }, [])]);
    expect(await read(database, 'c/b')).toEqual({});
  });

  test('replaces what is in the way of a field, but never to delete one', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: 5, m: 5 })]);
    await database.commit([merge('c/a', { n: { x: 1 } }, ['n.x', 'm.x'])]);
    expect(await read(database, 'c/a')).toEqual({ n: { x: 1 }, m: 5 });
  });
});

describe('a batch of single writes', () => {
  test('gives each write its own outcome', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', {})]);
    const outcomes = await database.batchWrite([
      set('c/a', {}, { exists: false }),
      set('c/b', { n: 1 }),
      remove('c/none', { exists: true }),
    ]);
    expect(outcomes).toMatchObject([
      failing('ALREADY_EXISTS'),
      { updateTime: (await documentAt(database, 'c/b')).updateTime },
      failing('NOT_FOUND'),
    ]);
  });

  test('is refused with two writes of one document', async () => {
    const { database } = newDatabase();
    await expect(database.batchWrite([remove('c/a'), remove('c/a')])).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', 'more than once'),
    );
  });
});
