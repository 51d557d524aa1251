import { type Document, fieldAt } from './document.ts';
import { type FieldPath, isDocumentName } from './field-path.ts';
import { classOf, compareValues } from './order.ts';
import { isNaNValue, type Value } from './value.ts';

export type ComparisonOp =
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'not-in'
  | 'array-contains'
  | 'array-contains-any';

export type UnaryOp = 'is-null' | 'is-not-null' | 'is-nan' | 'is-not-nan';

/** Of one field and one value; the value of `in`, `not-in` and `array-contains-any` is an array. */
export interface FieldFilter {
  readonly op: ComparisonOp;
  readonly field: FieldPath;
  readonly value: Value;
}

export interface UnaryFilter {
  readonly op: UnaryOp;
  readonly field: FieldPath;
}

export interface CompositeFilter {
  readonly op: 'and' | 'or';
  readonly filters: readonly Filter[];
}

/** https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#filter */
export type Filter = FieldFilter | UnaryFilter | CompositeFilter;

export function isComposite(filter: Filter): filter is CompositeFilter {
  return filter.op === 'and' || filter.op === 'or';
}

export function isFieldFilter(filter: Filter): filter is FieldFilter {
  return 'value' in filter;
}

/** The filters of single fields in a filter. */
export function* leavesOf(filter: Filter): Generator<FieldFilter | UnaryFilter> {
  if (!isComposite(filter)) yield filter;
  else for (const part of filter.filters) yield* leavesOf(part);
}

/** Whether the filter ranges over a field, so that results are ordered by it. */
export function isInequality({ op }: Filter): boolean {
  switch (op) {
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '!=':
    case 'not-in':
    case 'is-not-null':
    case 'is-not-nan':
      return true;
    default:
      return false;
  }
}

/** Whether a document passes. `root` is the database's `…/documents`, which names are compared under. */
export function matches(filter: Filter, document: Document, root: string): boolean {
  if (isComposite(filter)) {
    // A composite without parts restricts nothing, whichever kind it is.
    if (filter.op === 'and' || filter.filters.length === 0)
      return filter.filters.every((part) => matches(part, document, root));
    return filter.filters.some((part) => matches(part, document, root));
  }
  const value = queryValue(document, filter.field, root);
  if (!value) return false;
  return isFieldFilter(filter) ? compares(filter.op, value, filter.value) : isA(filter.op, value);
}

/** What a query sees as a field of a document: `__name__` is a reference to the document itself. */
export function queryValue(document: Document, field: FieldPath, root: string): Value | undefined {
  if (isDocumentName(field)) return { type: 'reference', value: `${root}/${document.path}` };
  return fieldAt(document.fields, field);
}

function isA(op: UnaryOp, value: Value): boolean {
  switch (op) {
    case 'is-null':
      return value.type === 'null';
    case 'is-not-null':
      return value.type !== 'null';
    case 'is-nan':
      return isNaNValue(value);
    case 'is-not-nan':
      return value.type !== 'null' && !isNaNValue(value);
  }
}

function compares(op: ComparisonOp, value: Value, wanted: Value): boolean {
  switch (op) {
    case '==':
      return equals(value, wanted);
    case '!=':
      return value.type !== 'null' && wanted.type !== 'null' && !equals(value, wanted);
    case 'in':
      return elements(wanted).some((element) => equals(value, element));
    case 'not-in':
      // A null in the list makes every comparison with it unknown: nothing matches.
      return (
        value.type !== 'null' &&
        elements(wanted).every((element) => element.type !== 'null' && !equals(value, element))
      );
    case 'array-contains':
      return elements(value).some((element) => equals(element, wanted));
    case 'array-contains-any':
      return elements(wanted).some((each) => elements(value).some((element) => equals(element, each)));
    default:
      return ranges(op, value, wanted);
  }
}

/** Equal in the sense of a filter: nothing equals null or NaN (unary filters ask for them), 3 equals 3.0. */
function equals(value: Value, wanted: Value): boolean {
  return wanted.type !== 'null' && !isNaNValue(wanted) && compareValues(value, wanted) === 0;
}

/** Within one class of values only; null and NaN are in no range. */
function ranges(op: '<' | '<=' | '>' | '>=', value: Value, wanted: Value): boolean {
  if (classOf(value) !== classOf(wanted) || wanted.type === 'null') return false;
  if (isNaNValue(value) || isNaNValue(wanted)) return false;
  const order = compareValues(value, wanted);
  switch (op) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

function elements(value: Value): readonly Value[] {
  return value.type === 'array' ? value.values : [];
}
