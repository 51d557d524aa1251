import { describe, expect, test } from 'vitest';
import { fieldsOf, type Plain } from '../../../emulator/firestore/plain.ts';
import { failing, newDatabase, set } from './support.ts';

function nested(levels: number): Plain {
  return levels === 0 ? 1 : { a: nested(levels - 1) };
}

describe('limits of a document', () => {
  // 32 for the document, 16 + 2 + 2 for its name, and of the field: 2 for its name, 1 for the end of the string.
  const overhead = 32 + 20 + 2 + 1;

  test('it has at most 1 MiB, counted as documented', async () => {
    const { database } = newDatabase();
    const rest = { b: 'y'.repeat(1000) };
    const length = 1024 * 1024 - overhead - (2 + 1000 + 1);
    await database.commit([set('c/a', { a: 'x'.repeat(length), ...rest })]);
    const { documents } = await database.get(['c/a']);
    expect(documents[0]?.size).toBe(1024 * 1024);
    await expect(database.commit([set('c/b', { a: 'x'.repeat(length + 1), ...rest })])).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', 'its size (1,048,577 bytes) exceeds the maximum allowed size of 1,048,576'),
    );
  });

  test.each<[string, Record<string, Plain>, string]>([
    ['a string over 1 MiB less 89 bytes', { a: 'x'.repeat(1_048_488) }, 'longer than 1048487 bytes'],
    ['bytes over that', { a: new Uint8Array(1_048_488) }, 'longer than 1048487 bytes'],
    ['a field name over 1,500 bytes', { ['f'.repeat(1501)]: 1 }, 'longer than 1500 bytes'],
    ['an empty field name', { '': 1 }, 'empty string'],
    ['a reserved field name', { a: { __x__: 1 } }, 'field name __x__ is reserved'],
    ['maps deeper than 20', { a: nested(21) }, 'Property a contains an invalid nested entity'],
    ['an array in an array', { a: [[1]] }, 'array value in an array value'],
    ['an integer beyond 64 bits', { a: 2n ** 63n }, 'not a 64-bit integer'],
  ])('%s is refused', async (_, fields, message) => {
    const { database } = newDatabase();
    await expect(database.commit([set('c/a', fields)])).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', message),
    );
  });

  test('depth 20 and a vector are fine', async () => {
    const { database } = newDatabase();
    const vector = { __type__: '__vector__', value: [1, 2] };
    await expect(database.commit([set('c/a', { a: nested(20), vector })])).resolves.toBeDefined();
  });

  test('a merge is measured by what comes of it', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { a: 'x'.repeat(600_000) })]);
    const more = {
      op: 'set',
      path: 'c/a',
      fields: fieldsOf({ b: 'x'.repeat(600_000) }),
      mask: [['b']],
    } as const;
    await expect(database.commit([more])).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', 'exceeds the maximum'),
    );
  });

  test('a coordinate off the globe is refused', async () => {
    const { database } = newDatabase();
    const fields = new Map([['a', { type: 'geopoint', latitude: 91, longitude: 0 } as const]]);
    await expect(database.commit([{ op: 'set', path: 'c/a', fields }])).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', "latitude '91'"),
    );
  });
});
