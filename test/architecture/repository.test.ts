import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  deployedPackages,
  foreignWords,
  type Lock,
  type Manifest,
  missingPlatforms,
  projectFiles,
  readProjectFile,
} from './repository.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readProjectFile(root, file);
const files = projectFiles(root);
const manifest: Manifest = JSON.parse(read('package.json'));
const lock: Lock = JSON.parse(read('package-lock.json'));
const direct = { ...manifest.dependencies, ...manifest.devDependencies };

describe('the files', () => {
  test('are found', () => {
    expect(files).toContain('package.json');
    expect(files.some((file) => file.includes('node_modules'))).toBe(false);
  });

  test('of code are at most 400 lines long', () => {
    const code = files.filter((file) => /\.(ts|mjs)$/.test(file));
    const long = code.filter((file) => read(file).trimEnd().split('\n').length > 400);
    expect(long).toEqual([]);
  });

  test('hold nothing of the machine that they were written on', () => {
    const found = files.flatMap((file) => foreignWords(read(file)).map((word) => `${file}: ${word}`));
    expect(found).toEqual([]);
  });
});

// Written with | for /, since this file is looked through too.
test.each([
  ['|home|ada|mesh', true],
  ['at file:|||Users|ada|mesh.ts', true],
  ['cd |root|mesh', true],
  ['C:\\' + 'Users\\ada', true],
  ['see https:||registry.example.com|zod', true],
  ['https:||example.com|home|page', false],
  ['GET |users|1', false],
  ['registry.register(agent)', false],
])('%s counts as foreign: %s', (written, foreign) => {
  const text = written.replaceAll('|', '/');
  expect(foreignWords(`first\n${text}`)).toEqual(foreign ? [expect.stringMatching(/^line 2: /)] : []);
});

describe('the dependencies', () => {
  test('are pinned exactly, and locked at that version', () => {
    for (const [name, version] of Object.entries(direct)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
  });

  test('are locked by their content and not by the host that they came from', () => {
    for (const [path, found] of Object.entries(lock.packages)) {
      if (path === '') continue;
      expect(found.resolved, path).toBeUndefined();
      expect(found.integrity, path).toMatch(/^sha512-/);
    }
  });

  test('are locked for every platform', () => {
    expect(missingPlatforms(lock)).toEqual([]);
    const biome = Object.entries(lock.packages).filter(([path]) => path.includes('@biomejs/cli-'));
    const platforms = new Set(biome.flatMap(([, { os = [] }]) => os));
    expect([...platforms].sort()).toEqual(['darwin', 'linux', 'win32']);
  });

  test('that run a script when they are installed are each allowed to or forbidden', () => {
    const scripted = Object.entries(lock.packages).filter(([, found]) => found.hasInstallScript && !found.os);
    for (const [path, { version }] of scripted) {
      const name = path.replace(/^.*node_modules\//, '');
      const decided = [name, `${name}@${version}`].some((key) => key in manifest.allowScripts);
      expect(decided, `${name}@${version} in allowScripts`).toBe(true);
    }
  });

  test('that are deployed have a licence that permits it', () => {
    const permitted = new Set([
      'MIT',
      'ISC',
      'Apache-2.0',
      'BSD',
      'BSD-2-Clause',
      'BSD-3-Clause',
      '0BSD',
      'CC0-1.0',
      '(MIT OR CC0-1.0)',
      // The SPDX list of exceptions, which is data.
      'CC-BY-3.0',
    ]);
    const deployed = deployedPackages(lock);
    expect(deployed.length).toBeGreaterThan(Object.keys(manifest.dependencies).length);
    const other = deployed.filter(([, { license }]) => license === undefined || !permitted.has(license));
    expect(other.map(([name, { license }]) => `${name}: ${license}`)).toEqual([]);
  });
});

test('a lock file that lacks a platform is noticed', () => {
  const packages = { 'node_modules/a': { optionalDependencies: { 'a-linux': '1.0.0', 'a-win32': '1.0.0' } } };
  expect(missingPlatforms({ packages: { ...packages, 'node_modules/a-linux': {} } })).toEqual(['a-win32']);
});

test('one version of Node is meant throughout', () => {
  const version = read('.nvmrc').trim();
  expect(manifest.devDependencies.node).toBe(version);
  expect(manifest.devDependencies['@types/node']?.split('.')[0]).toBe(version.split('.')[0]);
  expect(manifest.engines.node).toMatch(/^>=24\.\d+$/);
});
