import { StatusError } from '../wire/status.ts';
import { type Document, fieldAt } from './document.ts';
import type { FieldPath } from './field-path.ts';
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
  const fields = aggregations.flatMap((each) => (each.kind === 'count' ? [] : [each.field]));
  const counted = documents.filter((document) =>
    fields.every((field) => fieldAt(document.fields, field) !== undefined),
  );
  return new Map([...named].map(([alias, each]) => [alias, compute(each, counted)]));
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
