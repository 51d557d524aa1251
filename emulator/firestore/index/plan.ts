import { formatFieldPath, isDocumentName } from '../field-path.ts';
import { type FieldFilter, isFieldFilter, type UnaryFilter } from '../filter.ts';
import { compareValues } from '../order.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import type { Order } from '../query.ts';
import { type Scope, singleCollection } from '../storage.ts';
import { compareUtf8 } from '../utf8.ts';
import { isNaNValue, NULL, type Value } from '../value.ts';
import { type Conjunction, disjunctsOf } from './disjuncts.ts';
import { type Interval, intersection, intervalsOf } from './interval.ts';
import type { IndexPart } from './ordered-index.ts';

/** A range (or a few) of an index that holds all results of one part of a query, in the query's order. */
export interface IndexScan {
  readonly kind: 'scan';
  /** Those of the equalities first, then the orders that are left, but for the name. */
  readonly parts: readonly IndexPart[];
  readonly reverse: boolean;
  /** What the first parts must be equal to. */
  readonly prefix: readonly Value[];
  /** The order right after the prefix. */
  readonly main: Order;
  /** Ranges of the main order's field, in the order of the query. */
  readonly intervals: readonly Interval[];
}

/** A part of a query that asks for one document by its name. */
export interface Lookup {
  readonly kind: 'lookup';
  /** Full resource name. */
  readonly name: string;
}

export type Plan = IndexScan | Lookup;

const NAN: Value = { type: 'double', value: Number.NaN };

/**
 * How to find the results of a query without reading much else: one plan for each part of its filter as an OR of ANDs; parts that nothing
 * can pass are left out. Every part has an index that fits it exactly: equalities, then orders (index-set.ts), so a plan's ranges
 * hold little that the filter then rejects. `root` is the database's `…/documents`.
 */
export function plansFor({ query, orders }: PreparedQuery, root: string): Plan[] {
  return disjunctsOf(query.where).flatMap((conjunction): Plan[] => {
    const equalities = equalitiesOf(conjunction);
    if (!equalities) return [];
    const named = conjunction.find(isNamed);
    if (named) return named.value.type === 'reference' ? [{ kind: 'lookup', name: named.value.value }] : [];
    return [scanFor(conjunction, equalities, orders, ancestorInterval(query.scope, root))];
  });
}

interface Equality {
  readonly part: IndexPart;
  readonly value: Value;
}

/** The fields that a part of the query wants to be equal to something, in the order of their names; undefined: none can be. */
function equalitiesOf(conjunction: Conjunction): Equality[] | undefined {
  const found = new Map<string, Equality>();
  for (const filter of conjunction) {
    const value = equalValue(filter);
    if (value === undefined || isDocumentName(filter.field)) continue;
    // Nothing equals null or NaN: unary filters ask for them.
    if (isFieldFilter(filter) && (value.type === 'null' || isNaNValue(value))) return undefined;
    const mode = filter.op === 'array-contains' ? 'contains' : 'asc';
    const key = `${formatFieldPath(filter.field)} ${mode}`;
    if (!found.has(key)) found.set(key, { part: { field: filter.field, mode }, value });
  }
  return [...found].sort(([a], [b]) => compareUtf8(a, b)).map(([, equality]) => equality);
}

/** What a filter wants its field to be equal to, or to contain. */
export function equalValue(filter: FieldFilter | UnaryFilter): Value | undefined {
  if (isFieldFilter(filter))
    return filter.op === '==' || filter.op === 'array-contains' ? filter.value : undefined;
  if (filter.op === 'is-null') return NULL;
  return filter.op === 'is-nan' ? NAN : undefined;
}

function isNamed(filter: FieldFilter | UnaryFilter): filter is FieldFilter {
  return isFieldFilter(filter) && filter.op === '==' && isDocumentName(filter.field);
}

function scanFor(
  conjunction: Conjunction,
  equalities: readonly Equality[],
  orders: readonly Order[],
  ancestor: Interval | undefined,
): IndexScan {
  const fixed = new Set(
    equalities.filter(({ part }) => part.mode === 'asc').map(({ part }) => formatFieldPath(part.field)),
  );
  const rest = orders.filter(({ field }) => !fixed.has(formatFieldPath(field)));
  // The last order is the name's, and ascending in every index: where it is not, the index is read backwards.
  const backwards = rest.at(-1)?.direction === 'desc';
  const main = rest[0] as Order;
  const ordered = rest.slice(0, -1).map(({ field, direction }): IndexPart => {
    return { field, mode: (direction === 'desc') === backwards ? 'asc' : 'desc' };
  });
  const key = formatFieldPath(main.field);
  const ranges = intervalsOf(
    conjunction.filter((filter) => formatFieldPath(filter.field) === key && equalValue(filter) === undefined),
  );
  const intervals =
    ancestor && isDocumentName(main.field) ? ranges.map((each) => intersection(each, ancestor)) : ranges;
  return {
    kind: 'scan',
    parts: [...equalities.map(({ part }) => part), ...ordered],
    prefix: equalities.map(({ value }) => value),
    reverse: backwards,
    main,
    intervals: main.direction === 'desc' ? [...intervals].reverse() : intervals,
  };
}

/** The names of all that lies under the parent of a query that is not about a single collection. */
function ancestorInterval(scope: Scope, root: string): Interval | undefined {
  if (scope.parent === '' || singleCollection(scope) !== undefined) return undefined;
  const parent: Value = { type: 'reference', value: `${root}/${scope.parent}` };
  const isUnder = (name: Value) => name.type === 'reference' && name.value.startsWith(`${parent.value}/`);
  return {
    below: (name) => !isUnder(name) && compareValues(name, parent) <= 0,
    beyond: (name) => !isUnder(name) && compareValues(name, parent) > 0,
  };
}
