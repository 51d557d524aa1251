import type { Query } from '../contract/store.ts';
import { encodeValue, type WireValue } from './value-codec.ts';

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
  const filters = where.map(({ field, op, value }) => {
    const wire: WireValue = encodeValue(value, field);
    return { fieldFilter: { field: { fieldPath: fieldPath(field) }, op: OPERATOR[op], value: wire } };
  });
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

/** Each segment in backquotes unless it is a plain name (https://firebase.google.com/docs/firestore/reference/rpc/google.firestore.v1#fieldreference). */
export function fieldPath(field: string): string {
  return field
    .split('.')
    .map((segment) =>
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(segment) ? segment : `\`${segment.replace(/[\\`]/g, '\\$&')}\``,
    )
    .join('.');
}
