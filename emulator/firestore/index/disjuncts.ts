import { type FieldFilter, type Filter, isComposite, isFieldFilter, type UnaryFilter } from '../filter.ts';

/** Filters of single fields of which all must hold. */
export type Conjunction = readonly (FieldFilter | UnaryFilter)[];

/**
 * The filter as an OR of ANDs, with `in` and `array-contains-any` written out: each part is a query that one range of one index
 * answers. At most 30 parts, as queries are checked for that (query-check.ts).
 */
export function disjunctsOf(filter: Filter | undefined): readonly Conjunction[] {
  if (!filter) return [[]];
  if (!isComposite(filter)) return expand(filter);
  // A composite without parts restricts nothing, whichever kind it is.
  if (filter.filters.length === 0) return [[]];
  if (filter.op === 'or') return filter.filters.flatMap(disjunctsOf);
  return filter.filters
    .map(disjunctsOf)
    .reduce((all, part) => all.flatMap((left) => part.map((right) => [...left, ...right])), [[]]);
}

function expand(filter: FieldFilter | UnaryFilter): readonly Conjunction[] {
  if (!isFieldFilter(filter) || filter.value.type !== 'array') return [[filter]];
  const { field, op, value } = filter;
  if (op === 'in') return value.values.map((each) => [{ op: '==', field, value: each }]);
  if (op === 'array-contains-any')
    return value.values.map((each) => [{ op: 'array-contains', field, value: each }]);
  return [[filter]];
}
