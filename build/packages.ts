import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from './bundle.ts';

/** A package of which there is code in a bundle. */
export interface BundledPackage {
  /** From the root: `node_modules/zod`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** As its package.json says it, an SPDX expression mostly. */
  readonly license: string | undefined;
  /** `sha512-…`, of the archive that it was installed from, as the lock file has it. */
  readonly integrity: string | undefined;
  /** Texts of its licence and notice files, by the name of the file. */
  readonly texts: ReadonlyMap<string, string>;
  /** Paths of the packages whose code its own code imports. */
  readonly uses: readonly string[];
}

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type?: string };
  readonly licenses?: readonly { readonly type?: string }[];
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
}

/** Where the package of an input is, from the root; undefined for the project's own code. */
export function packageOf(input: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

/** The packages in a bundle, and only those of which there are bytes in it; in order of their paths. */
export function packagesIn(root: string, { inputs, bytesOf }: Bundle): BundledPackage[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const uses = new Map<string, Set<string>>();
  for (const [input, bytes] of Object.entries(bytesOf)) {
    const path = packageOf(input);
    if (path === undefined || bytes === 0) continue;
    const used = uses.get(path) ?? new Set();
    uses.set(path, used);
    for (const { path: imported } of inputs[input]?.imports ?? []) {
      const other = packageOf(imported);
      if (other !== undefined && other !== path && (bytesOf[imported] ?? 0) > 0) used.add(other);
    }
  }
  return [...uses]
    .sort(byPath)
    .map(([path, used]) => ({ ...read(root, path, lock), uses: [...used].sort() }));
}

const byPath = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);

function read(root: string, path: string, lock: Lock): Omit<BundledPackage, 'uses'> {
  const directory = join(root, path);
  const { name, version, license, licenses } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  ) as PackageJson;
  const files = readdirSync(directory).filter((file) => /^(licen[cs]es?|copying|notice)([.-]|$)/i.test(file));
  return {
    path,
    name,
    version,
    license: typeof license === 'string' ? license : (license?.type ?? licenses?.[0]?.type),
    integrity: lock.packages[path]?.integrity,
    texts: new Map(files.sort().map((file) => [file, readFileSync(join(directory, file), 'utf8').trim()])),
  };
}
