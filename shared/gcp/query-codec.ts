import type { Query } from '../contract/store.ts';
import { encodeValue } from './value-codec.ts';

const OPERATOR = {
  '==': 'EQUAL',
  '<': 'LESS_THAN',
  '<=': 'LESS_THAN_OR_EQUAL',
  '>': 'GREATER_THAN',
  '>=': 'GREATER_THAN_OR_EQUAL',
} as const;

/** The query as Firestore's protocol carries it, below `root` (`projects/<p>/databases/<d>/documents`). */
export function encodeQuery({ collection, where = [], orderBy, limit }: Query, root: string) {
  const at = collection.lastIndexOf('/');
  const filters = where.map(encodeCondition);
  return {
    parent: at < 0 ? root : `${root}/${collection.slice(0, at)}`,
    structuredQuery: {
      from: [{ collectionId: collection.slice(at + 1) }],
      ...(filters.length === 1 && filters[0] && { where: filters[0] }),
      ...(filters.length > 1 && { where: { compositeFilter: { op: 'AND' as const, filters } } }),
      ...(orderBy && {
        orderBy: [
          {
            field: { fieldPath: fieldPath(orderBy.field) },
            direction: orderBy.descending ? ('DESCENDING' as const) : ('ASCENDING' as const),
          },
        ],
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
