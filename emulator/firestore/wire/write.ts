import { StatusError } from '../../wire/status.ts';
import { parseFieldPath } from '../field-path.ts';
import { parseName } from '../path.ts';
import type { Precondition } from '../precondition.ts';
import type { Transform } from '../transform.ts';
import { EMPTY_FIELDS } from '../value.ts';
import type { Write, WriteResult } from '../write.ts';
import type { WireFieldTransform, WirePrecondition, WireWrite, WireWriteResult } from './messages.ts';
import { readFields, readMask, readMicros, readValue, writeTime, writeValue } from './value.ts';

/** @throws StatusError INVALID_ARGUMENT, also when the document is not of `database` */
export function readWrite(wire: WireWrite, database: string): Write {
  const precondition = readPrecondition(wire.currentDocument);
  if (wire.update) {
    const transforms = (wire.updateTransforms ?? []).map(readTransform);
    return {
      op: 'set',
      path: pathIn(database, wire.update.name ?? ''),
      fields: readFields(wire.update.fields),
      mask: readMask(wire.updateMask),
      transforms,
      precondition,
    };
  }
  if (wire.delete !== undefined) return { op: 'delete', path: pathIn(database, wire.delete), precondition };
  if (wire.transform) {
    const transforms = (wire.transform.fieldTransforms ?? []).map(readTransform);
    if (transforms.length === 0) throw invalid('The list of FieldTransform must not be empty.');
    const path = pathIn(database, wire.transform.document ?? '');
    return { op: 'set', path, fields: EMPTY_FIELDS, mask: [], transforms, precondition };
  }
  throw invalid('empty write operation');
}

/** The path of a document that must be of `database`. @throws StatusError INVALID_ARGUMENT */
export function pathIn(database: string, name: string): string {
  const resource = parseName(name);
  if (resource.database !== database)
    throw invalid(`Document name "${name}" is not in the database "${database}" of the request.`);
  return resource.path;
}

function readPrecondition(wire: WirePrecondition | undefined): Precondition | undefined {
  if (wire?.exists !== undefined) return { exists: wire.exists };
  return wire?.updateTime && { updateTime: readMicros(wire.updateTime) };
}

export function writeResult({ updateTime, transformResults }: WriteResult): WireWriteResult {
  return {
    updateTime: updateTime === undefined ? undefined : writeTime(updateTime),
    transformResults: transformResults.map(writeValue),
  };
}

function readTransform(wire: WireFieldTransform): Transform {
  const field = parseFieldPath(wire.fieldPath ?? '');
  if (wire.setToServerValue === 'REQUEST_TIME') return { field, kind: 'serverTimestamp' };
  if (wire.increment) return { field, kind: 'increment', operand: readValue(wire.increment) };
  if (wire.maximum) return { field, kind: 'maximum', operand: readValue(wire.maximum) };
  if (wire.minimum) return { field, kind: 'minimum', operand: readValue(wire.minimum) };
  if (wire.appendMissingElements)
    return { field, kind: 'arrayUnion', values: (wire.appendMissingElements.values ?? []).map(readValue) };
  if (wire.removeAllFromArray)
    return { field, kind: 'arrayRemove', values: (wire.removeAllFromArray.values ?? []).map(readValue) };
  throw invalid(`The transform of field "${wire.fieldPath}" is of no known kind.`);
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
