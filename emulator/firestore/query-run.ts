import type { Document } from './document.ts';
import { isDocumentName } from './field-path.ts';
import { type FieldFilter, type Filter, isFieldFilter } from './filter.ts';
import { collectionOf, compareIds, idOf } from './path.ts';
import type { PreparedQuery } from './prepared-query.ts';
import type { Bound, Range } from './sorted-map.ts';
import { type Storage, singleCollection } from './storage.ts';
import type { Micros } from './time.ts';
import type { Value } from './value.ts';

export interface QueryResult {
  /** In the order of the query, whole (not projected). */
  readonly documents: Document[];
  /** How many the offset left out. */
  readonly skipped: number;
}

/**
 * Runs a query on what is stored, now or at a time. Results that are ordered by name stream off the collection and stop
 * at the limit; others are sorted. An index on a field would add another ordered source beside the collection, here.
 */
export function runQuery(
  prepared: PreparedQuery,
  storage: Storage,
  root: string,
  time?: Micros,
): QueryResult {
  const { scope, where, offset = 0, limit = Number.POSITIVE_INFINITY } = prepared.query;
  const [first] = prepared.orders;
  const byName = first !== undefined && isDocumentName(first.field);
  const backwards = byName && first.direction === 'desc';
  const range = nameRange(prepared, where, `${root}/`, singleCollection(scope));
  const most = byName ? offset + limit : Number.POSITIVE_INFINITY;
  const found: Document[] = [];
  for (const document of storage.scan(scope, range, backwards, time)) {
    if (found.length >= most) break;
    if (!prepared.passes(document) || prepared.startsAfter(document)) continue;
    if (!prepared.endsBefore(document)) found.push(document);
    else if (byName) break;
  }
  if (!byName) found.sort(prepared.compare);
  return {
    documents: found.slice(offset, offset + limit),
    skipped: Math.min(offset, found.length),
  };
}

/** The range of ids in one collection that filters on `__name__`, and cursors of a query ordered by it, leave. */
function nameRange(
  { orders, query }: PreparedQuery,
  where: Filter | undefined,
  prefix: string,
  collection: string | undefined,
): Range<string> {
  if (collection === undefined) return {};
  let range: Range<string> = {};
  const narrow = (value: Value, end: 'from' | 'to', inclusive: boolean) => {
    const key = idIn(collection, prefix, value);
    if (key === undefined) return;
    range = end === 'from' ? { ...range, from: later(range.from, { key, inclusive }) } : range;
    range = end === 'to' ? { ...range, to: earlier(range.to, { key, inclusive }) } : range;
  };
  for (const { op, value } of nameFilters(where)) {
    if (op === '==' || op === '>' || op === '>=') narrow(value, 'from', op !== '>');
    if (op === '==' || op === '<' || op === '<=') narrow(value, 'to', op !== '<');
  }
  const [first] = orders;
  if (first && isDocumentName(first.field)) {
    const [near, far] = first.direction === 'asc' ? (['from', 'to'] as const) : (['to', 'from'] as const);
    const start = query.startAt?.values[0];
    const end = query.endAt?.values[0];
    if (start) narrow(start, near, query.startAt?.before === true);
    if (end) narrow(end, far, query.endAt?.before === false);
  }
  return range;
}

function* nameFilters(where: Filter | undefined): Generator<FieldFilter> {
  if (!where) return;
  if (where.op === 'and') for (const part of where.filters) yield* nameFilters(part);
  else if (isFieldFilter(where) && isDocumentName(where.field)) yield where;
}

/** The id that a reference names in this very collection. */
function idIn(collection: string, prefix: string, value: Value): string | undefined {
  if (value.type !== 'reference' || !value.value.startsWith(prefix)) return undefined;
  const path = value.value.slice(prefix.length);
  return collectionOf(path) === collection ? idOf(path) : undefined;
}

function later(a: Bound<string> | undefined, b: Bound<string>): Bound<string> {
  if (!a) return b;
  const order = compareIds(a.key, b.key);
  return order > 0 || (order === 0 && !a.inclusive) ? a : b;
}

function earlier(a: Bound<string> | undefined, b: Bound<string>): Bound<string> {
  if (!a) return b;
  const order = compareIds(a.key, b.key);
  return order < 0 || (order === 0 && !a.inclusive) ? a : b;
}
