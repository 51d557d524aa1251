import { formatFieldPath, isDocumentName } from '../field-path.ts';
import { isFieldFilter } from '../filter.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import type { IndexCatalog } from './catalog.ts';
import type { CompositeIndex, IndexedField, QueryScope, SingleFieldIndex } from './definition.ts';
import { type Conjunction, disjunctsOf } from './disjuncts.ts';
import { equalValue } from './plan.ts';

/** An index that a query would need and the catalog lacks. */
export type MissingIndex =
  | ({ readonly kind: 'composite' } & CompositeIndex)
  | ({
      readonly kind: 'single';
      readonly collectionGroup: string;
      readonly fieldPath: string;
    } & SingleFieldIndex);

type Direction = 'ASCENDING' | 'DESCENDING';

/** One part of a query: fields that are equal to something or contain something, and the orders of the results. */
interface Shape {
  readonly equal: readonly IndexedField[];
  readonly orders: readonly IndexedField[];
  /** How many of the last orders may stand in any sequence: of fields that are only aggregated. */
  readonly loose: number;
  readonly byName: Direction;
}

/**
 * The index for want of which production refuses the query; undefined where it answers. The rules, of
 * https://firebase.google.com/docs/firestore/query-data/index-overview: a single field's index serves an order or a range of that
 * field, and indexes of single fields are merged for equalities; equalities with an order of another field, and orders of
 * several fields, need a composite index: the equalities, then the orders in just these directions; composite indexes
 * with the same orders are merged, too. Fields to sum or average are in the index after the orders
 * (https://cloud.google.com/blog/products/databases/aggregate-with-sum-and-avg-in-firestore): whether their sequence matters is
 * not documented, so any is taken.
 */
export function missingIndex(prepared: PreparedQuery, catalog: IndexCatalog): MissingIndex | undefined {
  const { scope, where, findNearest } = prepared.query;
  if (scope.collectionId === undefined) return undefined;
  const target: Target = {
    catalog,
    collectionGroup: scope.collectionId,
    queryScope: scope.allDescendants ? 'COLLECTION_GROUP' : 'COLLECTION',
  };
  for (const conjunction of disjunctsOf(where)) {
    if (conjunction.some(({ op, field }) => op === '==' && isDocumentName(field))) continue;
    const shape = shapeOf(conjunction, prepared);
    const missing = findNearest
      ? missingVector(shape, target, formatFieldPath(findNearest.field), findNearest.vector.length)
      : missingFor(shape, target);
    if (missing) return missing;
  }
  return undefined;
}

interface Target {
  readonly catalog: IndexCatalog;
  readonly collectionGroup: string;
  readonly queryScope: QueryScope;
}

function shapeOf(conjunction: Conjunction, { orders, aggregatedOrders }: PreparedQuery): Shape {
  const equal = new Map<string, IndexedField>();
  for (const filter of conjunction) {
    if (equalValue(filter) === undefined || isDocumentName(filter.field)) continue;
    const fieldPath = formatFieldPath(filter.field);
    const contains = isFieldFilter(filter) && filter.op === 'array-contains';
    equal.set(
      `${fieldPath} ${contains}`,
      contains ? { fieldPath, arrayConfig: 'CONTAINS' } : { fieldPath, order: 'ASCENDING' },
    );
  }
  const fields = orders.map(({ field, direction }) => ({
    fieldPath: formatFieldPath(field),
    order: directionOf(direction),
  }));
  const isOpen = ({ fieldPath }: IndexedField) =>
    fieldPath !== '__name__' && !equal.has(`${fieldPath} false`);
  const aggregated = aggregatedOrders === 0 ? [] : fields.slice(-aggregatedOrders - 1);
  return {
    equal: [...equal.values()],
    orders: fields.filter(isOpen),
    loose: aggregated.filter(isOpen).length,
    byName: directionOf(orders.at(-1)?.direction ?? 'asc'),
  };
}

function directionOf(direction: 'asc' | 'desc'): Direction {
  return direction === 'asc' ? 'ASCENDING' : 'DESCENDING';
}

function missingFor(shape: Shape, target: Target): MissingIndex | undefined {
  const { equal, orders, byName } = shape;
  if (equal.length + orders.length === 0)
    // Documents by name are what is stored; backwards they are an index like any other.
    return byName === 'ASCENDING'
      ? undefined
      : missingSingle({ fieldPath: '__name__', order: byName }, target);
  const [first] = orders;
  if (equal.length === 0 && orders.length === 1 && first && first.order === byName)
    return missingSingle(first, target);
  const served = new Set(compositesFor(shape, target).flat());
  if (orders.length === 0)
    for (const field of equal) {
      const single = field.arrayConfig ? field : { ...field, order: byName };
      if (!served.has(keyOf(field)) && missingSingle(single, target))
        return equal.length === 1 ? missingSingle(single, target) : suggestion(shape, target);
    }
  else if (
    equal.some((field) => !served.has(keyOf(field))) ||
    (equal.length === 0 && !hasExactly(shape, target))
  )
    return suggestion(shape, target);
  return undefined;
}

/** What the composite indexes that have just these orders at their end are equal in, as keys: those are merged. */
function compositesFor(shape: Shape, { catalog, collectionGroup, queryScope }: Target): string[][] {
  const wanted = new Set(shape.equal.map(keyOf));
  return [...catalog.composites].flatMap((index) => {
    if (index.collectionGroup !== collectionGroup || index.queryScope !== queryScope) return [];
    const { fields, byName } = withoutName(index.fields);
    const split = fields.length - shape.orders.length;
    const equal = fields.slice(0, Math.max(0, split));
    const fits =
      split >= 0 &&
      byName === shape.byName &&
      hasOrders(shape, fields.slice(split)) &&
      equal.every((field) => !field.vectorConfig && wanted.has(keyOf(field)));
    return fits ? [equal.map(keyOf)] : [];
  });
}

/** Whether fields are the orders of the shape, one by one; the loose ones in any sequence. */
function hasOrders({ orders, loose }: Shape, fields: readonly IndexedField[]): boolean {
  const strict = orders.length - loose;
  return orders.every((order, at) =>
    at < strict
      ? sameOrder(order, fields[at])
      : fields.slice(strict).some((field) => sameOrder(order, field)),
  );
}

function hasExactly(shape: Shape, target: Target): boolean {
  return compositesFor(shape, target).some((equal) => equal.length === 0);
}

/** The name is part of every index, in the direction of the last field unless it is given. */
function withoutName(fields: readonly IndexedField[]): {
  fields: readonly IndexedField[];
  byName: Direction;
} {
  const last = fields.at(-1);
  return last?.fieldPath === '__name__'
    ? { fields: fields.slice(0, -1), byName: last.order ?? 'ASCENDING' }
    : { fields, byName: last?.order ?? 'ASCENDING' };
}

function sameOrder(a: IndexedField, b: IndexedField | undefined): boolean {
  return a.fieldPath === b?.fieldPath && a.order === b.order;
}

/** Of an equality the direction does not matter. */
function keyOf({ fieldPath, arrayConfig }: IndexedField): string {
  return `${fieldPath} ${arrayConfig ?? ''}`;
}

function missingSingle(field: IndexedField, target: Target): MissingIndex | undefined {
  const { fieldPath, order, arrayConfig } = field;
  const { catalog, collectionGroup, queryScope } = target;
  const mode = order ? { order } : { arrayConfig: arrayConfig ?? 'CONTAINS' };
  if (fieldPath === '__name__')
    return suggestion({ equal: [], orders: [], loose: 0, byName: order ?? 'ASCENDING' }, target);
  const has = catalog
    .indexesOf(collectionGroup, fieldPath)
    .some(
      (each) => each.queryScope === queryScope && each.order === order && each.arrayConfig === arrayConfig,
    );
  return has ? undefined : { kind: 'single', collectionGroup, fieldPath, queryScope, ...mode };
}

function suggestion(
  shape: Shape,
  { catalog, collectionGroup, queryScope }: Target,
): MissingIndex | undefined {
  const name: IndexedField = { fieldPath: '__name__', order: shape.byName };
  const fields = [...shape.equal, ...shape.orders, name];
  const index: CompositeIndex = { collectionGroup, queryScope, fields };
  return catalog.find(index) ? undefined : { kind: 'composite', ...index };
}

/** A search by vector needs an index of its filters' equalities and the vector. */
function missingVector(
  { equal }: Shape,
  { catalog, collectionGroup, queryScope }: Target,
  fieldPath: string,
  dimension: number,
): MissingIndex | undefined {
  const wanted = new Set(equal.map(keyOf));
  const found = [...catalog.composites].some(
    (index) =>
      index.collectionGroup === collectionGroup &&
      index.queryScope === queryScope &&
      index.fields.some(
        (field) => field.fieldPath === fieldPath && field.vectorConfig?.dimension === dimension,
      ) &&
      index.fields.filter((field) => wanted.has(keyOf(field))).length === wanted.size &&
      index.fields.length === wanted.size + 1,
  );
  if (found) return undefined;
  const fields = [...equal, { fieldPath, vectorConfig: { dimension } }];
  return { kind: 'composite', collectionGroup, queryScope, fields };
}
