import { describe, expect, test } from 'vitest';
import { plainOf } from '../../../emulator/firestore/plain.ts';
import type { FindNearest, Query } from '../../../emulator/firestore/query.ts';
import { failing, newDatabase, set } from './support.ts';

const scope = { parent: '', collectionId: 'c' };
const vector = (...value: number[]) => ({ __type__: '__vector__', value });

async function nearest(search: Partial<FindNearest>, query: Partial<Query> = {}): Promise<unknown[]> {
  const { database } = newDatabase();
  await database.commit([
    set('c/x', { v: vector(1, 0), kind: 'a' }),
    set('c/far', { v: vector(10, 0), kind: 'a' }),
    set('c/y', { v: vector(0, 2), kind: 'b' }),
    set('c/zero', { v: vector(0, 0), kind: 'b' }),
    set('c/deep', { v: vector(1, 0, 0) }),
    set('c/list', { v: [1, 0] }),
    set('c/none', {}),
  ]);
  const findNearest: FindNearest = {
    field: ['v'],
    vector: [1, 0],
    measure: 'euclidean',
    limit: 10,
    ...search,
  };
  const { documents } = await database.query({ scope, findNearest, ...query });
  return documents.map(({ path, fields }) => {
    const { distance } = plainOf(fields);
    return distance === undefined ? path.slice(2) : [path.slice(2), distance];
  });
}

describe('the documents nearest to a vector', () => {
  const distanceField = ['distance'];

  test('by distance, with those left out that have none of its dimension', async () => {
    expect(await nearest({ distanceField })).toEqual([
      ['x', 0],
      ['zero', 1],
      ['y', Math.sqrt(5)],
      ['far', 9],
    ]);
  });

  test('by the cosine of the angle, which the zero vector has not', async () => {
    expect(await nearest({ measure: 'cosine', distanceField })).toEqual([
      ['far', 0],
      ['x', 0],
      ['y', 1],
    ]);
  });

  test('by the dot product, largest first', async () => {
    expect(await nearest({ measure: 'dot-product', distanceField })).toEqual([
      ['far', 10],
      ['x', 1],
      ['y', 0],
      ['zero', 0],
    ]);
  });

  test('up to a number, a distance, and of what a filter leaves', async () => {
    expect(await nearest({ limit: 2 })).toEqual(['x', 'zero']);
    expect(await nearest({ threshold: 2.3 })).toEqual(['x', 'zero', 'y']);
    expect(await nearest({ measure: 'dot-product', threshold: 1 })).toEqual(['far', 'x']);
    const where = { op: '==', field: ['kind'], value: { type: 'string', value: 'b' } } as const;
    expect(await nearest({}, { where })).toEqual(['zero', 'y']);
  });

  test.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 1001 }, 'limit'],
    [{ vector: [] }, 'at least one dimension'],
    [{ vector: Array<number>(2049).fill(1) }, 'at most 2048 dimensions'],
  ])('%j is refused', async (search, message) => {
    await expect(nearest(search)).rejects.toMatchObject(failing('INVALID_ARGUMENT', message));
  });
});
