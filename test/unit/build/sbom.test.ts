import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { licensesOf } from '../../../build/licenses.ts';
import { type BundledPackage, packageOf, packagesIn } from '../../../build/packages.ts';
import { sbomOf } from '../../../build/sbom.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const inner: BundledPackage = {
  path: 'node_modules/inner',
  name: 'inner',
  version: '1.2.3',
  license: 'MIT',
  integrity: `sha512-${Buffer.alloc(64, 1).toString('base64')}`,
  texts: new Map([['LICENSE', 'Do as you please.']]),
  uses: [],
};
const outer: BundledPackage = {
  ...inner,
  path: 'node_modules/@scope/outer',
  name: '@scope/outer',
  license: '(MIT OR CC0-1.0)',
  integrity: undefined,
  texts: new Map(),
  uses: ['node_modules/inner'],
};
const options = { agent: 'orders', version: '0.1.0', sha256: 'ab'.repeat(32), packages: [outer, inner] };

describe('the SBOM of a bundle', () => {
  const bom = JSON.parse(sbomOf(options)) as {
    components: { name: string }[];
    dependencies: { ref: string; dependsOn?: string[] }[];
  };

  test('names each package, by where it comes from, with its licence and its hash', () => {
    expect(bom).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { component: { type: 'application', name: 'agent-mesh-orders', version: '0.1.0' } },
      components: [
        {
          group: '@scope',
          name: 'outer',
          purl: 'pkg:npm/%40scope/outer@1.2.3',
          licenses: [{ expression: '(MIT OR CC0-1.0)' }],
        },
        {
          type: 'library',
          name: 'inner',
          version: '1.2.3',
          purl: 'pkg:npm/inner@1.2.3',
          licenses: [{ license: { id: 'MIT' } }],
          hashes: [{ alg: 'SHA-512', content: '01'.repeat(64) }],
        },
      ],
    });
    expect(bom.components.find(({ name }) => name === 'outer')).not.toHaveProperty('hashes');
  });

  test('says which package uses which', () => {
    const [used] = bom.dependencies.filter(({ ref }) => ref.includes('outer'));
    expect(used?.dependsOn).toEqual([expect.stringContaining('inner@1.2.3')]);
  });

  test('is the same for the same bundle, in whichever order its packages are found, and at whatever time', () => {
    expect(sbomOf({ ...options, packages: [inner, outer] })).toBe(sbomOf(options));
    expect(bom).not.toHaveProperty('serialNumber');
    expect(bom).not.toHaveProperty('metadata.timestamp');
  });
});

test('the licence file has the text of each, and says where there is none', () => {
  const text = licensesOf('Our own licence.', [inner, outer]);
  expect(text).toContain('Our own licence.');
  expect(text).toMatch(/inner 1\.2\.3 \(MIT\)[\s=]+Do as you please\./);
  expect(text).toMatch(/@scope\/outer 1\.2\.3 \(\(MIT OR CC0-1\.0\)\)[\s=]+Its package has no text/);
});

test('a package is in a bundle when there are bytes of it', () => {
  const input = (paths: string[]) => ({
    bytes: 1,
    imports: paths.map((path) => ({ path, kind: 'require-call' as const })),
  });
  const bundle = {
    code: '',
    inputs: {
      'agents/orders/index.ts': input(['node_modules/zod/index.js', 'node_modules/winston/lib/winston.js']),
      'node_modules/zod/index.js': input([
        'node_modules/long/index.js',
        'node_modules/winston/lib/winston.js',
      ]),
      'node_modules/long/index.js': input([]),
      'node_modules/winston/lib/winston.js': input([]),
    },
    bytesOf: {
      'agents/orders/index.ts': 10,
      'node_modules/zod/index.js': 10,
      'node_modules/long/index.js': 10,
      'node_modules/winston/lib/winston.js': 0,
    },
  };
  expect(packagesIn(root, bundle).map(({ name, uses }) => [name, uses])).toEqual([
    ['long', []],
    ['zod', ['node_modules/long']],
  ]);
});

test.each([
  ['node_modules/zod/index.js', 'node_modules/zod'],
  ['node_modules/@scope/a/b.js', 'node_modules/@scope/a'],
  ['node_modules/a/node_modules/b/c.js', 'node_modules/a/node_modules/b'],
  ['shared/index.ts', undefined],
])('%s is of %s', (input, path) => {
  expect(packageOf(input)).toBe(path);
});
