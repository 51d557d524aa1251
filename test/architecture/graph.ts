import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { type ImportSite, importsOf } from './imports.ts';

/** A file of the project and what it imports. */
export interface Module {
  /** From the root, with slashes. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly ImportSite[];
}

/** The project's modules by their path. */
export type Graph = ReadonlyMap<string, Module>;

const CODE = /\.(ts|mts|mjs)$/;
const ELSEWHERE = new Set(['node_modules', 'dist', 'coverage']);

/** The graph of sources by their path. */
export function graphOf(sources: Readonly<Record<string, string>>): Graph {
  const modules = Object.entries(sources).map(([path, source]): [string, Module] => [
    path,
    { path, lines: source.trimEnd().split('\n').length, imports: importsOf(source) },
  ]);
  return new Map(modules);
}

/** The graph of every TypeScript and JavaScript module below `root`. */
export function readGraph(root: string): Graph {
  return graphOf(
    Object.fromEntries(codeFiles(root).map((path) => [path, readFileSync(posix.join(root, path), 'utf8')])),
  );
}

/** The module that `specifier` names in `from`, or undefined when it names a package. */
export function targetOf(from: string, specifier: string): string | undefined {
  return /^\.{0,2}\//.test(specifier) ? posix.join(posix.dirname(from), specifier) : undefined;
}

function codeFiles(root: string, folder = ''): string[] {
  return readdirSync(posix.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) {
      return entry.name.startsWith('.') || ELSEWHERE.has(entry.name) ? [] : codeFiles(root, path);
    }
    return CODE.test(entry.name) ? [path] : [];
  });
}
