import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFieldPath, parseFieldPath } from '../../../emulator/firestore/field-path.ts';
import { failing, newDatabase, ROOT, set } from './support.ts';

describe('names of documents', () => {
  test.each([
    ['a collection', 'c', `Document name "${ROOT}/c" lacks "/" at index ${`${ROOT}/c`.length}.`],
    ['an empty id', 'c//d/e', 'lacks a resource id at index'],
    ['two dots', 'c/..', 'contains a resource id ".."'],
    ['a reserved id', 'c/__x__', 'Resource id "__x__" is invalid because it is reserved.'],
    ['a reserved collection', '__x__/a', 'Collection id "__x__" is invalid because it is reserved.'],
    ['an id of 1,501 bytes', `c/${'x'.repeat(1501)}`, 'longer than 1500 bytes'],
    ['an id of 1,502 bytes in 751 letters', `c/${'é'.repeat(751)}`, 'longer than 1500 bytes'],
  ])('%s is not one', async (_, path, message) => {
    const { database } = newDatabase();
    await expect(database.commit([set(path, {})])).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', message),
    );
    await expect(database.get([path])).rejects.toMatchObject(failing('INVALID_ARGUMENT', message));
  });

  test.each([
    ['a numeric id', 'c/__id7__'],
    ['an id of 1,500 bytes', `c/${'x'.repeat(1500)}`],
    ['any letters', 'c/…'],
    ['a document of a document', 'c/a b/d/_'],
  ])('%s is one', async (_, path) => {
    const { database } = newDatabase();
    await database.commit([set(path, {})]);
    expect((await database.get([path])).documents[0]).toMatchObject({ path });
  });
});

describe('field paths', () => {
  test('read back as they were written, whatever the names', () => {
    const names = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(names, (path) => {
        expect(parseFieldPath(formatFieldPath(path))).toEqual(path);
      }),
    );
  });

  test.each(['', 'a..b', '.a', 'a.', '1a', 'a b', '`a', '``'])('%j is not one', (text) => {
    expect(() => parseFieldPath(text)).toThrow('Invalid property path');
  });
});
