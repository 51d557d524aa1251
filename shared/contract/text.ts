import { MeshError } from './errors.ts';

/**
 * A text for people, such as the message of an error, as every service keeps it: half a character, which JSON can hold and
 * Firestore and Pub/Sub can't, becomes U+FFFD, and what is over `most` characters is cut.
 */
export function plainText(text: string, most: number): string {
  const plain = text.toWellFormed();
  return plain.length <= most ? plain : `${plain.slice(0, most - 1).toWellFormed()}…`;
}

/**
 * Holds a name or an identifier that code gives, which is never mended: two names must not become one.
 *
 * @throws MeshError `ArgumentInvalid` for one that is empty, over `mostBytes` of UTF-8, or no Unicode
 */
export function checkName(name: unknown, field: string, mostBytes = 500): void {
  const refused = (rule: string) => new MeshError('ArgumentInvalid', `${field} ${rule}`, { field });
  if (typeof name !== 'string' || name === '') throw refused('must be a text that is not empty');
  if (!name.isWellFormed()) throw refused('is not Unicode: it holds half a character');
  const bytes = Buffer.byteLength(name);
  if (bytes > mostBytes) throw refused(`has ${bytes} bytes; the limit is ${mostBytes}`);
}
