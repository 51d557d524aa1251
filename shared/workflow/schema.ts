import type * as z from 'zod';
import { MeshError } from '../contract/errors.ts';
import type { Json } from '../contract/json.ts';

/**
 * The value as the schema reads it.
 *
 * @param what begins the message: `the input of payments.charge`
 * @throws MeshError with `code`, naming the first field that is wrong, such as `lines.0.quantity`
 */
export function read<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  code: 'SchemaMismatch' | 'OutputInvalid',
  what: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.map(String).join('.');
  const place = field ? `${field}: ` : '';
  throw new MeshError(code, `${what} does not fit its schema: ${place}${issue?.message ?? 'invalid'}`, {
    ...(field && { field }),
    cause: result.error,
  });
}

/** The value as it comes back from JSON: what is stored and sent is what code sees, at once and on replay. */
export function asJson(value: unknown): Json | undefined {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : (JSON.parse(text) as Json);
}
