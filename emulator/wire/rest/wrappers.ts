import protobuf, { type Type } from 'protobufjs';

/** A number, text or truth in a message of its own, so that it can be absent: JSON has it bare. */
const WRAPPERS = new Set(
  ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(
    (name) => `.google.protobuf.${name}Value`,
  ),
);

export function isWrapper(type: Type): boolean {
  return WRAPPERS.has(type.fullName);
}

type Kinds = Readonly<Record<string, unknown>>;

/** `google.protobuf.Struct`, `ListValue` and `Value`: JSON itself, as messages. */
export const DATA: Readonly<Record<string, { read(json: unknown): object; write(message: Kinds): unknown }>> =
  {
    '.google.protobuf.Struct': { read: structOf, write: writeStruct },
    '.google.protobuf.ListValue': { read: listOf, write: writeList },
    '.google.protobuf.Value': { read: dataOf, write: writeValue },
  };

function structOf(json: unknown): object {
  const entries = Object.entries(json ?? {}).map(([name, value]) => [name, dataOf(value)]);
  return { fields: Object.fromEntries(entries) };
}

function listOf(json: unknown): object {
  return { values: Array.isArray(json) ? json.map(dataOf) : [] };
}

function dataOf(json: unknown): object {
  if (json === null || json === undefined) return { nullValue: 'NULL_VALUE' };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'string') return { stringValue: json };
  if (typeof json === 'boolean') return { boolValue: json };
  return Array.isArray(json) ? { listValue: listOf(json) } : { structValue: structOf(json) };
}

function writeStruct({ fields }: Kinds): unknown {
  return Object.fromEntries(
    Object.entries(fields ?? {}).map(([name, value]) => [name, writeValue(value as Kinds)]),
  );
}

function writeList({ values }: Kinds): unknown {
  return Array.isArray(values) ? values.map(writeValue) : [];
}

function writeValue({ numberValue, stringValue, boolValue, structValue, listValue }: Kinds): unknown {
  if (structValue !== undefined) return writeStruct(structValue as Kinds);
  if (listValue !== undefined) return writeList(listValue as Kinds);
  return numberValue ?? stringValue ?? boolValue ?? null;
}

/** What an Any holds, as its type and its message; undefined for a type that the protocol does not know. */
export function unpack(
  any: Kinds,
  within: Type,
): { readonly type: Type; readonly message: object } | undefined {
  const { type_url: url, value } = any;
  if (typeof url !== 'string' || !(value instanceof Uint8Array)) return undefined;
  const type = within.root.lookup(url.slice(url.lastIndexOf('/') + 1), protobuf.Type);
  if (!(type instanceof protobuf.Type)) return undefined;
  return { type, message: type.toObject(type.decode(value), { longs: String, enums: String, oneofs: true }) };
}
