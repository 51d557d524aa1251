import protobuf, { type Enum, type Field, type MapField, type Type } from 'protobufjs';
import { StatusError } from '../status.ts';
import { invalidValue, toSnakeCase, WELL_KNOWN } from './well-known.ts';
import { DATA, isWrapper, unpack } from './wrappers.ts';

/**
 * Protocol JSON (https://protobuf.dev/programming-guides/json/) to messages as `loadProtocol` decodes them, and back. What
 * is wrong is refused in the words of Google's front end, naming the field.
 */
export function readMessage(type: Type, json: unknown, path = ''): unknown {
  const wellKnown = WELL_KNOWN[type.fullName];
  if (wellKnown) {
    const read = typeof json === 'string' ? wellKnown.read(json) : undefined;
    if (!read) throw invalidValue(path, typeUrl(type), JSON.stringify(json));
    return read;
  }
  const { value } = type.fields;
  if (isWrapper(type) && value) return { value: readSingle(value, json, path) };
  const data = DATA[type.fullName];
  if (data) return data.read(json);
  if (!isRecord(json)) throw invalidValue(path, typeUrl(type), JSON.stringify(json));
  const fields = fieldsOf(type);
  const message: Record<string, unknown> = {};
  const chosen = new Map<string, string>();
  for (const [name, value] of Object.entries(json)) {
    const field = fields.get(name);
    if (!field) throw unknownField(name, path);
    if (value === undefined || (value === null && !isNullValue(field.resolve().resolvedType))) continue;
    const { partOf } = field;
    if (partOf && chosen.has(partOf.name)) {
      throw invalidValue(path, 'oneof', `oneof field '${partOf.name}' is already set. Cannot set '${name}'`);
    }
    if (partOf) chosen.set(partOf.name, name);
    message[field.name] = readField(field, value, path ? `${path}.${field.name}` : field.name);
    // The loader tells the member of a oneof that is set.
    if (partOf) message[partOf.name] = field.name;
  }
  return message;
}

/** The message as JSON; what has its default is left out, as Google's services do. */
export function writeMessage(type: Type, message: object): unknown {
  const wellKnown = WELL_KNOWN[type.fullName];
  if (wellKnown) return wellKnown.write(message as Record<string, unknown>);
  const { value: wrapped } = type.fields;
  if (isWrapper(type) && wrapped) {
    const { value } = message as { readonly value?: unknown };
    return writeSingle(wrapped, null, value ?? wrapped.resolve().defaultValue);
  }
  const data = DATA[type.fullName];
  if (data) return data.write(message as Record<string, unknown>);
  if (type.fullName === '.google.protobuf.Any') return writeAny(type, message as Record<string, unknown>);
  const json: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const value: unknown = (message as Record<string, unknown>)[field.name];
    if (value === undefined || value === null) continue;
    const written = writeField(field, value);
    if (written !== undefined) json[field.name] = written;
  }
  return json;
}

function writeAny(type: Type, message: Readonly<Record<string, unknown>>): unknown {
  const held = unpack(message, type);
  const written = held ? writeMessage(held.type, held.message) : {};
  return { '@type': message.type_url, ...(isRecord(written) ? written : { value: written }) };
}

/** INVALID_ARGUMENT for a name that the message has no field for. */
function unknownField(name: string, path: string): StatusError {
  const at = path ? ` at '${toSnakeCase(path)}'` : '';
  return new StatusError(
    'INVALID_ARGUMENT',
    `Invalid JSON payload received. Unknown name "${name}"${at}: Cannot find field.`,
  );
}

/** A field's value from a query parameter, all of whose values are text. */
export function readParameter(field: Field, values: readonly string[]): unknown {
  const read = (text: string) => readSingle(field, fromText(field, text), field.name);
  if (field.repeated) return values.map(read);
  return read(values.at(-1) ?? '');
}

/** The fields by their JSON names and by the names of the protocol. */
export function fieldsOf(type: Type): ReadonlyMap<string, Field> {
  const known = FIELDS.get(type);
  if (known) return known;
  const fields = new Map<string, Field>();
  for (const field of type.fieldsArray) {
    field.resolve();
    fields.set(field.name, field);
    fields.set(toSnakeCase(field.name), field);
  }
  FIELDS.set(type, fields);
  return fields;
}

const FIELDS = new WeakMap<Type, ReadonlyMap<string, Field>>();

function readField(field: Field, value: unknown, path: string): unknown {
  if (field.map) {
    if (!isRecord(value)) throw invalidValue(path, 'Map', JSON.stringify(value));
    const entries = Object.entries(value).map(
      ([key, item]) => [key, readSingle(field, item, `${path}["${key}"]`)] as const,
    );
    return Object.fromEntries(entries);
  }
  if (!field.repeated) return readSingle(field, value, path);
  if (!Array.isArray(value)) throw invalidValue(path, typeName(field), JSON.stringify(value));
  return value.map((item, at) => readSingle(field, item, `${path}[${at}]`));
}

function readSingle(field: Field, value: unknown, path: string): unknown {
  const { resolvedType } = field.resolve();
  if (value === null && isNullValue(resolvedType)) return 'NULL_VALUE';
  if (resolvedType instanceof protobuf.Enum) return readEnum(resolvedType, value, path);
  if (resolvedType) return readMessage(resolvedType, value, path);
  const wrong = () => invalidValue(path, typeName(field), JSON.stringify(value));
  switch (field.type) {
    case 'string':
      if (typeof value !== 'string') throw wrong();
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw wrong();
      return value;
    case 'bytes':
      return readBytes(value, path);
    case 'double':
    case 'float': {
      const number = typeof value === 'string' && value !== '' ? Number(value) : value;
      if (typeof number !== 'number' || (Number.isNaN(number) && value !== 'NaN')) throw wrong();
      return number;
    }
    default:
      return readInteger(field.type, value, wrong);
  }
}

function readEnum(type: Enum, value: unknown, path: string): unknown {
  if (typeof value === 'string' && Object.hasOwn(type.values, value)) return value;
  if (typeof value === 'number' && Number.isInteger(value)) return type.valuesById[value] ?? value;
  throw invalidValue(path, typeUrl(type), JSON.stringify(value));
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

function readBytes(value: unknown, path: string): Buffer {
  if (typeof value === 'string' && BASE64.test(value) && value.replace(/=+$/, '').length % 4 !== 1) {
    return Buffer.from(value, 'base64');
  }
  throw invalidValue(path, 'TYPE_BYTES', `Base64 decoding failed for ${JSON.stringify(value)}`);
}

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** 64-bit integers stay text, as `loadProtocol` gives them. */
function readInteger(type: string, value: unknown, wrong: () => StatusError): number | string {
  const kind = type.replace('sint', 'int').replace('sfixed', 'int').replace('fixed', 'uint');
  const [low, high] = RANGES[kind] ?? [0n, 0n];
  const isWhole = typeof value === 'number' ? Number.isInteger(value) : /^-?\d{1,20}$/.test(String(value));
  if (!isWhole || (typeof value !== 'number' && typeof value !== 'string')) throw wrong();
  const number = BigInt(value);
  if (number < low || number > high) throw wrong();
  return kind.endsWith('64') ? String(number) : Number(number);
}

function writeField(field: Field, value: unknown): unknown {
  const { resolvedType } = field.resolve();
  const one = (item: unknown) => writeSingle(field, resolvedType, item);
  if (field.map) {
    const entries = Object.entries(value as object);
    return entries.length === 0
      ? undefined
      : Object.fromEntries(entries.map(([key, item]) => [key, one(item)]));
  }
  if (field.repeated) {
    const list = value as readonly unknown[];
    return list.length === 0 ? undefined : list.map(one);
  }
  const written = one(value);
  const isDefault =
    written === '' || written === 0 || written === '0' || written === false || isFirst(resolvedType, written);
  return isDefault && !field.partOf ? undefined : written;
}

function writeSingle(field: Field, resolvedType: Type | Enum | null, value: unknown): unknown {
  if (isNullValue(resolvedType)) return null;
  if (resolvedType instanceof protobuf.Enum) {
    return typeof value === 'number' ? (resolvedType.valuesById[value] ?? value) : value;
  }
  if (resolvedType) return writeMessage(resolvedType, value as object);
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  // JSON has no word for these numbers, and would lose the sign of this zero.
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return Object.is(value, -0) ? '-0' : String(value);
  return /64$/.test(field.type) ? String(value) : value;
}

/** The enum whose only value is written as JSON's null. */
const isNullValue = (type: Type | Enum | null) => type?.fullName === '.google.protobuf.NullValue';

function isFirst(type: Type | Enum | null, written: unknown): boolean {
  return type instanceof protobuf.Enum && type.values[String(written)] === 0;
}

function fromText(field: Field, text: string): unknown {
  if (field.type === 'bool') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

function typeName(field: Field | MapField): string {
  return field.resolvedType ? typeUrl(field.resolvedType) : `TYPE_${field.type.toUpperCase()}`;
}

function typeUrl(type: Type | Enum): string {
  return `type.googleapis.com/${type.fullName.slice(1)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
