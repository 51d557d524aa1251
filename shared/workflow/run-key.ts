import { MeshError } from '../contract/errors.ts';

/** Of UTF-8: what an index of Firestore keeps of a value (https://firebase.google.com/docs/firestore/quotas#limits). */
const MOST_BYTES = 1_500;

/**
 * The value of a field by which runs are told apart or counted.
 *
 * @throws MeshError `SchemaMismatch` naming the field, where it is neither text nor a number, or one that no document keeps
 */
export function keyValueOf(input: unknown, field: string, what: string): string {
  const value = (input as { readonly [field: string]: unknown } | null | undefined)?.[field];
  const refused = (rule: string) =>
    new MeshError('SchemaMismatch', `${what} has no key: ${field} ${rule}`, { field });
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string' || value === '') throw refused('is neither text nor a number');
  if (!value.isWellFormed()) throw refused('is not Unicode: it holds half a character');
  if (Buffer.byteLength(value) > MOST_BYTES) throw refused(`has over ${MOST_BYTES} bytes`);
  return value;
}
