import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadContracts } from '../../agents/contracts.ts';
import { type Built, buildBundles } from '../../build/build.ts';
import { pushOf, readExample } from '../../build/example.ts';
import { FunctionProcess } from '../../build/function-process.ts';
import type { LocalMesh } from '../../cli/local/local-mesh.ts';
import { startStage } from '../../cli/local/stage.ts';
import { runIdOf } from '../../shared/contract/keys.ts';
import { runPath } from '../../shared/contract/names.ts';
import { createPorts } from '../../shared/gcp/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const agents = join(root, 'agents');
const out = join(root, 'dist');
const names = (await loadContracts()).map(({ name }) => name);
const scratch = mkdtempSync(join(tmpdir(), 'mesh-bundles-'));
const framework = join(
  dirname(createRequire(import.meta.url).resolve('@google-cloud/functions-framework')),
  'main.js',
);

/** The most that each agent's code may be, in KB; more is more to load. Twilio's SDK is large. */
const BUDGET_KB: Readonly<Record<string, number>> = { notifications: 10_500, payments: 5_500 };
const USUAL_BUDGET_KB = 5_200;
const CACHE_BUDGET_KB = 4_800;

let built: Built;
beforeAll(async () => {
  built = await buildBundles({ root, agents, out, ifNeeded: true });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(names)('the bundle of %s', (agent) => {
  const file = (name: string) => join(out, 'agents', agent, name);

  test('is within its budget', () => {
    const entry = built.manifest.agents[agent];
    expect((entry?.codeBytes ?? 0) / 1_024).toBeLessThan(BUDGET_KB[agent] ?? USUAL_BUDGET_KB);
    expect((entry?.cache.bytes ?? 0) / 1_024).toBeLessThan(CACHE_BUDGET_KB);
  });

  test('has a code cache that this Node takes', () => {
    const cachedData = readFileSync(file('agent.cache'));
    const probe = `const {Script}=require('node:vm'),{readFileSync}=require('node:fs');
      const script = new Script(readFileSync('agent.js','latin1'),{filename:'agent.js',cachedData:readFileSync('agent.cache')});
      process.stdout.write(String(script.cachedDataRejected));`;
    const { NODE_OPTIONS: _options, ...env } = process.env;
    const cwd = join(out, 'agents', agent);
    expect(execFileSync(process.execPath, ['-e', probe], { cwd, env, encoding: 'utf8' })).toBe('false');
    // And not of any code that is as long.
    const other = `${'x'.repeat(readFileSync(file('agent.js')).byteLength - 1)};`;
    expect(cachedData.byteLength).toBeGreaterThan(1_000_000);
    expect(new Script(other.slice(1), { cachedData }).cachedDataRejected).toBe(true);
  });

  test('lists what it is made of, each with a licence and the hash of the lock file', () => {
    const { components } = JSON.parse(readFileSync(file('sbom.cdx.json'), 'utf8')) as {
      components: { purl: string; licenses?: object[]; hashes?: object[] }[];
    };
    const purls = components.map(({ purl }) => purl.replace(/@[^@]+$/, ''));
    expect(purls).toEqual(expect.arrayContaining(['pkg:npm/google-gax', 'pkg:npm/zod', 'pkg:npm/express']));
    expect(purls).not.toEqual(expect.arrayContaining(['pkg:npm/vitest']));
    expect(purls.includes('pkg:npm/stripe')).toBe(agent === 'payments');
    expect(purls.includes('pkg:npm/twilio')).toBe(agent === 'notifications');
    const lacking = components.filter(({ licenses, hashes }) => !licenses?.length || !hashes?.length);
    expect(lacking).toEqual([]);
  });

  test('has all that a container needs, and nothing to install', () => {
    expect(readdirSync(join(out, 'agents', agent)).sort()).toEqual([
      'LICENSES.txt',
      'agent.cache',
      'agent.js',
      'index.cjs',
      'package.json',
      'sbom.cdx.json',
    ]);
    const manifest = JSON.parse(readFileSync(file('package.json'), 'utf8')) as Record<string, unknown>;
    expect(manifest).toMatchObject({
      main: 'index.cjs',
      scripts: { start: built.manifest.agents[agent]?.command.join(' ') },
    });
    expect(manifest).not.toHaveProperty('dependencies');
    expect(readFileSync(file('agent.js'), 'latin1')).not.toContain(root);
  });
});

describe('a bundle', () => {
  let stage: LocalMesh;
  beforeAll(async () => {
    stage = await startStage({ project: 'demo-bundles', prefix: 'mesh', agents, env: {} });
  });
  afterAll(() => stage?.close());

  const orders = join(out, 'agents', 'orders');
  const copy = (name: string) => {
    const directory = join(scratch, name);
    cpSync(orders, directory, { recursive: true });
    return directory;
  };

  test.each<[string, () => { args: string[]; cwd: string }]>([
    ['by its command', () => ({ args: built.manifest.agents.orders?.command.slice(1) ?? [], cwd: orders })],
    [
      'by a functions framework',
      () => ({
        args: [framework, '--target=orders', '--signature-type=http', `--source=${orders}`],
        cwd: root,
      }),
    ],
    [
      'without its code cache',
      () => {
        const cwd = copy('bare');
        rmSync(join(cwd, 'agent.cache'));
        return { args: ['index.cjs'], cwd };
      },
    ],
    [
      'with a code cache of another V8',
      () => {
        const cwd = copy('other');
        const cache = readFileSync(join(cwd, 'agent.cache'));
        cache.writeUInt32LE(0xdead_beef, 4);
        writeFileSync(join(cwd, 'agent.cache'), cache);
        return { args: ['index.cjs'], cwd };
      },
    ],
  ])('handles a message when it is started %s', async (how, start) => {
    const contract = stage.topology.functions.find(({ agent }) => agent === 'orders')?.contract;
    const message = await readExample(agents, 'orders');
    if (!contract || !message) throw new Error('there is no example of orders');
    const id = how.replaceAll(' ', '-');
    const served = new FunctionProcess({ ...start(), env: stage.envOf('orders') });
    try {
      await served.push(pushOf({ topology: stage.topology, contract, message, id }).body);
      const told = served.said.includes('the code cache is of Node');
      expect(told, served.said).toBe(how === 'with a code cache of another V8');
    } finally {
      await served.end();
    }
    await expect(runOf(stage, id)).resolves.toMatchObject({ status: 'running' });
  });
});

/** The run that the example of orders starts. */
async function runOf(stage: LocalMesh, id: string) {
  const deployment = stage.topology.functions.find(({ agent }) => agent === 'orders')?.deployment;
  if (!deployment) throw new Error('there is no function orders');
  const ports = createPorts(deployment, { env: { ...stage.env, LOG_LEVEL: 'silent' } });
  try {
    const [run] = await ports.store.read([runPath(runIdOf('fulfill-order', id))]);
    return run?.fields;
  } finally {
    await ports.close();
  }
}

describe('a build', () => {
  const place = join(scratch, 'dist');
  const options = { root, agents, out: place, only: ['shipping'] };
  /** Of every file but those that begin with a dot. */
  const digests = (directory: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
        .map(({ parentPath, name }) => {
          const path = join(parentPath, name);
          return [
            path.slice(directory.length),
            createHash('sha256').update(readFileSync(path)).digest('hex'),
          ];
        }),
    );

  test('of the same code has the same bytes, and does nothing where that is enough', async () => {
    const first = await buildBundles(options);
    const before = digests(place);
    expect(Object.keys(before)).toContain('/agents/shipping/agent.cache');
    const again = await buildBundles(options);
    expect(again.built).toEqual(['shipping']);
    expect(digests(place)).toEqual(before);
    expect(again.manifest).toEqual(first.manifest);
    expect((await buildBundles({ ...options, ifNeeded: true })).built).toEqual([]);

    writeFileSync(join(place, 'agents', 'shipping', 'agent.js'), 'process.exit(0)');
    mkdirSync(join(place, 'agents', 'retired'));
    expect((await buildBundles({ ...options, ifNeeded: true })).built).toEqual(['shipping']);
    expect(digests(place)).toEqual(before);
  });

  test('elsewhere has the same bytes but for the recorded code cache, and the same hash', async () => {
    const elsewhere = join(scratch, 'elsewhere');
    const { manifest } = await buildBundles({ ...options, out: elsewhere });
    const { '/agents/shipping/agent.cache': _one, '/manifest.json': _two, ...first } = digests(place);
    expect(digests(elsewhere)).toMatchObject(first);
    const { sha256 } = (JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')) as Built['manifest'])
      .agents.shipping ?? { sha256: '' };
    expect(manifest.agents.shipping?.sha256).toBe(sha256);
  });

  test('of an agent that there is not is refused, naming those that there are', async () => {
    await expect(buildBundles({ ...options, only: ['nobody'] })).rejects.toMatchObject({
      code: 'NotFound',
      hint: expect.stringContaining('orders'),
    });
  });

  test('of an agent that imports what is not there is refused, naming it', async () => {
    const broken = join(scratch, 'broken');
    mkdirSync(join(broken, 'lonely'), { recursive: true });
    writeFileSync(
      join(broken, 'lonely', 'contract.ts'),
      `import { defineAgent } from ${JSON.stringify(join(root, 'shared/contract/index.ts'))};
       export const lonely = defineAgent({ name: 'lonely' });`,
    );
    writeFileSync(join(broken, 'lonely', 'index.ts'), `import './nowhere.ts';`);
    await expect(buildBundles({ root, agents: broken, out: join(scratch, 'none') })).rejects.toMatchObject({
      code: 'BundleInvalid',
      field: 'lonely',
      message: expect.stringContaining('./nowhere.ts'),
    });
  });
});
