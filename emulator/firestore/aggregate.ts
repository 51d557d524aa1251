import { StatusError } from '../wire/status.ts';
import { type Document, fieldAt } from './document.ts';
import { type FieldPath, formatFieldPath, isDocumentName, sameField } from './field-path.ts';
import { isInequality, leavesOf } from './filter.ts';
import type { Query } from './query.ts';
import { NULL, type Value } from './value.ts';

/** https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#structuredaggregationquery */
export type Aggregation =
  | { readonly kind: 'count'; readonly upTo?: number | undefined; readonly alias?: string | undefined }
  | { readonly kind: 'sum' | 'avg'; readonly field: FieldPath; readonly alias?: string | undefined };

const MAX_AGGREGATIONS = 5;
const MAX_INTEGER = 2n ** 63n - 1n;
const MIN_INTEGER = -(2n ** 63n);

/**
 * The aggregates over the results of a query, by alias (`field_1`, … where none is given). Only documents that have all the
 * aggregated fields count, in every one of the aggregations.
 * @throws StatusError INVALID_ARGUMENT
 */
export function aggregate(
  aggregations: readonly Aggregation[],
  documents: readonly Document[],
): Map<string, Value> {
  const named = withAliases(aggregations);
  const fields = aggregatedFields(aggregations);
  const counted = documents.filter((document) =>
    fields.every((field) => fieldAt(document.fields, field) !== undefined),
  );
  return new Map([...named].map(([alias, each]) => [alias, compute(each, counted)]));
}

/** The fields whose values are added up. */
export function aggregatedFields(aggregations: readonly Aggregation[]): FieldPath[] {
  return aggregations.flatMap((each) => (each.kind === 'count' ? [] : [each.field]));
}

/** What is aggregated must go with the query. @throws StatusError INVALID_ARGUMENT */
export function checkAggregated(aggregations: readonly Aggregation[], query: Query): void {
  const fields = aggregatedFields(aggregations);
  if (fields.length === 0) return;
  if (query.select) checkProjection(fields, query.select);
  const { where, orderBy = [], limit } = query;
  const leaves = where ? [...leavesOf(where)] : [];
  // With a limit the order matters, and the fields to aggregate come last in it.
  if (limit === undefined || ![...orderBy, ...leaves].some(({ field }) => isDocumentName(field))) return;
  const ordered = [...orderBy, ...leaves.filter(isInequality)];
  const beyond = fields.filter((field) => !ordered.some((each) => sameField(each.field, field)));
  if (beyond.length > 0)
    throw invalid(
      `This query requires an index that has fields [${beyond.map(formatFieldPath).join(', ')}] after __name__ and ` +
        'Firestore does not currently support such an index. Please try the query again with additional ordering on those fields.',
    );
}

/** A projection goes with counts alone. */
function checkProjection(fields: readonly FieldPath[], select: readonly FieldPath[]): void {
  if (select.every(isDocumentName))
    throw invalid(
      'Aggregation over non-key properties is not supported for base query that only returns keys.',
    );
  for (const field of fields)
    if (!select.some((each) => sameField(each, field)))
      throw invalid(
        `The aggregation property ${formatFieldPath(field)} is not present in the base query's property mask.`,
      );
  throw invalid('Cannot apply property masks when aggregation fields are present.');
}

/** @throws StatusError INVALID_ARGUMENT */
function withAliases(aggregations: readonly Aggregation[]): Map<string, Aggregation> {
  if (aggregations.length === 0) throw invalid('Aggregations can not be empty.');
  if (aggregations.length > MAX_AGGREGATIONS)
    throw invalid(
      `The maximum number of aggregations allowed in an aggregation query is ${MAX_AGGREGATIONS}.`,
    );
  const named = new Map<string, Aggregation>();
  let unnamed = 0;
  for (const each of aggregations) {
    if (each.kind === 'count' && each.upTo !== undefined && !(each.upTo > 0))
      throw invalid('up_to must be greater than zero.');
    const alias = each.alias || `field_${++unnamed}`;
    if (named.has(alias)) throw invalid(`Aggregation aliases contain duplicate alias: ${alias}.`);
    named.set(alias, each);
  }
  return named;
}

function compute(aggregation: Aggregation, documents: readonly Document[]): Value {
  if (aggregation.kind === 'count') {
    const count = Math.min(documents.length, aggregation.upTo ?? Number.POSITIVE_INFINITY);
    return { type: 'integer', value: BigInt(count) };
  }
  let integers = 0n;
  let doubles = 0;
  let hasDouble = false;
  let count = 0;
  for (const document of documents) {
    const value = fieldAt(document.fields, aggregation.field);
    if (value?.type === 'integer') integers += value.value;
    else if (value?.type === 'double') {
      doubles += value.value;
      hasDouble = true;
    } else continue;
    count += 1;
  }
  if (aggregation.kind === 'avg')
    return count === 0 ? NULL : { type: 'double', value: (Number(integers) + doubles) / count };
  // An integer sum that overflows becomes a double.
  return hasDouble || integers > MAX_INTEGER || integers < MIN_INTEGER
    ? { type: 'double', value: Number(integers) + doubles }
    : { type: 'integer', value: integers };
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
