import { StatusError } from '../../wire/status.ts';
import { compileAvro } from './avro-schema.ts';
import type { CompiledSchema, Encoding } from './compiled-schema.ts';
import { compileProtobuf } from './protobuf-schema.ts';

/** https://cloud.google.com/pubsub/quotas#resource_limits */
const LARGEST_DEFINITION = 300_000;

/** @throws StatusError INVALID_ARGUMENT for a type or a definition that is none. */
export function compileSchema(type: string, definition: string): CompiledSchema {
  if (type !== 'AVRO' && type !== 'PROTOCOL_BUFFER') throw invalidSchema('Invalid schema type.');
  if (Buffer.byteLength(definition) > LARGEST_DEFINITION) {
    throw invalidSchema(`The schema definition is larger than ${LARGEST_DEFINITION} bytes.`);
  }
  try {
    return type === 'AVRO' ? compileAvro(definition) : compileProtobuf(definition);
  } catch (error) {
    throw invalidSchema(`Could not parse schema definition: ${reasonOf(error)}`);
  }
}

/** @throws StatusError INVALID_ARGUMENT for an encoding that is none. */
export function requireEncoding(encoding: string): Encoding {
  if (encoding === 'JSON' || encoding === 'BINARY') return encoding;
  throw invalidSchema('Invalid schema encoding provided.');
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function invalidSchema(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
