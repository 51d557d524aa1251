import type { Query } from '../contract/store.ts';
import { encodeValue } from './value-codec.ts';

const OPERATOR = {
  '==': 'EQUAL',
  '<': 'LESS_THAN',
  '<=': 'LESS_THAN_OR_EQUAL',
  '>': 'GREATER_THAN',
  '>=': 'GREATER_THAN_OR_EQUAL',
  'array-contains': 'ARRAY_CONTAINS',
} as const;

/** The query as Firestore's protocol carries it, below `root` (`projects/<p>/databases/<d>/documents`). */
export function encodeQuery({ collection, where = [], orderBy, startAfter, limit }: Query, root: string) {
  if (startAfter && !orderBy) throw new TypeError('a query that starts after a document needs an orderBy');
  const at = collection.lastIndexOf('/');
  const filters = where.map(encodeCondition);
  return {
    parent: at < 0 ? root : `${root}/${collection.slice(0, at)}`,
    structuredQuery: {
      from: [{ collectionId: collection.slice(at + 1) }],
      ...(filters.length === 1 && filters[0] && { where: filters[0] }),
      ...(filters.length > 1 && { where: { compositeFilter: { op: 'AND' as const, filters } } }),
      ...(orderBy && {
        // The path is what the service orders by last anyhow; said, so that a cursor may hold it.
        orderBy: [fieldPath(orderBy.field), '__name__'].map((path) => ({
          field: { fieldPath: path },
          direction: orderBy.descending ? ('DESCENDING' as const) : ('ASCENDING' as const),
        })),
      }),
      ...(orderBy &&
        startAfter && {
          startAt: {
            values: [
              encodeValue(startAfter.value, orderBy.field),
              { referenceValue: `${root}/${startAfter.path}` },
            ],
            before: false,
          },
        }),
      ...(limit !== undefined && { limit: { value: limit } }),
    },
  };
}

function encodeCondition({ field, op, value }: NonNullable<Query['where']>[number]) {
  const reference = { fieldPath: fieldPath(field) };
  // To the service, nothing is equal to null: being it is a question of its own.
  if (value === null && op === '==') return { unaryFilter: { field: reference, op: 'IS_NULL' as const } };
  return { fieldFilter: { field: reference, op: OPERATOR[op], value: encodeValue(value, field) } };
}

/** Each segment in backquotes unless it is a plain name (https://firebase.google.com/docs/firestore/reference/rpc/google.firestore.v1#fieldreference). */
export function fieldPath(field: string): string {
  return field
    .split('.')
    .map((segment) =>
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(segment) ? segment : `\`${segment.replace(/[\\`]/g, '\\$&')}\``,
    )
    .join('.');
}
