import { MeshError } from '../contract/errors.ts';

/**
 * The value of a field by which runs are told apart or counted.
 *
 * @throws MeshError `SchemaMismatch` naming the field, where it is neither text nor a number
 */
export function keyValueOf(input: unknown, field: string, what: string): string {
  const value = (input as { readonly [field: string]: unknown } | null | undefined)?.[field];
  if ((typeof value === 'string' && value !== '') || typeof value === 'number') return String(value);
  const message = `${what} has no key: ${field} is neither text nor a number`;
  throw new MeshError('SchemaMismatch', message, { field });
}
