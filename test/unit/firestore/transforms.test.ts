import { describe, expect, test } from 'vitest';
import { valueFrom } from '../../../emulator/firestore/plain.ts';
import { applyTransform } from '../../../emulator/firestore/transform.ts';
import { timestampValue, type Value } from '../../../emulator/firestore/value.ts';
import { failing, newDatabase, read, set, transform } from './support.ts';

const integer = (value: number | bigint): Value => ({ type: 'integer', value: BigInt(value) });
const double = (value: number): Value => ({ type: 'double', value });
const field = ['n'];

function numeric(
  kind: 'increment' | 'maximum' | 'minimum',
  stored: Value | undefined,
  operand: Value,
): Value {
  const { value, result } = applyTransform({ field, kind, operand }, stored, 0);
  expect(result).toEqual(value);
  return value;
}

describe('numeric transforms', () => {
  const largest = 2n ** 63n - 1n;
  test.each([
    ['increment', integer(2), integer(3), integer(5)],
    ['increment', integer(2), double(0.5), double(2.5)],
    ['increment', double(2), integer(3), double(5)],
    ['increment', undefined, integer(3), integer(3)],
    ['increment', valueFrom('text'), integer(3), integer(3)],
    ['increment', integer(largest), integer(1), integer(largest)],
    ['increment', integer(-largest), integer(-9), integer(-largest - 1n)],
    ['maximum', integer(3), double(3), integer(3)],
    ['maximum', integer(3), double(3.5), double(3.5)],
    ['maximum', double(-0), integer(0), double(-0)],
    ['maximum', integer(3), double(Number.NaN), double(Number.NaN)],
    ['maximum', double(Number.NaN), integer(3), double(Number.NaN)],
    ['maximum', valueFrom(null), integer(3), integer(3)],
    ['minimum', integer(3), integer(2), integer(2)],
    ['minimum', double(2), integer(2), double(2)],
    ['minimum', integer(3), double(Number.NaN), double(Number.NaN)],
    ['minimum', undefined, double(2), double(2)],
  ] as const)('%s of %o by %o is %o', (kind, stored, operand, wanted) => {
    expect(numeric(kind, stored, operand)).toEqual(wanted);
  });

  test('want a number', async () => {
    const { database } = newDatabase();
    const write = transform('c/a', { field, kind: 'increment', operand: valueFrom('1') });
    await expect(database.commit([write])).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', 'int64 or double'),
    );
  });
});

describe('array transforms', () => {
  test('union adds what is missing, in order, where 3 and 3.0 are one', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: [1, 3, null] })]);
    const values = [double(3), valueFrom('b'), valueFrom('a'), valueFrom('b'), valueFrom(null)];
    const { results } = await database.commit([transform('c/a', { field, kind: 'arrayUnion', values })]);
    expect(await read(database, 'c/a')).toEqual({ n: [1, 3, null, 'b', 'a'] });
    expect(results[0]?.transformResults).toEqual([{ type: 'null' }]);
  });

  test('remove takes out every equal element', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: [1, 2, 1, { x: 1 }] })]);
    const values = [double(1), valueFrom({ x: 1 })];
    await database.commit([transform('c/a', { field, kind: 'arrayRemove', values })]);
    expect(await read(database, 'c/a')).toEqual({ n: [2] });
  });

  test('begin with an empty array where there is none', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/a', { n: 'text' })]);
    await database.commit([
      transform(
        'c/a',
        { field, kind: 'arrayUnion', values: [valueFrom(1)] },
        { field: ['m'], kind: 'arrayRemove', values: [valueFrom(1)] },
      ),
    ]);
    expect(await read(database, 'c/a')).toEqual({ n: [1], m: [] });
  });
});

describe('the server timestamp', () => {
  test('is one for the whole commit, to the millisecond', async () => {
    const { database } = newDatabase();
    await database.commit([set('c/warm', {})]);
    const stamp = { field, kind: 'serverTimestamp' } as const;
    const { commitTime, results } = await database.commit([transform('c/a', stamp), transform('c/b', stamp)]);
    const value = timestampValue(Math.floor(commitTime / 1000) * 1000);
    expect(results.map(({ transformResults }) => transformResults)).toEqual([[value], [value]]);
  });
});

test('transforms come after the fields of their write, one after the other', async () => {
  const { database } = newDatabase();
  await database.commit([
    {
      op: 'set',
      path: 'c/a',
      fields: new Map([['n', integer(1)]]),
      transforms: [
        { field, kind: 'increment', operand: integer(2) },
        { field, kind: 'increment', operand: integer(4) },
        { field: ['m', 'x'], kind: 'increment', operand: integer(1) },
      ],
    },
  ]);
  expect(await read(database, 'c/a')).toEqual({ n: 7, m: { x: 1 } });
});
