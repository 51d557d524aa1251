import { describe, expect, test } from 'vitest';
import { newDatabase, remove, set } from './support.ts';

describe('listing', () => {
  test('pages through documents, and missing ones with collections if asked', async () => {
    const { database } = newDatabase();
    await database.commit([
      set('c/a', {}),
      set('c/m/d/x', {}),
      set('c/n/d/x/e/y', {}),
      set('c/z', {}),
      set('c/z/d/x', {}),
    ]);
    await database.commit([remove('c/n/d/x/e/y'), set('c/n/d/q/e/y', {})]);
    const all = async (showMissing: boolean) => {
      const found: string[] = [];
      let pageToken = '';
      do {
        const options = { parent: '', collectionId: 'c', pageSize: 2, pageToken, showMissing };
        const page = await database.list(options);
        for (const { path, document } of page.entries) found.push(document ? path : `(${path})`);
        pageToken = page.nextPageToken;
      } while (pageToken);
      return found;
    };
    expect(await all(false)).toEqual(['c/a', 'c/z']);
    expect(await all(true)).toEqual(['c/a', '(c/m)', '(c/n)', 'c/z']);
    const under = await database.list({ parent: 'c/n', collectionId: 'd', showMissing: true });
    expect(under.entries).toEqual([{ path: 'c/n/d/q', document: undefined }]);
  });

  test('knows the collections of a document, missing or not, and of the root, while there is something in them', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a/e/x', {}), set('c/a/d/x', {}), set('b/y', {}), set('b/y/f/g/h/i', {})]);
    expect(database.collectionIds('').ids).toEqual(['b', 'c']);
    expect(database.collectionIds('c/a').ids).toEqual(['d', 'e']);
    expect(database.collectionIds('c/a', { pageSize: 1 })).toEqual({ ids: ['d'], nextPageToken: 'd' });
    expect(database.collectionIds('c/a', { pageSize: 1, pageToken: 'd' })).toEqual({
      ids: ['e'],
      nextPageToken: '',
    });
    await database.commit([remove('c/a/e/x'), remove('c/a/d/x')]);
    expect(database.collectionIds('').ids).toEqual(['b']);
    await database.commit([remove('b/y')]);
    expect(database.collectionIds('').ids).toEqual(['b']);
    await database.commit([remove('b/y/f/g/h/i')]);
    expect(database.collectionIds('').ids).toEqual([]);
  });

  test('at a time shows what was there', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', {}), set('c/b', {})]);
    const { readTime } = await database.get([]);
    await database.commit([remove('c/a'), set('c/new', {})]);
    const { entries } = await database.list({ parent: '', collectionId: 'c' }, { readTime });
    expect(entries.map(({ path }) => path)).toEqual(['c/a', 'c/b']);
  });
});
