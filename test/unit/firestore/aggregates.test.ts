import { beforeAll, describe, expect, test } from 'vitest';
import type { Aggregation } from '../../../emulator/firestore/aggregate.ts';
import { failing, newDatabase, set } from './support.ts';

const { database } = newDatabase();
const scope = { parent: '', collectionId: 'c' };

beforeAll(async () => {
  await database.commit([
    set('c/a', { v: 1, w: 2 }),
    set('c/b', { v: 2.5 }),
    set('c/c', { v: 'text', w: 3 }),
    set('c/d', { w: 4 }),
    set('big/a', { v: 2n ** 63n - 1n }),
    set('big/b', { v: 1 }),
  ]);
});

async function aggregates(...aggregations: Aggregation[]): Promise<object> {
  return Object.fromEntries((await database.aggregate({ scope }, aggregations)).values);
}

describe('aggregations', () => {
  test('count results, up to a number', async () => {
    expect(await aggregates({ kind: 'count' }, { kind: 'count', upTo: 2, alias: 'some' })).toEqual({
      field_1: { type: 'integer', value: 4n },
      some: { type: 'integer', value: 2n },
    });
    const { values } = await database.aggregate({ scope, offset: 1, limit: 2 }, [
      { kind: 'count', alias: 'n' },
    ]);
    expect(values.get('n')).toEqual({ type: 'integer', value: 2n });
  });

  test('sum and average the numbers among the documents that have the field', async () => {
    const found = await aggregates(
      { kind: 'sum', field: ['v'], alias: 'sum' },
      { kind: 'avg', field: ['v'], alias: 'avg' },
      { kind: 'count', alias: 'count' },
    );
    expect(found).toEqual({
      sum: { type: 'double', value: 3.5 },
      avg: { type: 'double', value: 1.75 },
      count: { type: 'integer', value: 3n },
    });
  });

  test('together regard only documents that have all their fields', async () => {
    const found = await aggregates(
      { kind: 'sum', field: ['v'], alias: 'v' },
      { kind: 'sum', field: ['w'], alias: 'w' },
    );
    expect(found).toEqual({ v: { type: 'integer', value: 1n }, w: { type: 'integer', value: 5n } });
  });

  test('of nothing are 0 and null; a sum that overflows is a double', async () => {
    expect(await aggregates({ kind: 'sum', field: ['z'] }, { kind: 'avg', field: ['z'] })).toEqual({
      field_1: { type: 'integer', value: 0n },
      field_2: { type: 'null' },
    });
    const big = { scope: { parent: '', collectionId: 'big' } };
    const { values } = await database.aggregate(big, [{ kind: 'sum', field: ['v'], alias: 'sum' }]);
    expect(values.get('sum')).toEqual({ type: 'double', value: 2 ** 63 });
  });

  test.each<[string, Aggregation[], string]>([
    ['none', [], 'can not be empty'],
    ['six', Array.from({ length: 6 }, () => ({ kind: 'count' }) as const), 'maximum number'],
    [
      'two of one alias',
      [
        { kind: 'count', alias: 'n' },
        { kind: 'count', alias: 'n' },
      ],
      'duplicate alias: n',
    ],
    ['a count up to zero', [{ kind: 'count', upTo: 0 }], 'greater than zero'],
  ])('%s are refused', async (_, aggregations, message) => {
    await expect(aggregates(...aggregations)).rejects.toMatchObject(failing('INVALID_ARGUMENT', message));
  });
});
