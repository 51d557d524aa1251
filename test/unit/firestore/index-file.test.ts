import { expect, test } from 'vitest';
import { InvalidIndexFile, readIndexFile } from '../../../emulator/firestore/index/index-file.ts';

test('the documented form is read', () => {
  expect(
    readIndexFile({
      indexes: [
        {
          collectionGroup: 'posts',
          queryScope: 'COLLECTION_GROUP',
          fields: [
            { fieldPath: 'author', arrayConfig: 'CONTAINS' },
            { fieldPath: 'timestamp', order: 'DESCENDING' },
          ],
        },
        {
          collectionGroup: 'beans',
          fields: [{ fieldPath: 'v', vectorConfig: { dimension: 256, flat: {} } }],
        },
      ],
      fieldOverrides: [{ collectionGroup: 'posts', fieldPath: 'expireAt', ttl: true, indexes: [] }],
    }),
  ).toEqual({
    indexes: [
      {
        collectionGroup: 'posts',
        queryScope: 'COLLECTION_GROUP',
        fields: [
          { fieldPath: 'author', arrayConfig: 'CONTAINS' },
          { fieldPath: 'timestamp', order: 'DESCENDING' },
        ],
      },
      {
        collectionGroup: 'beans',
        queryScope: 'COLLECTION',
        fields: [{ fieldPath: 'v', vectorConfig: { dimension: 256 } }],
      },
    ],
    fieldOverrides: [{ collectionGroup: 'posts', fieldPath: 'expireAt', ttl: true, indexes: [] }],
  });
  expect(readIndexFile({})).toEqual({ indexes: [], fieldOverrides: [] });
});

const index = (...fields: object[]) => ({ indexes: [{ collectionGroup: 'c', fields }] });
const a = { fieldPath: 'a', order: 'ASCENDING' };

test.each<[unknown, string]>([
  [[], 'the file must be an object'],
  [{ indices: [] }, 'indices is not known: indexes, fieldOverrides'],
  [{ indexes: {} }, 'indexes must be a list'],
  [{ indexes: [{ fields: [a, a] }] }, 'indexes[0].collectionGroup must be a text'],
  [index(a), 'indexes[0].fields must have two fields or more'],
  [index(a, { fieldPath: 'b' }), 'indexes[0].fields[1] must have exactly one of "order"'],
  [index(a, { fieldPath: 'b', order: 'UP' }), 'indexes[0].fields[1].order must be "ASCENDING"'],
  [index(a, { fieldPath: 'b-c', order: 'ASCENDING' }), '"b-c" must be a field path'],
  [
    index(a, { fieldPath: 'b', vectorConfig: { dimension: 0 } }),
    'dimension must be a whole number from 1 to 2048',
  ],
  [
    { indexes: [{ collectionGroup: 'c', queryScope: 'ALL', fields: [a, a] }] },
    'queryScope must be "COLLECTION"',
  ],
  [
    { fieldOverrides: [{ collectionGroup: 'c', fieldPath: 'f', ttl: 'yes' }] },
    'fieldOverrides[0].ttl must be true',
  ],
])('%j is refused', (file, message) => {
  expect(() => readIndexFile(file)).toThrow(InvalidIndexFile);
  expect(() => readIndexFile(file)).toThrow(message);
});
