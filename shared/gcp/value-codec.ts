import {
  checkFieldName,
  checkItem,
  checkLevel,
  checkPlain,
  checkText,
  checkTime,
  fieldOf,
  isList,
  notKept,
} from '../contract/document-rules.ts';
import type { Fields, FieldValue } from '../contract/store.ts';

/** A value as Firestore's protocol carries it (https://firebase.google.com/docs/firestore/reference/rpc/google.firestore.v1#value). */
export interface WireValue {
  readonly nullValue?: 'NULL_VALUE';
  readonly booleanValue?: boolean | null;
  readonly integerValue?: string | number | null;
  readonly doubleValue?: number | null;
  readonly timestampValue?: WireTime | null;
  readonly stringValue?: string | null;
  readonly bytesValue?: Uint8Array | string | null;
  readonly arrayValue?: { readonly values?: WireValue[] | null } | null;
  readonly mapValue?: { readonly fields?: WireFields | null } | null;
}
export type WireFields = Record<string, WireValue>;

/** Seconds are 64-bit, and so come as text. */
export interface WireTime {
  readonly seconds?: string | number | null;
  readonly nanos?: number | null;
}

/** The fields as the protocol carries them; what is undefined is left out, as in JSON. */
export function encodeFields(fields: Fields): WireFields {
  return encodeMap(fields, '', 0);
}

function encodeMap(fields: Fields, path: string, level: number): WireFields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => {
        const field = fieldOf(path, name);
        checkFieldName(name, field);
        return [escapeName(name), encodeValue(value, field, level)];
      }),
  );
}

/**
 * Firestore takes no empty name, and keeps those of the form `__x__` to itself (https://firebase.google.com/docs/firestore/quotas):
 * these are written behind a tilde. Somebody else's attributes, kept with a dead letter, have any names.
 */
const ESCAPED = /^~*(__.*__)?$/s;
const escapeName = (name: string) => (ESCAPED.test(name) ? `~${name}` : name);
const unescapeName = (name: string) => (name.startsWith('~') && ESCAPED.test(name) ? name.slice(1) : name);

/**
 * One value.
 *
 * @throws MeshError `StateInvalid` naming the field, for what Firestore can't keep (`document-rules.ts`)
 */
export function encodeValue(value: FieldValue, path = '', level = 0): WireValue {
  switch (typeof value) {
    case 'string':
      checkText(value, path);
      return { stringValue: value };
    case 'boolean':
      return { booleanValue: value };
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0)
        ? { integerValue: String(value) }
        : { doubleValue: value };
    case 'object':
      return value === null ? { nullValue: 'NULL_VALUE' } : encodeObject(value, path, level);
    default:
      throw notKept(value, path);
  }
}

function encodeObject(
  value: Exclude<FieldValue, null | boolean | number | string>,
  path: string,
  level: number,
): WireValue {
  if (value instanceof Date) return { timestampValue: encodeTime(value, path) };
  if (value instanceof Uint8Array) return { bytesValue: value };
  checkLevel(level, path);
  if (!isList(value)) {
    checkPlain(value, path);
    return { mapValue: { fields: encodeMap(value, path, level + 1) } };
  }
  return {
    arrayValue: {
      values: value.map((item, at) => {
        checkItem(item, `${path}.${at}`);
        return encodeValue(item, `${path}.${at}`, level + 1);
      }),
    },
  };
}

function encodeTime(date: Date, path: string): { seconds: number; nanos: number } {
  checkTime(date, path);
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: (ms - seconds * 1_000) * 1_000_000 };
}

export function decodeFields(fields: WireFields | null | undefined): Fields {
  return Object.fromEntries(
    Object.entries(fields ?? {}).map(([name, value]) => [unescapeName(name), decodeValue(value)]),
  );
}

/** A value of a kind that the Store port does not write (a reference, a place, a vector) is read as null. */
function decodeValue(value: WireValue): FieldValue {
  if (value.stringValue != null) return value.stringValue;
  if (value.integerValue != null) return Number(value.integerValue);
  if (value.doubleValue != null) return value.doubleValue;
  if (value.booleanValue != null) return value.booleanValue;
  if (value.timestampValue != null) return decodeTime(value.timestampValue);
  if (value.mapValue != null) return decodeFields(value.mapValue.fields);
  if (value.arrayValue != null) return (value.arrayValue.values ?? []).map(decodeValue);
  if (value.bytesValue != null) return decodeBytes(value.bytesValue);
  return null;
}

function decodeTime({ seconds, nanos }: WireTime): Date {
  return new Date(Number(seconds ?? 0) * 1_000 + Math.floor((nanos ?? 0) / 1_000_000));
}

/** A plain copy: a `Buffer` is a window on the whole response, which it would keep in memory. */
function decodeBytes(bytes: Uint8Array | string): Uint8Array {
  return new Uint8Array(typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : bytes);
}

/** A document's version: its update time at full precision, for a write may follow another within a microsecond. */
export function encodeVersion({
  seconds,
  nanos,
}: {
  readonly seconds?: { toString(): string } | null;
  readonly nanos?: number | null;
}): string {
  return `${seconds ?? 0}.${String(nanos ?? 0).padStart(9, '0')}`;
}

/** The update time again; undefined for what is no version of ours, which then matches no document. */
export function decodeVersion(version: string): { seconds: string; nanos: number } | undefined {
  const match = /^(\d+)\.(\d{9})$/.exec(version);
  return match?.[1] && match[2] ? { seconds: match[1], nanos: Number(match[2]) } : undefined;
}
