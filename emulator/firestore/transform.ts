import { StatusError } from '../wire/status.ts';
import type { FieldPath } from './field-path.ts';
import { compareNumbers, compareValues } from './order.ts';
import type { Micros } from './time.ts';
import {
  type DoubleValue,
  type IntegerValue,
  isNaNValue,
  NULL,
  timestampValue,
  type Value,
} from './value.ts';

/**
 * A change of one field that the server computes.
 * https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#fieldtransform
 */
export type Transform =
  | { readonly field: FieldPath; readonly kind: 'serverTimestamp' }
  | { readonly field: FieldPath; readonly kind: 'increment' | 'maximum' | 'minimum'; readonly operand: Value }
  | {
      readonly field: FieldPath;
      readonly kind: 'arrayUnion' | 'arrayRemove';
      readonly values: readonly Value[];
    };

type NumberValue = IntegerValue | DoubleValue;

const MAX_INTEGER = 2n ** 63n - 1n;
const MIN_INTEGER = -(2n ** 63n);

/** The new value of the field, and what the write's result reports (null for the array transforms). */
export function applyTransform(
  transform: Transform,
  current: Value | undefined,
  commitTime: Micros,
): { value: Value; result: Value } {
  switch (transform.kind) {
    case 'serverTimestamp': {
      // Documented: the time of the request, to the millisecond, the same in the whole commit.
      const value = timestampValue(Math.floor(commitTime / 1000) * 1000);
      return { value, result: value };
    }
    case 'arrayUnion': {
      const values = current?.type === 'array' ? [...current.values] : [];
      for (const element of transform.values) if (!includes(values, element)) values.push(element);
      return { value: { type: 'array', values }, result: NULL };
    }
    case 'arrayRemove': {
      const values = current?.type === 'array' ? current.values : [];
      const left = values.filter((element) => !includes(transform.values, element));
      return { value: { type: 'array', values: left }, result: NULL };
    }
    default: {
      const operand = asNumber(transform.operand);
      if (!operand) throw new StatusError('INVALID_ARGUMENT', 'Input must be int64 or double.');
      const stored = current && asNumber(current);
      const value = stored ? combine(transform.kind, stored, operand) : operand;
      return { value, result: value };
    }
  }
}

function combine(
  kind: 'increment' | 'maximum' | 'minimum',
  stored: NumberValue,
  operand: NumberValue,
): NumberValue {
  if (kind === 'increment') return add(stored, operand);
  if (isNaNValue(stored) || isNaNValue(operand)) return { type: 'double', value: Number.NaN };
  const order = compareNumbers(stored.value, operand.value);
  // Of two equal numbers (3 and 3.0, 0 and -0) the stored one stays.
  return (kind === 'maximum' ? order >= 0 : order <= 0) ? stored : operand;
}

/** Integers stay integers and saturate; with a double the sum is one. */
function add(a: NumberValue, b: NumberValue): NumberValue {
  if (a.type === 'double' || b.type === 'double')
    return { type: 'double', value: Number(a.value) + Number(b.value) };
  const sum = a.value + b.value;
  return { type: 'integer', value: sum > MAX_INTEGER ? MAX_INTEGER : sum < MIN_INTEGER ? MIN_INTEGER : sum };
}

function asNumber(value: Value): NumberValue | undefined {
  return value.type === 'integer' || value.type === 'double' ? value : undefined;
}

function includes(values: readonly Value[], wanted: Value): boolean {
  return values.some((value) => compareValues(value, wanted) === 0);
}
