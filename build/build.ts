import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentsInvalid } from '../cli/agent-check/agents-invalid.ts';
import { checkAgents } from '../cli/agent-check/check-agents.ts';
import { readContracts } from '../cli/contracts.ts';
import type { LocalMesh } from '../cli/local/local-mesh.ts';
import { startStage } from '../cli/local/stage.ts';
import type { Contract } from '../shared/contract/agent.ts';
import { hasCode, MeshError } from '../shared/contract/errors.ts';
import { type Bundle, bundleAgent } from './bundle.ts';
import { recordCodeCache } from './code-cache/record.ts';
import { digestOf, readFolder } from './digest.ts';
import { readExample } from './example.ts';
import { digestOfInputs, type Inputs, inputsOf } from './inputs.ts';
import { licensesOf } from './licenses.ts';
import { alone } from './lock.ts';
import type { BuildManifest, BundleEntry } from './manifest.ts';
import { packagesIn } from './packages.ts';
import { sbomOf } from './sbom.ts';

export interface BuildOptions {
  /** The checkout. */
  readonly root: string;
  /** The agents' folder. */
  readonly agents: string;
  /** Where `manifest.json` and the bundles go. */
  readonly out: string;
  /** The agents to build. Default: all. */
  readonly only?: readonly string[];
  /** Leaves the bundles alone that are as a build would make them. */
  readonly ifNeeded?: boolean;
  /** Told what is being done. */
  readonly onProgress?: (text: string) => void;
}

export interface Built {
  readonly manifest: BuildManifest;
  /** The agents whose bundle was made now. */
  readonly built: readonly string[];
}

interface State {
  readonly manifest: BuildManifest;
  readonly inputs: Readonly<Record<string, Inputs>>;
}

/** Bundles in the making: half of the time a function is waited for. */
const AT_ONCE = 4;
const CACHE = 'agent.cache';
/**
 * What a container is started with. V8's young generation begins at 1 MB and grows to 16 by and by: at 16 from the start, a cold start
 * takes a tenth less, for it makes more than that.
 */
const COMMAND = ['node', '--min-semi-space-size=16', 'index.cjs'];
const CODE = 'agent.js';

/** Where the bundles of an agents' folder go: `dist` for the checkout's own, a folder in it for another. */
export function bundlesOf(root: string, agents: string): string {
  const own = agents === join(root, 'agents');
  return own
    ? join(root, 'dist')
    : join(root, 'dist', 'of', digestOf(new Map([['agents', agents]])).slice(0, 12));
}

/**
 * Builds the bundles of the agents. Two builds at once in one place take turns. A bundle takes its place whole, and the manifest last.
 *
 * @throws MeshError `NotFound` for an agent that there is not, `BundleInvalid` naming what can't be bundled
 */
export async function buildBundles(options: BuildOptions): Promise<Built> {
  const { out, onProgress = () => {} } = options;
  return alone(
    join(out, '.building'),
    (pid) => onProgress(`waiting for another build (process ${pid})`),
    () => build(options, onProgress),
  );
}

async function build(options: BuildOptions, onProgress: (text: string) => void): Promise<Built> {
  const { agents, out, only, ifNeeded = false } = options;
  const contracts = await readContracts(agents).catch(async (error: unknown) => {
    if (hasCode(error, 'ContractInvalid')) await refuseInvalid(agents);
    throw error;
  });
  const names = contracts.map(({ name }) => name);
  const stranger = only?.find((name) => !names.includes(name));
  if (stranger !== undefined)
    throw new MeshError('NotFound', `there is no agent ${JSON.stringify(stranger)}`, {
      field: 'agent',
      hint: `There are: ${names.join(', ')}`,
    });
  const state = readState(out);
  const asked = contracts.filter(({ name }) => only?.includes(name) ?? true);
  const due = asked.filter(({ name }) => !(ifNeeded && isCurrent(options, state, name)));
  const entries: Record<string, BundleEntry> = {};
  const inputs: Record<string, Inputs> = {};
  for (const name of names) {
    const [entry, known] = [state?.manifest.agents[name], state?.inputs[name]];
    if (entry && known && !due.some((contract) => contract.name === name)) {
      entries[name] = entry;
      inputs[name] = known;
    }
  }
  if (due.length > 0) {
    await refuseInvalid(agents);
    // A project of its own for the local cloud, the same every time.
    const stage = await startStage({ project: 'demo-build', prefix: 'mesh', agents, env: {} });
    try {
      const waiting = [...due];
      const work = async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          onProgress(`bundling ${next.name} (${due.length - waiting.length} of ${due.length})`);
          const made = await buildAgent(options, { stage, contract: next, state });
          entries[next.name] = made.entry;
          inputs[next.name] = made.inputs;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    } finally {
      await stage.close();
    }
  }
  removeOthers(join(out, 'agents'), names);
  const manifest: BuildManifest = { node: process.versions.node, agents: sorted(entries) };
  writeWhole(join(out, 'inputs.json'), JSON.stringify({ format: FORMAT, inputs: sorted(inputs) }, null, 1));
  writeWhole(join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return { manifest, built: due.map(({ name }) => name) };
}

/** @throws AgentsInvalid for what is wrong with the agents; but for what can't be loaded, which bundling tells better */
async function refuseInvalid(agents: string): Promise<void> {
  const [first, ...others] = (await checkAgents(agents)).filter(({ field }) => field !== 'index.ts');
  if (first) throw new AgentsInvalid([first, ...others]);
}

async function buildAgent(
  options: BuildOptions,
  { stage, contract, state }: { stage: LocalMesh; contract: Contract; state: State | undefined },
) {
  const { root, agents, out } = options;
  const agent = contract.name;
  const bundle = await bundled({ root, agents, agent });
  const directory = join(out, 'agents', agent);
  const fresh = join(out, `.${agent}.new`);
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  for (const [name, content] of filesOf(root, agent, bundle)) writeFileSync(join(fresh, name), content);
  const example = await readExample(agents, agent);
  const inputs = inputsOf(root, Object.keys(bundle.inputs), {
    example: join(agents, agent, 'example.json'),
    code: bundle.code,
  });
  const kept =
    inputs.recording === state?.inputs[agent]?.recording ? cacheIn(options, state, agent) : undefined;
  const cache = kept ?? (await recordCodeCache({ directory: fresh, stage, contract, example }));
  const files = readFolder(fresh);
  const sizes = [...files.values(), cache].map(({ byteLength }) => byteLength);
  writeFileSync(join(fresh, CACHE), cache);
  const entry: BundleEntry = {
    path: `agents/${agent}`,
    sha256: digestOf(files),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    codeBytes: files.get(CODE)?.byteLength ?? 0,
    cache: { bytes: cache.byteLength, sha256: sha256Of(cache) },
    entry: 'index.cjs',
    target: agent,
    command: COMMAND,
  };
  mkdirSync(join(out, 'agents'), { recursive: true });
  rmSync(directory, { recursive: true, force: true });
  renameSync(fresh, directory);
  return { entry, inputs };
}

/** The code cache of the bundle that is there, where it is as the last build left it. */
function cacheIn({ out }: Pick<BuildOptions, 'out'>, state: State, agent: string): Buffer | undefined {
  const entry = state.manifest.agents[agent];
  const file = join(out, entry?.path ?? '', CACHE);
  if (!entry || !existsSync(file)) return undefined;
  const cache = readFileSync(file);
  return sha256Of(cache) === entry.cache.sha256 ? cache : undefined;
}

const sha256Of = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

/** All files of a bundle but for its code cache, by their names. */
function filesOf(root: string, agent: string, bundle: Bundle): Map<string, string> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const packages = packagesIn(root, bundle);
  const sha256 = sha256Of(bundle.code);
  const manifest = {
    name: `agent-mesh-${agent}`,
    version,
    private: true,
    license: 'Apache-2.0',
    type: 'commonjs',
    main: 'index.cjs',
    scripts: { start: COMMAND.join(' ') },
    engines: { node: '24.x' },
    codeCache: { node: process.versions.node, v8: process.versions.v8 },
  };
  return new Map([
    [CODE, bundle.code],
    ['index.cjs', readFileSync(join(import.meta.dirname, 'runtime', 'index.cjs'), 'utf8')],
    ['package.json', `${JSON.stringify(manifest, null, 2)}\n`],
    ['sbom.cdx.json', sbomOf({ agent, version, sha256, packages })],
    ['LICENSES.txt', licensesOf(readFileSync(join(root, 'LICENSE'), 'utf8'), packages)],
  ]);
}

async function bundled(source: { root: string; agents: string; agent: string }): Promise<Bundle> {
  const fail = (problem: string, cause?: unknown) =>
    new MeshError('BundleInvalid', `${source.agent} can't be bundled: ${problem}`, {
      field: source.agent,
      ...(cause !== undefined && { cause }),
    });
  let bundle: Bundle;
  try {
    bundle = await bundleAgent(source);
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error), error);
  }
  // `index.cjs` reads it as such.
  if (Buffer.byteLength(bundle.code) !== bundle.code.length) throw fail('its code is not all ASCII');
  return bundle;
}

function isCurrent({ root, out }: BuildOptions, state: State | undefined, agent: string): boolean {
  const [entry, inputs] = [state?.manifest.agents[agent], state?.inputs[agent]];
  if (!entry || !inputs || state?.manifest.node !== process.versions.node) return false;
  const directory = join(out, entry.path);
  if (!existsSync(directory) || cacheIn({ out }, state, agent) === undefined) return false;
  const files = readFolder(directory);
  files.delete(CACHE);
  if (digestOf(files) !== entry.sha256) return false;
  return digestOfInputs(root, inputs.files) === inputs.sha256;
}

/** The bundles of agents that there are no more. */
function removeOthers(directory: string, names: readonly string[]): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (!names.includes(name)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

/** Of the two files that a build leaves. Those of another format are as none. */
const FORMAT = 1;

/** What the last build left; undefined where there was none, or what it left is damaged. */
function readState(out: string): State | undefined {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(out, name), 'utf8'));
  try {
    const manifest = read('manifest.json') as State['manifest'];
    const { format, inputs } = read('inputs.json') as { format: number; inputs: State['inputs'] };
    return format === FORMAT ? { manifest, inputs } : undefined;
  } catch {
    return undefined;
  }
}

function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
