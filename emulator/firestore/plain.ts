import { type Fields, NULL, type Value } from './value.ts';

/** Plain JavaScript data, as a program that uses the database in process writes it. */
export type Plain =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly Plain[]
  | { readonly [name: string]: Plain | undefined };

/** A plain object as document fields. Whole numbers become integers, others doubles; `undefined` members are left out. */
export function fieldsOf(plain: { readonly [name: string]: Plain | undefined }): Fields {
  const fields = new Map<string, Value>();
  for (const [name, member] of Object.entries(plain))
    if (member !== undefined) fields.set(name, valueFrom(member));
  return fields;
}

/** One plain value as a database value. */
export function valueFrom(plain: Plain): Value {
  if (plain === null) return NULL;
  switch (typeof plain) {
    case 'boolean':
      return { type: 'boolean', value: plain };
    case 'bigint':
      return { type: 'integer', value: plain };
    case 'string':
      return { type: 'string', value: plain };
    case 'number':
      return Number.isSafeInteger(plain) && !Object.is(plain, -0)
        ? { type: 'integer', value: BigInt(plain) }
        : { type: 'double', value: plain };
  }
  if (plain instanceof Date) {
    const seconds = Math.floor(plain.getTime() / 1000);
    return { type: 'timestamp', seconds, nanos: (plain.getTime() - seconds * 1000) * 1_000_000 };
  }
  if (plain instanceof Uint8Array) return { type: 'bytes', value: plain };
  if (isList(plain)) return { type: 'array', values: plain.map(valueFrom) };
  return { type: 'map', fields: plain.__type__ === '__vector__' ? vectorFields(plain) : fieldsOf(plain) };
}

/** The numbers of a vector are doubles, whole ones too. */
function vectorFields(plain: { readonly [name: string]: Plain | undefined }): Fields {
  const fields = new Map(fieldsOf(plain));
  const { value } = plain;
  if (value && isList(value))
    fields.set('value', {
      type: 'array',
      values: value.map((each) =>
        typeof each === 'number' ? { type: 'double', value: each } : valueFrom(each),
      ),
    });
  return fields;
}

/**
 * Document fields as a plain object: the inverse of `fieldsOf`, but that timestamps come back to the millisecond, integers beyond
 * 2^53 as bigint, references as their names and geopoints as `{latitude, longitude}`.
 */
export function plainOf(fields: Fields): Record<string, Plain> {
  return Object.fromEntries([...fields].map(([name, value]) => [name, plainValue(value)]));
}

/** One database value as plain data. */
function plainValue(value: Value): Plain {
  switch (value.type) {
    case 'null':
      return null;
    case 'integer': {
      const number = Number(value.value);
      return Number.isSafeInteger(number) ? number : value.value;
    }
    case 'timestamp':
      return new Date(value.seconds * 1000 + Math.floor(value.nanos / 1_000_000));
    case 'geopoint':
      return { latitude: value.latitude, longitude: value.longitude };
    case 'array':
      return value.values.map(plainValue);
    case 'map':
      return plainOf(value.fields);
    default:
      return value.value;
  }
}

function isList(plain: Plain): plain is readonly Plain[] {
  return Array.isArray(plain);
}
