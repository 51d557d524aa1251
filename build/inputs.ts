import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { digestOf, readFolder } from './digest.ts';
import { packageOf } from './packages.ts';

/** What a bundle was made from, to tell whether it still is that. */
export interface Inputs {
  /** The project's own files in it, from the root. */
  readonly files: readonly string[];
  readonly sha256: string;
  /** What its code cache was recorded of. While that is the same, the recording is kept. */
  readonly recording: string;
}

/**
 * The inputs of a bundle: its own code, its example, the packages (by the lock file), this program, and Node.
 *
 * @param bundled paths of the bundled files, from the root
 */
export function inputsOf(
  root: string,
  bundled: readonly string[],
  { example, code }: { readonly example: string; readonly code: string },
): Inputs {
  const own = bundled.filter(
    (path) => packageOf(path) === undefined && !path.includes(':') && path !== 'entry.cjs',
  );
  const files = [...own, relative(root, example).replaceAll('\\', '/')].sort();
  const recorder = readFolder(join(import.meta.dirname, 'code-cache'));
  const recording = digestOf(
    new Map([...recorder, ['code', code], ['example', readIfThere(example)], ['node', NODE]]),
  );
  return { files, sha256: digestOfInputs(root, files), recording };
}

const NODE = `${process.version} ${process.arch}`;

/** What the digest of `files` is now. */
export function digestOfInputs(root: string, files: readonly string[]): string {
  const program = readdirSync(import.meta.dirname, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  const content = new Map<string, Uint8Array | string>([['node', NODE]]);
  for (const path of [...files, ...program, 'package-lock.json'])
    content.set(path, readIfThere(join(root, path)));
  return digestOf(content);
}

function readIfThere(path: string): Uint8Array | string {
  try {
    return readFileSync(path);
  } catch {
    return '';
  }
}
