import { StatusError } from '../../wire/status.ts';
import { type Document, project } from '../document.ts';
import type { FieldPath } from '../field-path.ts';
import { parseFieldPath } from '../field-path.ts';
import { packFields } from '../packed-fields.ts';
import type { Micros } from '../time.ts';
import { EMPTY_FIELDS, type Fields, NULL, type TimestampValue, type Value } from '../value.ts';
import type { WireDocument, WireFields, WireMask, WireTimestamp, WireValue } from './messages.ts';

/** @throws StatusError INVALID_ARGUMENT when the message holds no value */
export function readValue(wire: WireValue): Value {
  if (wire.stringValue !== undefined) return { type: 'string', value: wire.stringValue };
  if (wire.integerValue !== undefined) return { type: 'integer', value: BigInt(wire.integerValue) };
  if (wire.doubleValue !== undefined) return { type: 'double', value: wire.doubleValue };
  if (wire.booleanValue !== undefined) return { type: 'boolean', value: wire.booleanValue };
  if (wire.mapValue !== undefined) return { type: 'map', fields: readFields(wire.mapValue.fields) };
  if (wire.arrayValue !== undefined)
    return { type: 'array', values: (wire.arrayValue.values ?? []).map(readValue) };
  if (wire.timestampValue !== undefined) return readTimestamp(wire.timestampValue);
  if (wire.nullValue !== undefined) return NULL;
  // A copy: the bytes are a view of the whole request, which would be kept alive.
  if (wire.bytesValue !== undefined) return { type: 'bytes', value: Uint8Array.from(wire.bytesValue) };
  if (wire.referenceValue !== undefined) return { type: 'reference', value: wire.referenceValue };
  if (wire.geoPointValue !== undefined) {
    const { latitude = 0, longitude = 0 } = wire.geoPointValue;
    return { type: 'geopoint', latitude, longitude };
  }
  throw new StatusError('INVALID_ARGUMENT', 'Cannot convert firestore.v1.Value with type unset.');
}

export function readFields(wire: WireFields | undefined): Fields {
  if (!wire) return EMPTY_FIELDS;
  const names = Object.keys(wire);
  return packFields(
    names,
    names.map((name) => readValue(wire[name] as WireValue)),
  );
}

/** Cut to the microsecond, as it is stored. */
function readTimestamp({ seconds = 0, nanos = 0 }: WireTimestamp): TimestampValue {
  if (!(nanos >= 0 && nanos < 1e9))
    throw new StatusError('INVALID_ARGUMENT', `Timestamp nanos ${nanos} is outside of 0 to 999,999,999.`);
  return { type: 'timestamp', seconds: Number(seconds), nanos: nanos - (nanos % 1000) };
}

export function readMicros({ seconds = 0, nanos = 0 }: WireTimestamp): Micros {
  return Number(seconds) * 1e6 + Math.floor(nanos / 1000);
}

export function readMask(mask: WireMask | undefined): readonly FieldPath[] | undefined {
  return mask && (mask.fieldPaths ?? []).map(parseFieldPath);
}

export function writeValue(value: Value): WireValue {
  switch (value.type) {
    case 'null':
      return { nullValue: 'NULL_VALUE' };
    case 'boolean':
      return { booleanValue: value.value };
    case 'integer':
      return { integerValue: value.value.toString() };
    case 'double':
      return { doubleValue: value.value };
    case 'timestamp':
      return { timestampValue: { seconds: value.seconds, nanos: value.nanos } };
    case 'string':
      return { stringValue: value.value };
    case 'bytes':
      return { bytesValue: value.value };
    case 'reference':
      return { referenceValue: value.value };
    case 'geopoint':
      return { geoPointValue: { latitude: value.latitude, longitude: value.longitude } };
    case 'array':
      return { arrayValue: { values: value.values.map(writeValue) } };
    case 'map':
      return { mapValue: { fields: writeFields(value.fields) } };
  }
}

function writeFields(fields: Fields): WireFields {
  const wire: Record<string, WireValue> = {};
  for (const [name, value] of fields) wire[name] = writeValue(value);
  return wire;
}

export function writeTime(micros: Micros): WireTimestamp {
  const seconds = Math.floor(micros / 1e6);
  return { seconds, nanos: (micros - seconds * 1e6) * 1000 };
}

/** `mask` leaves only some fields. */
export function writeDocument(root: string, document: Document, mask?: readonly FieldPath[]): WireDocument {
  return {
    name: `${root}/${document.path}`,
    fields: writeFields(mask ? project(document.fields, mask) : document.fields),
    createTime: writeTime(document.createTime),
    updateTime: writeTime(document.updateTime),
  };
}
