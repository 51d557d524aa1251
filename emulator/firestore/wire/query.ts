import { StatusError } from '../../wire/status.ts';
import type { Aggregation } from '../aggregate.ts';
import { DOCUMENT_NAME, type FieldPath, parseFieldPath } from '../field-path.ts';
import type { ComparisonOp, Filter, UnaryOp } from '../filter.ts';
import { vectorOf } from '../nearest.ts';
import type { Cursor, FindNearest, Query } from '../query.ts';
import type {
  WireAggregation,
  WireCursor,
  WireFieldReference,
  WireFilter,
  WireFindNearest,
  WireQuery,
} from './messages.ts';
import { readValue } from './value.ts';

const COMPARISONS: Readonly<Record<string, ComparisonOp>> = {
  LESS_THAN: '<',
  LESS_THAN_OR_EQUAL: '<=',
  GREATER_THAN: '>',
  GREATER_THAN_OR_EQUAL: '>=',
  EQUAL: '==',
  NOT_EQUAL: '!=',
  ARRAY_CONTAINS: 'array-contains',
  IN: 'in',
  ARRAY_CONTAINS_ANY: 'array-contains-any',
  NOT_IN: 'not-in',
};

const UNARY: Readonly<Record<string, UnaryOp>> = {
  IS_NAN: 'is-nan',
  IS_NULL: 'is-null',
  IS_NOT_NAN: 'is-not-nan',
  IS_NOT_NULL: 'is-not-null',
};

const MEASURES: Readonly<Record<string, FindNearest['measure']>> = {
  EUCLIDEAN: 'euclidean',
  COSINE: 'cosine',
  DOT_PRODUCT: 'dot-product',
};

/** A query under a parent's path. @throws StatusError INVALID_ARGUMENT */
export function readQuery(parent: string, wire: WireQuery | undefined): Query {
  if (!wire) throw invalid('The request has no structured query.');
  const { from = [], select, where, orderBy = [], startAt, endAt, offset, limit, findNearest } = wire;
  if (from.length > 1) throw invalid('StructuredQuery.from cannot have more than one collection selector.');
  const [selector = {}] = from;
  return {
    scope: {
      parent,
      collectionId: selector.collectionId || undefined,
      allDescendants: selector.allDescendants ?? false,
    },
    where: where && readFilter(where),
    orderBy: orderBy.map(({ field, direction }) => ({
      field: readField(field),
      direction: direction === 'DESCENDING' ? 'desc' : 'asc',
    })),
    startAt: startAt && readCursor(startAt),
    endAt: endAt && readCursor(endAt),
    offset,
    limit: limit && (limit.value ?? 0),
    select: select && readProjection(select.fields),
    findNearest: findNearest && readFindNearest(findNearest),
  };
}

function readFindNearest(wire: WireFindNearest): FindNearest {
  const { queryVector, distanceMeasure = '', limit, distanceResultField, distanceThreshold } = wire;
  const measure = MEASURES[distanceMeasure];
  if (!measure) throw invalid('FindNearest.distance_measure must be EUCLIDEAN, COSINE or DOT_PRODUCT.');
  const vector = queryVector && vectorOf(readValue(queryVector));
  if (!vector) throw invalid('FindNearest.query_vector must be a vector of numbers.');
  return {
    field: readField(wire.vectorField),
    vector,
    measure,
    limit: limit?.value ?? 0,
    distanceField: distanceResultField ? parseFieldPath(distanceResultField) : undefined,
    threshold: distanceThreshold && (distanceThreshold.value ?? 0),
  };
}

/** @throws StatusError INVALID_ARGUMENT */
export function readAggregation(wire: WireAggregation): Aggregation {
  const { alias, count, sum, avg } = wire;
  if (count) return { kind: 'count', alias, upTo: count.upTo && Number(count.upTo.value ?? 0) };
  if (sum) return { kind: 'sum', alias, field: readField(sum.field) };
  if (avg) return { kind: 'avg', alias, field: readField(avg.field) };
  throw invalid('An aggregation has no operator.');
}

function readFilter({ compositeFilter, fieldFilter, unaryFilter }: WireFilter): Filter {
  if (compositeFilter) {
    const { op, filters = [] } = compositeFilter;
    if (op !== 'AND' && op !== 'OR') throw invalid('Unknown CompositeFilter operator.');
    return { op: op === 'AND' ? 'and' : 'or', filters: filters.map(readFilter) };
  }
  if (fieldFilter) {
    const op = COMPARISONS[fieldFilter.op ?? ''];
    if (!op) throw invalid('Unknown FieldFilter operator.');
    return { op, field: readField(fieldFilter.field), value: readValue(fieldFilter.value ?? {}) };
  }
  if (unaryFilter) {
    const op = UNARY[unaryFilter.op ?? ''];
    if (!op) throw invalid('Unknown UnaryFilter operator.');
    return { op, field: readField(unaryFilter.field) };
  }
  throw invalid('A filter has no type.');
}

function readField(wire: WireFieldReference | undefined): FieldPath {
  return parseFieldPath(wire?.fieldPath ?? '');
}

function readCursor({ values = [], before = false }: WireCursor): Cursor {
  return { values: values.map(readValue), before };
}

/** No fields at all means the name only. */
function readProjection(fields: readonly WireFieldReference[] = []): readonly FieldPath[] {
  return fields.length === 0 ? [DOCUMENT_NAME] : fields.map(readField);
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
