/**
 * The values that a document holds. Values are immutable: whoever changes a document makes new ones.
 * Types: https://cloud.google.com/firestore/docs/concepts/data-types
 */
export type Value =
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | IntegerValue
  | DoubleValue
  | TimestampValue
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  /** `value` is the full resource name, `projects/…/databases/…/documents/…`. */
  | { readonly type: 'reference'; readonly value: string }
  | { readonly type: 'geopoint'; readonly latitude: number; readonly longitude: number }
  | ArrayValue
  | MapValue;

/** A 64-bit signed integer. */
export interface IntegerValue {
  readonly type: 'integer';
  readonly value: bigint;
}

export interface DoubleValue {
  readonly type: 'double';
  readonly value: number;
}

/** `nanos` is 0 to 999,999,999 and counts forward from `seconds`; stored to the microsecond, the rest cut off. */
export interface TimestampValue {
  readonly type: 'timestamp';
  readonly seconds: number;
  readonly nanos: number;
}

export interface ArrayValue {
  readonly type: 'array';
  readonly values: readonly Value[];
}

export interface MapValue {
  readonly type: 'map';
  readonly fields: Fields;
}

/** The fields of a document or of a map, by name. */
export type Fields = ReadonlyMap<string, Value>;

export const NULL: Value = { type: 'null' };
export const EMPTY_FIELDS: Fields = new Map();

/** A time of the database as a value. */
export function timestampValue(micros: number): TimestampValue {
  const seconds = Math.floor(micros / 1e6);
  return { type: 'timestamp', seconds, nanos: (micros - seconds * 1e6) * 1000 };
}

/** A vector is stored as a map with a marker (https://cloud.google.com/firestore/docs/vector-search). */
export function isVector(value: Value): boolean {
  if (value.type !== 'map') return false;
  const marker = value.fields.get('__type__');
  return marker?.type === 'string' && marker.value === '__vector__';
}

export function isNaNValue(value: Value): boolean {
  return value.type === 'double' && Number.isNaN(value.value);
}

/** Same type and same content: 3 and 3.0 differ, 0.0 and -0.0 differ, NaN is itself. Tells whether a write changes anything. */
export function identical(a: Value, b: Value): boolean {
  if (a === b) return true;
  switch (a.type) {
    case 'null':
      return b.type === 'null';
    case 'boolean':
    case 'integer':
    case 'string':
    case 'reference':
      return b.type === a.type && a.value === b.value;
    case 'double':
      return b.type === 'double' && Object.is(a.value, b.value);
    case 'timestamp':
      return b.type === 'timestamp' && a.seconds === b.seconds && a.nanos === b.nanos;
    case 'bytes':
      return b.type === 'bytes' && Buffer.compare(a.value, b.value) === 0;
    case 'geopoint':
      return (
        b.type === 'geopoint' && Object.is(a.latitude, b.latitude) && Object.is(a.longitude, b.longitude)
      );
    case 'array':
      return (
        b.type === 'array' &&
        a.values.length === b.values.length &&
        a.values.every((value, index) => identical(value, b.values[index] as Value))
      );
    case 'map':
      return b.type === 'map' && identicalFields(a.fields, b.fields);
  }
}

/** As `identical`, for all the fields of a document; the order of fields does not matter. */
export function identicalFields(a: Fields, b: Fields): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (!other || !identical(value, other)) return false;
  }
  return true;
}
