import { describe, expect, test } from 'vitest';
import { fieldsOf, type Plain } from '../../../emulator/firestore/plain.ts';
import type { Value } from '../../../emulator/firestore/value.ts';
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
    ['half of a surrogate pair in a text', { a: ['x\ud83d'] }, 'property "a" is not valid Unicode'],
    ['half of a surrogate pair in a name', { a: { 'x\ude00y': 1 } }, 'name is not valid Unicode'],
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

  test('a document id that is not valid Unicode is refused', async () => {
    const { database } = newDatabase();
    await expect(database.commit([set('c/a\ud83d', {})])).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', 'not valid Unicode'),
    );
  });

  const doubles = (count: number) =>
    Array.from({ length: count }, (): Value => ({ type: 'double', value: 0.5 }));
  const list = (...values: Value[]): Value => ({ type: 'array', values });

  test.each<[string, Record<string, Value>, string]>([
    ['over 2,048 dimensions', { value: list(...doubles(2049)) }, 'at most 2048 dimensions'],
    ['no dimension', { value: list() }, 'zero length'],
    ['a text in it', { value: list({ type: 'string', value: 'x' }) }, "of type 'double'"],
    ['an integer in it', { value: list({ type: 'integer', value: 1n }) }, "of type 'double'"],
    ['no value', {}, "missing key 'value'"],
    ['a value that is no array', { value: { type: 'double', value: 1 } }, 'must be an array'],
    ['another entry', { value: list(...doubles(1)), x: { type: 'null' } }, 'extraneous entries'],
  ])('a vector with %s is refused, wherever it is', async (_, entries, message) => {
    const { database } = newDatabase();
    const vector: Value = {
      type: 'map',
      fields: new Map(Object.entries({ __type__: { type: 'string', value: '__vector__' }, ...entries })),
    };
    const map: Value = { type: 'map', fields: new Map([['v', vector]]) };
    for (const value of [vector, list(vector), map])
      await expect(
        database.commit([{ op: 'set', path: 'c/a', fields: new Map([['a', value]]) }]),
      ).rejects.toMatchObject(failing('INVALID_ARGUMENT', message));
  });

  test('a vector of 2,048 dimensions is fine', async () => {
    const { database } = newDatabase();
    const vector = { __type__: '__vector__', value: Array<number>(2048).fill(1) };
    await expect(database.commit([set('c/a', { vector })])).resolves.toBeDefined();
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
