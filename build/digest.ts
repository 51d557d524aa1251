import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** SHA-256 of files, of their names and their content, whatever order they are given in. */
export function digestOf(files: ReadonlyMap<string, Uint8Array | string>): string {
  const hash = createHash('sha256');
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // Lengths first, so that no two sets of files run together into the same bytes.
    hash.update(`${Buffer.byteLength(name)} ${Buffer.byteLength(content)}\n${name}`).update(content);
  }
  return hash.digest('hex');
}

/** The files directly in a folder. */
export function readFolder(directory: string): Map<string, Buffer> {
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]));
}
