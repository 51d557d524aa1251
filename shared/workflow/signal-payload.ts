import { type Failure, toFailure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { Schema } from '../contract/schema.ts';
import { stableValue } from '../contract/stable-value.ts';

/** What is wrong with the payload of a signal, if anything; the field is named from the data of the message: `payload.approved`. */
export function payloadRefusal(name: string, schema: Schema, payload: Json | undefined): Failure | undefined {
  try {
    stableValue(schema, payload, 'SchemaMismatch', `the payload of the signal "${name}"`);
    return undefined;
  } catch (error) {
    const failure = toFailure(error, 'SchemaMismatch');
    return { ...failure, field: failure.field === 'data' ? 'payload' : `payload.${failure.field}` };
  }
}
