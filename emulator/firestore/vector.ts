import { StatusError } from '../wire/status.ts';
import type { Fields } from './value.ts';

/** https://cloud.google.com/firestore/docs/vector-search#limitations */
export const MAX_DIMENSIONS = 2048;

/** `fields` are those of a map that is marked as a vector. @throws StatusError INVALID_ARGUMENT when it can be none. */
export function checkVector(fields: Fields): void {
  const value = fields.get('value');
  if (!value) throw invalid("Vector map is missing key 'value'.");
  if (fields.size > 2) throw invalid('Vector map has extraneous entries.');
  if (value.type !== 'array') throw invalid('Vector value type must be an array.');
  if (value.values.length === 0) throw invalid('Cannot have a zero length vector.');
  if (value.values.length > MAX_DIMENSIONS)
    throw invalid(`Vectors must be at most ${MAX_DIMENSIONS} dimensions.`);
  if (value.values.some(({ type }) => type !== 'double'))
    throw invalid("Vector must only contain values of type 'double'.");
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
