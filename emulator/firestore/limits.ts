import { StatusError } from '../wire/status.ts';
import { exceedsUtf8 } from './utf8.ts';
import { type Fields, isVector, type Value } from './value.ts';
import { checkVector } from './vector.ts';

/**
 * The limits of documents, and the size of a document as Firestore counts it.
 * https://cloud.google.com/firestore/quotas and https://cloud.google.com/firestore/docs/storage-size
 */
const MAX_DOCUMENT_BYTES = 1024 * 1024;
/** Of one string or byte string: 1 MiB less 89 bytes. */
const MAX_VALUE_BYTES = MAX_DOCUMENT_BYTES - 89;
const MAX_FIELD_NAME_BYTES = 1500;
/** Maps and arrays within one another. */
const MAX_DEPTH = 20;
/** Of one request, on the wire. */
export const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
/** Field transforms on one document in one commit. */
export const MAX_TRANSFORMS = 500;

const MIN_TIMESTAMP_SECONDS = -62_135_596_800;
const MAX_TIMESTAMP_SECONDS = 253_402_300_799;
const MAX_INTEGER = 2n ** 63n - 1n;
const MIN_INTEGER = -(2n ** 63n);

/** The bytes of a document; `name` is its full name, for the message. @throws StatusError INVALID_ARGUMENT over a limit. */
export function measureDocument(name: string, path: string, fields: Fields): number {
  const size = nameBytes(path) + measureFields(fields, '', 0) + 32;
  if (size > MAX_DOCUMENT_BYTES)
    throw invalid(
      `Document '${name}' cannot be written because its size (${size.toLocaleString('en-US')} bytes) exceeds the ` +
        `maximum allowed size of ${MAX_DOCUMENT_BYTES.toLocaleString('en-US')} bytes.`,
    );
  return size;
}

/** 16 bytes, and each id with one byte more. */
function nameBytes(path: string): number {
  return 16 + Buffer.byteLength(path) + 1;
}

function measureFields(fields: Fields, within: string, depth: number, vector = false): number {
  let size = 0;
  for (const [name, value] of fields) {
    if (name === '') throw invalid('The property.name is the empty string.');
    if (!name.isWellFormed()) throw invalid('The property.name is not valid Unicode.');
    if (exceedsUtf8(name, MAX_FIELD_NAME_BYTES))
      throw invalid(`The property.name is longer than ${MAX_FIELD_NAME_BYTES} bytes.`);
    if (!vector && name.length >= 4 && name.startsWith('__') && name.endsWith('__'))
      throw invalid(`field name ${name} is reserved`);
    const path = within === '' ? name : `${within}.${name}`;
    size += Buffer.byteLength(name) + 1 + measureValue(value, path, depth);
  }
  return size;
}

function measureValue(value: Value, path: string, depth: number): number {
  switch (value.type) {
    case 'null':
    case 'boolean':
      return 1;
    case 'integer':
      if (value.value > MAX_INTEGER || value.value < MIN_INTEGER)
        throw invalid(`The value of property "${path}" is not a 64-bit integer.`);
      return 8;
    case 'double':
      return 8;
    case 'timestamp':
      if (!(value.seconds >= MIN_TIMESTAMP_SECONDS && value.seconds <= MAX_TIMESTAMP_SECONDS))
        throw invalid(`The timestamp of property "${path}" is outside of the years 1 to 9999.`);
      return 8;
    case 'string':
      if (!value.value.isWellFormed())
        throw invalid(
          `The value of property "${path}" is not valid Unicode: it holds half of a surrogate pair.`,
        );
      return checkLength(Buffer.byteLength(value.value), path) + 1;
    case 'bytes':
      return checkLength(value.value.byteLength, path);
    case 'reference':
      if (!value.value.startsWith('projects/'))
        throw invalid(`Resource name "${value.value}" lacks "projects" at index 0.`);
      return nameBytes(value.value.split('/').slice(5).join('/'));
    case 'geopoint':
      checkCoordinate('latitude', value.latitude, 90);
      checkCoordinate('longitude', value.longitude, 180);
      return 16;
    case 'array': {
      checkDepth(depth, path);
      let size = 0;
      for (const element of value.values) {
        if (element.type === 'array') throw invalid('Cannot convert an array value in an array value.');
        size += measureValue(element, path, depth + 1);
      }
      return size;
    }
    case 'map': {
      checkDepth(depth, path);
      const vector = isVector(value);
      if (vector) checkVector(value.fields);
      return measureFields(value.fields, path, depth + 1, vector);
    }
  }
}

function checkLength(bytes: number, path: string): number {
  if (bytes > MAX_VALUE_BYTES)
    throw invalid(`The value of property "${path}" is longer than ${MAX_VALUE_BYTES} bytes.`);
  return bytes;
}

function checkDepth(depth: number, path: string): void {
  if (depth >= MAX_DEPTH) throw invalid(`Property ${path.split('.')[0]} contains an invalid nested entity.`);
}

function checkCoordinate(what: string, degrees: number, limit: number): void {
  if (!(Math.abs(degrees) <= limit))
    throw invalid(`Geo point ${what} '${degrees}' outside permitted range -${limit}.0 to ${limit}.0.`);
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
