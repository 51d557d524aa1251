import { StatusError } from '../wire/status.ts';
import { formatFieldPath, isDocumentName, sameField } from './field-path.ts';
import {
  type FieldFilter,
  type Filter,
  isComposite,
  isFieldFilter,
  isInequality,
  leavesOf,
  type UnaryFilter,
} from './filter.ts';
import { checkCollectionId } from './path.ts';
import type { FindNearest, Order, Query } from './query.ts';
import { MAX_DIMENSIONS } from './vector.ts';

/** Limits of queries: https://cloud.google.com/firestore/docs/query-data/queries#limitations */
const MAX_DISJUNCTIONS = 30;
const MAX_IN_VALUES = 30;
const MAX_NOT_IN_VALUES = 10;
const MAX_INEQUALITY_FIELDS = 10;

/** https://cloud.google.com/firestore/docs/vector-search#limitations */
const MAX_NEAREST = 1000;

const ENUM_NAME: Partial<Record<Filter['op'], string>> = {
  in: 'IN',
  'not-in': 'NOT_IN',
  'array-contains-any': 'ARRAY_CONTAINS_ANY',
};

/** @throws StatusError INVALID_ARGUMENT */
export function checkQuery(query: Query): void {
  const { scope, where, offset = 0, limit = 0, startAt, endAt, orderBy = [], findNearest } = query;
  if (scope.collectionId !== undefined) checkCollectionId(scope.collectionId);
  if (!(offset >= 0)) throw invalid('offset is negative');
  if (!(limit >= 0)) throw invalid('limit is negative');
  checkOrders(orderBy);
  const leaves = where ? [...leavesOf(where)] : [];
  const indexed = [...orderBy, ...leaves].some(({ field }) => !isDocumentName(field));
  if (indexed && scope.collectionId !== undefined && scope.allDescendants && scope.parent !== '')
    throw invalid('collection group queries are only allowed at the root parent');
  checkRanges(leaves, orderBy);
  for (const cursor of [startAt, endAt]) {
    if (!cursor) continue;
    if (cursor.values.length > orderBy.length) throw invalid('Cursor has too many values.');
    for (const [index, value] of cursor.values.entries()) {
      const order = orderBy[index];
      if (order && isDocumentName(order.field) && value.type !== 'reference')
        throw invalid('Cursor __key__ value is not a document reference.');
    }
  }
  if (where) checkFilter(where, scope.collectionId === undefined);
  const [first] = orderBy;
  if (!where && first && isDocumentName(first.field) && first.direction === 'desc')
    throw new StatusError('FAILED_PRECONDITION', 'Firestore does not support descending key scans');
  if (findNearest) checkFindNearest(findNearest);
}

/** The fields of inequalities are ordered by: not after the name, and not beside one that is given. */
function checkRanges(leaves: readonly (FieldFilter | UnaryFilter)[], orderBy: readonly Order[]): void {
  const ranged = leaves.filter(isInequality);
  if (orderBy.some(({ field }) => isDocumentName(field)))
    for (const { field } of ranged)
      if (!orderBy.some((order) => sameField(order.field, field)) && !isDocumentName(field))
        throw invalid('order by clause cannot contain more fields after the key');
  const named = leaves.some(({ op, field }) => isDocumentName(field) && (op === '==' || op === 'in'));
  if (named && ranged.length > 0 && !ranged.some(({ field }) => isDocumentName(field)))
    throw invalid(
      'Equality on key is not allowed if there are other inequality fields and key does not appear in inequalities.',
    );
}

function checkFindNearest({ vector, limit }: FindNearest): void {
  if (vector.length === 0) throw invalid('FindNearest.query_vector must have at least one dimension.');
  if (vector.length > MAX_DIMENSIONS)
    throw invalid(`FindNearest.query_vector must have at most ${MAX_DIMENSIONS} dimensions.`);
  if (!(limit > 0 && limit <= MAX_NEAREST))
    throw invalid(`FindNearest.limit must be a positive integer of no more than ${MAX_NEAREST}.`);
}

function checkOrders(orderBy: readonly Order[]): void {
  for (const [index, { field }] of orderBy.entries()) {
    if (orderBy.slice(0, index).some((earlier) => sameField(earlier.field, field)))
      throw invalid(`order by clause cannot contain duplicate fields ${formatFieldPath(field)}`);
    if (isDocumentName(field) && index < orderBy.length - 1)
      throw invalid('order by clause cannot contain more fields after the key');
  }
}

function checkFilter(where: Filter, kindless: boolean): void {
  const leaves = [...leavesOf(where)];
  for (const leaf of leaves) checkLeaf(leaf, kindless);
  const ops = new Set(leaves.map(({ op }) => op));
  if (leaves.filter(isExclusion).length > 1)
    throw invalid(
      "Only a single 'NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', or 'IS_NOT_NULL' filter allowed per query.",
    );
  if (ops.has('not-in') && (ops.has('in') || ops.has('array-contains-any') || hasOr(where)))
    throw invalid("'NOT_IN' cannot be used in the same query with 'IN', 'ARRAY_CONTAINS_ANY' or 'OR'.");
  const ranged = new Set(leaves.filter(isInequality).map(({ field }) => formatFieldPath(field)));
  if (ranged.size > MAX_INEQUALITY_FIELDS)
    throw invalid(`Inequality filters are allowed on at most ${MAX_INEQUALITY_FIELDS} fields.`);
  if (containments(where) > 1)
    throw invalid("A maximum of 1 'ARRAY_CONTAINS' filter is allowed per disjunction.");
  const count = disjunctions(where);
  if (count > MAX_DISJUNCTIONS)
    throw invalid(
      `Too many disjunctions after normalization. Result had ${count} disjunctions which is more than the maximum of ` +
        `${MAX_DISJUNCTIONS}`,
    );
}

function checkLeaf(leaf: FieldFilter | UnaryFilter, kindless: boolean): void {
  const isName = isDocumentName(leaf.field);
  if (kindless && !isName) throw invalid(`kind is required for filter: ${formatFieldPath(leaf.field)}`);
  if (!isFieldFilter(leaf)) return;
  const enumName = ENUM_NAME[leaf.op];
  if (enumName) {
    if (leaf.value.type !== 'array') throw invalid(`'${enumName}' requires an ArrayValue.`);
    if (leaf.value.values.length === 0) throw invalid(`'${enumName}' requires an non-empty ArrayValue.`);
    const most = leaf.op === 'not-in' ? MAX_NOT_IN_VALUES : MAX_IN_VALUES;
    if (leaf.value.values.length > most)
      throw invalid(`'${enumName}' supports up to ${most} comparison values.`);
  }
  if (!isName) return;
  const values = enumName && leaf.value.type === 'array' ? leaf.value.values : [leaf.value];
  if (values.some(({ type }) => type !== 'reference')) throw invalid('__key__ filter value must be a Key');
}

function isExclusion({ op }: Filter): boolean {
  return op === '!=' || op === 'not-in' || op === 'is-not-nan' || op === 'is-not-null';
}

function hasOr(filter: Filter): boolean {
  return isComposite(filter) && (filter.op === 'or' || filter.filters.some(hasOr));
}

/** How many parts the filter has as an OR of ANDs. */
function disjunctions(filter: Filter): number {
  if (isComposite(filter)) {
    const counts = filter.filters.map(disjunctions);
    return filter.op === 'and'
      ? counts.reduce((product, count) => product * count, 1)
      : Math.max(
          1,
          counts.reduce((sum, count) => sum + count, 0),
        );
  }
  const isList = isFieldFilter(filter) && (filter.op === 'in' || filter.op === 'array-contains-any');
  return isList && filter.value.type === 'array' ? filter.value.values.length : 1;
}

/** The most array-contains filters that fall into one of those parts. */
function containments(filter: Filter): number {
  if (isComposite(filter)) {
    const counts = filter.filters.map(containments);
    return filter.op === 'and' ? counts.reduce((sum, count) => sum + count, 0) : Math.max(0, ...counts);
  }
  return filter.op === 'array-contains' || filter.op === 'array-contains-any' ? 1 : 0;
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
