import { MeshError } from './errors.ts';
import type { Fields, FieldValue } from './store.ts';

/**
 * What a document of Firestore may hold (https://firebase.google.com/docs/firestore/quotas#limits), and its size as Firestore counts it
 * (https://firebase.google.com/docs/firestore/storage-size). Who hands over what breaks a rule is told at once, with the field; every
 * implementation of the Store port refuses the same.
 */
const MOST_DOCUMENT_BYTES = 1_048_576;
/** Of one text or one field of bytes. */
const MOST_VALUE_BYTES = MOST_DOCUMENT_BYTES - 89;
const MOST_NAME_BYTES = 1_500;
/** Of maps and lists within one another. */
const MOST_LEVELS = 20;
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00.000Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * The bytes of a document's fields.
 *
 * @param hidden bytes of the document that are not among these fields
 * @throws MeshError `StateInvalid` naming the field for what Firestore can't keep, `DocumentTooLarge`
 */
export function measureFields(fields: Fields, hidden = 0): number {
  const bytes = sizeOfMap(fields, '', 0) + hidden;
  if (bytes <= MOST_DOCUMENT_BYTES) return bytes;
  throw new MeshError(
    'DocumentTooLarge',
    `the document takes ${bytes} bytes; the limit is ${MOST_DOCUMENT_BYTES}`,
  );
}

function sizeOfMap(fields: Fields, path: string, level: number): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const field = fieldOf(path, name);
    bytes += sizeOfName(name, field) + sizeOf(value, field, level);
  }
  return bytes;
}

function sizeOf(value: FieldValue, field: string, level: number): number {
  switch (typeof value) {
    case 'string':
      checkText(value, field);
      return checkLength(Buffer.byteLength(value), field) + 1;
    case 'boolean':
      return 1;
    case 'number':
      return 8;
    case 'object':
      return value === null ? 1 : sizeOfObject(value, field, level);
    default:
      throw notKept(value, field);
  }
}

function sizeOfObject(
  value: Exclude<FieldValue, null | boolean | number | string>,
  field: string,
  level: number,
) {
  if (value instanceof Date) {
    checkTime(value, field);
    return 8;
  }
  if (value instanceof Uint8Array) return checkLength(value.byteLength, field);
  checkLevel(level, field);
  if (!isList(value)) {
    checkPlain(value, field);
    return sizeOfMap(value, field, level + 1);
  }
  let bytes = 0;
  for (const [at, item] of value.entries()) {
    checkItem(item, `${field}.${at}`);
    bytes += sizeOf(item, `${field}.${at}`, level + 1);
  }
  return bytes;
}

export function isList(value: object): value is readonly FieldValue[] {
  return Array.isArray(value);
}

/** The path of a field within that of the map that holds it. */
export function fieldOf(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** Half a character, as JSON can hold one, makes a request that no service reads. */
export function checkText(text: string, field: string): void {
  if (!text.isWellFormed()) throw refusal(field, 'the text is not Unicode: it holds half a character');
}

function sizeOfName(name: string, field: string): number {
  checkFieldName(name, field);
  return Buffer.byteLength(name) + 1;
}

export function checkFieldName(name: string, field: string): void {
  checkText(name, field);
  // A character takes at most three bytes for each of its units.
  if (name.length * 3 > MOST_NAME_BYTES && Buffer.byteLength(name) > MOST_NAME_BYTES)
    throw refusal(field, `the name has over ${MOST_NAME_BYTES} bytes`);
}

export function checkTime(date: Date, field: string): void {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw refusal(field, 'an invalid date');
  if (ms < EARLIEST_MS || ms > LATEST_MS) throw refusal(field, 'the date is outside of the years 1 to 9999');
}

function checkLength(bytes: number, field: string): number {
  if (bytes <= MOST_VALUE_BYTES) return bytes;
  const message = `${field.toWellFormed()}: the value takes ${bytes} bytes; the limit is ${MOST_VALUE_BYTES}`;
  throw new MeshError('DocumentTooLarge', message, { field: field.toWellFormed() });
}

/** @param level of the map or list itself: 0 for the value of a document's own field */
export function checkLevel(level: number, field: string): void {
  if (level >= MOST_LEVELS)
    throw refusal(
      field,
      `it is circular, or over ${MOST_LEVELS} levels deep, which is the most that Firestore keeps`,
    );
}

export function checkItem(item: FieldValue | undefined, field: string): void {
  if (item === undefined) throw refusal(field, 'a list can hold null, but not undefined');
  if (Array.isArray(item)) throw refusal(field, 'Firestore keeps no array directly in an array');
}

/** An instance of a class, such as a `Map`, would be kept as the map of its own fields: as another thing, or as nothing. */
export function checkPlain(value: object, field: string): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return;
  const { constructor: made } = value;
  throw refusal(
    field,
    `a ${(typeof made === 'function' && made.name) || 'class'} can't be kept in Firestore`,
  );
}

export function notKept(value: unknown, field: string): MeshError {
  return refusal(field, `a ${typeof value} can't be kept in Firestore`);
}

function refusal(field: string, rule: string): MeshError {
  // A circle goes on for ever: its beginning tells.
  const path = field.slice(0, 200).toWellFormed();
  return new MeshError('StateInvalid', `${path}: ${rule}`, { field: path });
}

/**
 * Holds the path of a document: an even number of ids, none empty, `.`, `..`, of the form `__x__` or over 1,500 bytes.
 *
 * @throws MeshError `StoreRefused`
 */
export function checkPath(path: string): void {
  const ids = path.split('/');
  const wrong = ids.find(
    (id) =>
      !id || id === '.' || id === '..' || /^__.*__$/.test(id) || Buffer.byteLength(id) > MOST_NAME_BYTES,
  );
  if (wrong === undefined && ids.length % 2 === 0 && path.isWellFormed()) return;
  const name = path.toWellFormed().slice(0, 200);
  throw new MeshError('StoreRefused', `no document can have the path ${JSON.stringify(name)}`, {
    field: 'path',
  });
}
