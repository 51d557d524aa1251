import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MeshError } from '../../shared/contract/errors.ts';
import { type Engine, startEngine } from './engine.ts';
import type { Graph } from './graph.ts';
import { readStackConfig } from './stack-config.ts';

export interface CaptureOptions {
  /** `dev`: the stack of `Pulumi.dev.yaml`. */
  readonly stack: string;
  /** Where `Pulumi.yaml` is. Default: this checkout. */
  readonly root?: string;
  /** Instead of the program that `Pulumi.yaml` names; from the root. */
  readonly main?: string;
  /** Goes before the stack's own values; undefined leaves a key out. Keys with their namespace: `agent-mesh:region`. */
  readonly config?: Readonly<Record<string, string | undefined>>;
  /** Of those keys, the ones whose values are secrets. */
  readonly secretKeys?: readonly string[];
  /** Environment variables for the program, such as `MESH_BUNDLES`. */
  readonly env?: Readonly<Record<string, string>>;
  /** As the first preview of a stack sees it: what the cloud computes is unknown. */
  readonly fresh?: boolean;
}

const ROOT = join(import.meta.dirname, '..', '..');
/** What stands for the number of the stack's project, which only Google knows. */
const PROJECT_NUMBER = '123456789012';
/** The program of a mesh runs for seconds. */
const LONGEST_MS = 120_000;

/**
 * Runs a stack's program against an engine that makes nothing, and tells what it would make. Needs neither the cloud, nor an account, nor
 * Pulumi's command line.
 *
 * @throws MeshError `NotFound` for a stack that has no file; `ConfigurationInvalid` with what the program said when it fails
 */
export async function captureGraph(options: CaptureOptions): Promise<Graph> {
  const { graph, errors, ended } = await runProgram(options);
  if (errors.length === 0 && ended === 0) return graph;
  throw new MeshError(
    'ConfigurationInvalid',
    errors.join('\n') || `the program of stack ${options.stack} ended with ${ended}`,
    { field: options.stack, hint: `Correct Pulumi.${options.stack}.yaml, or what the message names.` },
  );
}

/** Runs the program to its end, however it ends: what it registered, and what it said was wrong. */
export async function runProgram(
  options: CaptureOptions,
): Promise<{ readonly graph: Graph; readonly errors: readonly string[]; readonly ended: number | null }> {
  const { stack, root = ROOT, env = {}, secretKeys = [], fresh = false } = options;
  const given = await readStackConfig(root, stack);
  const config = Object.fromEntries(
    Object.entries({ ...given.values, ...options.config }).filter(([, value]) => value !== undefined),
  );
  const named = (key: string, otherwise: string) => config[`${given.project}:${key}`] ?? otherwise;
  const cloud = {
    project: named('project', 'unnamed-project'),
    projectNumber: PROJECT_NUMBER,
    region: named('region', 'us-central1'),
  };
  const engine = await startEngine({ stack, project: given.project, root, cloud, fresh });
  try {
    const ended = await run(engine, {
      args: [
        ...[`--project=${given.project}`, `--stack=${stack}`, '--organization=preview', '--parallel=64'],
        ...[`--pwd=${join(root, dirname(given.main))}`, `--root-directory=${root}`],
        ...(fresh ? ['--dry-run'] : []),
        join(root, options.main ?? given.main),
      ],
      env: {
        ...env,
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify([...given.secretKeys, ...secretKeys]),
      },
    });
    const resources = engine.resources.toSorted((a, b) => (a.urn < b.urn ? -1 : 1));
    const graph = { stack, project: cloud.project, resources, outputs: engine.outputs };
    return { graph, errors: engine.errors, ended };
  } finally {
    await engine.close();
  }
}

/** Resolves to the exit code of the SDK's own entry, which Pulumi's language host starts the same way. */
async function run(
  engine: Engine,
  { args, env }: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> },
): Promise<number | null> {
  const entry = createRequire(import.meta.url).resolve('@pulumi/pulumi/cmd/run/index.js');
  const child = spawn(
    process.execPath,
    // The SDK takes a stack of calls with each promise, which is most of its work where they are long.
    ['--stack-trace-limit=4', entry, `--monitor=${engine.address}`, `--engine=${engine.address}`, ...args],
    {
      // Nothing of the caller's environment: a plan must not depend on who makes it.
      env: {
        PATH: process.env.PATH ?? '',
        NODE_NO_WARNINGS: '1',
        NODE_COMPILE_CACHE: join(tmpdir(), 'agent-mesh-compile-cache'),
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const timeout = setTimeout(() => child.kill(), LONGEST_MS);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        if (code !== 0 && engine.errors.length === 0)
          reject(new MeshError('ConfigurationInvalid', `the program could not be run: ${said.trim()}`));
        else resolve(code);
      });
    });
  } finally {
    clearTimeout(timeout);
  }
}
