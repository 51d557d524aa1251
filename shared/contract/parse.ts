import type * as z from 'zod';
import { type ErrorCode, MeshError } from './errors.ts';

/**
 * Parses `value`, or throws one error that names the first field that is wrong and the rule that it breaks (I11). Values are not
 * repeated in the message: they may be secret (I12).
 */
export function parseAs<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  code: ErrorCode,
  what: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.') || 'data';
  throw new MeshError(code, `${what}: ${field}: ${issue?.message ?? 'does not fit its schema'}`, { field });
}
