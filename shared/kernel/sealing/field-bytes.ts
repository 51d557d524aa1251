import type { Fields, FieldValue } from '../../contract/store.ts';

/** The value of a document's field as bytes, and back: a letter for its kind, then the text, the bytes, or JSON with marks. */

const TEXT = 0x73;
const BYTES = 0x62;
const JSON_VALUE = 0x6a;
/** What JSON does not carry stands as an object with this one field. */
const MARK = '$';

export function fieldBytes(value: FieldValue): Uint8Array {
  if (typeof value === 'string') return tagged(TEXT, Buffer.from(value));
  if (value instanceof Uint8Array) return tagged(BYTES, value);
  return tagged(JSON_VALUE, Buffer.from(JSON.stringify(toMarked(value))));
}

/** @throws TypeError for bytes that `fieldBytes` did not make */
export function fieldOf(bytes: Uint8Array): FieldValue {
  const content = bytes.subarray(1);
  switch (bytes[0]) {
    case TEXT:
      return Buffer.from(content).toString();
    case BYTES:
      return Uint8Array.from(content);
    case JSON_VALUE:
      return fromMarked(JSON.parse(Buffer.from(content).toString()) as Marked);
    default:
      throw new TypeError('the bytes are no value of a field');
  }
}

function tagged(tag: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(tag), content]);
}

type Marked = null | boolean | number | string | readonly Marked[] | { readonly [name: string]: Marked };

function toMarked(value: FieldValue): Marked {
  if (value instanceof Date) return { [MARK]: ['date', value.getTime()] };
  if (value instanceof Uint8Array) return { [MARK]: ['bytes', Buffer.from(value).toString('base64')] };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return { [MARK]: ['number', Object.is(value, -0) ? '-0' : String(value)] };
  if (Array.isArray(value)) return value.map(toMarked);
  if (typeof value !== 'object' || value === null) return value as Marked;
  const fields = Object.entries(value as Fields).map(([name, field]) => [name, toMarked(field)] as const);
  // As entries: a field may have the name of the mark, or `__proto__`.
  return fields.some(([name]) => name === MARK || name === '__proto__')
    ? { [MARK]: ['fields', fields] }
    : Object.fromEntries(fields);
}

function fromMarked(value: Marked): FieldValue {
  if (Array.isArray(value)) return value.map(fromMarked);
  if (typeof value !== 'object' || value === null) return value as FieldValue;
  const object = value as { readonly [name: string]: Marked };
  const mark = object[MARK];
  if (!Array.isArray(mark))
    return Object.fromEntries(Object.entries(object).map(([name, field]) => [name, fromMarked(field)]));
  const [kind, content = null] = mark as readonly Marked[];
  if (kind === 'date') return new Date(Number(content));
  if (kind === 'bytes') return new Uint8Array(Buffer.from(String(content), 'base64'));
  if (kind === 'number') return Number(content);
  const fields = content as readonly (readonly [string, Marked])[];
  return Object.fromEntries(fields.map(([name, field]) => [name, fromMarked(field)]));
}
