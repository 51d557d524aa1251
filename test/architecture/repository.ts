import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';

/** The part of package-lock.json that is looked at. https://docs.npmjs.com/cli/configuring-npm/package-lock-json */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** A package as the lock file pins it. */
export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly os?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The part of package.json that is looked at. */
export interface Manifest {
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

/** The files that belong to the project: those that git tracks, or in an unpacked archive all but the installed ones. */
export function projectFiles(root: string): string[] {
  const files = existsSync(posix.join(root, '.git'))
    ? execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0')
    : filesBelow(root);
  return files.filter((file) => file !== '' && existsSync(posix.join(root, file)));
}

function filesBelow(root: string, folder = ''): string[] {
  return readdirSync(posix.join(root, folder)).flatMap((name) => {
    const path = posix.join(folder, name);
    if (['node_modules', 'dist', 'coverage', '.mesh'].includes(name)) return [];
    return statSync(posix.join(root, path)).isDirectory() ? filesBelow(root, path) : [path];
  });
}

/** The packages of `lock` that a deployed function may carry, by name and version. */
export function deployedPackages(lock: Lock): [string, LockedPackage][] {
  return Object.entries(lock.packages)
    .filter(([path, found]) => path !== '' && !found.dev && !found.devOptional)
    .map(([path, found]) => [`${path.replace(/^.*node_modules\//, '')}@${found.version}`, found]);
}

/** The packages for other platforms that `lock` forgot: it installs here and nowhere else. */
export function missingPlatforms(lock: Lock): string[] {
  return Object.values(lock.packages)
    .flatMap((found) => Object.keys(found.optionalDependencies ?? {}))
    .filter((name) => !Object.keys(lock.packages).some((path) => path.endsWith(`node_modules/${name}`)));
}

const FOREIGN = [
  {
    what: "a path of somebody's machine",
    text: /(?:^|[^\w.])(?:\/(?:home|Users|root|work)\/[\w.]|[A-Z]:\\Users\\)/,
  },
  { what: 'the address of a package registry', text: /https?:\/\/(?:registry\.|npm\.pkg\.)/ },
];

/** What in `text` is of no use, or of too much use, to anybody else. */
export function foreignWords(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      FOREIGN.filter(({ text }) => text.test(line)).map(({ what }) => `line ${index + 1}: ${what}`),
    );
}

/** A file of the project as text. */
export function readProjectFile(root: string, file: string): string {
  return readFileSync(posix.join(root, file), 'utf8');
}
