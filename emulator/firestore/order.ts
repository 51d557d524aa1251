import { compareNames } from './path.ts';
import { compareUtf8 } from './utf8.ts';
import { type ArrayValue, type Fields, isVector, type MapValue, type Value } from './value.ts';

/**
 * The classes of values, in the order in which they sort. Only values of one class compare in a range filter.
 * https://cloud.google.com/firestore/docs/concepts/data-types#value_type_ordering
 */
const CLASS = {
  null: 0,
  boolean: 1,
  integer: 2,
  double: 2,
  timestamp: 3,
  string: 4,
  bytes: 5,
  reference: 6,
  geopoint: 7,
  array: 8,
  vector: 9,
  map: 10,
} as const;

/** The sort class of a value: integers and doubles share one, vectors have their own. */
export function classOf(value: Value): number {
  return isVector(value) ? CLASS.vector : CLASS[value.type];
}

/** The total order over all values. 3 and 3.0 are equal, 0.0 and -0.0 are, NaN equals itself and sorts before all numbers. */
export function compareValues(a: Value, b: Value): number {
  if (a.type !== b.type || a.type === 'map') {
    const byClass = classOf(a) - classOf(b);
    if (byClass !== 0) return byClass;
  }
  switch (a.type) {
    case 'boolean':
      return b.type === 'boolean' ? Number(a.value) - Number(b.value) : 0;
    case 'integer':
    case 'double':
      return b.type === 'integer' || b.type === 'double' ? compareNumbers(a.value, b.value) : 0;
    case 'timestamp':
      return b.type === 'timestamp' ? a.seconds - b.seconds || a.nanos - b.nanos : 0;
    case 'string':
      return b.type === 'string' ? compareUtf8(a.value, b.value) : 0;
    case 'bytes':
      return b.type === 'bytes' ? Buffer.compare(a.value, b.value) : 0;
    case 'reference':
      return b.type === 'reference' ? compareNames(a.value, b.value) : 0;
    case 'geopoint':
      return b.type === 'geopoint'
        ? compareNumbers(a.latitude, b.latitude) || compareNumbers(a.longitude, b.longitude)
        : 0;
    case 'array':
      return b.type === 'array' ? compareLists(a.values, b.values) : 0;
    case 'map':
      if (b.type !== 'map') return 0;
      return isVector(a) ? compareVectors(a, b) : compareFields(a.fields, b.fields);
    default:
      return 0;
  }
}

/** Compares by mathematical value, whatever the types: a bigint and a number compare without loss in JavaScript. */
export function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  // Not less, not greater: equal, or a NaN is among them.
  return Number(isNaNNumber(b)) - Number(isNaNNumber(a));
}

function isNaNNumber(x: number | bigint): boolean {
  return typeof x === 'number' && Number.isNaN(x);
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const order = compareValues(a[index] as Value, b[index] as Value);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareFields(a: Fields, b: Fields): number {
  const left = sortedEntries(a);
  const right = sortedEntries(b);
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const [leftName, leftValue] = left[index] as [string, Value];
    const [rightName, rightValue] = right[index] as [string, Value];
    const order = compareUtf8(leftName, rightName) || compareValues(leftValue, rightValue);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function sortedEntries(fields: Fields): [string, Value][] {
  return [...fields].sort(([a], [b]) => compareUtf8(a, b));
}

/** Vectors sort by dimension first. */
function compareVectors(a: MapValue, b: MapValue): number {
  const left = elements(a);
  const right = elements(b);
  return left.length - right.length || compareLists(left, right);
}

function elements(vector: MapValue): ArrayValue['values'] {
  const value = vector.fields.get('value');
  return value?.type === 'array' ? value.values : [];
}
