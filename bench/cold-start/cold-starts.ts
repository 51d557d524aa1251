import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Example, pushOf, readExample, UNKNOWN_MESSAGE } from '../../build/example.ts';
import { FunctionProcess } from '../../build/function-process.ts';
import type { LocalMesh } from '../../cli/local/local-mesh.ts';
import type { Contract } from '../../shared/contract/agent.ts';
import { type Usage, usageOf } from './usage.ts';

/** One way to start an agent's function. */
export type Variant = 'bundle' | 'no cache' | 'sources' | 'eager';

/** From the start of a process to the answer of its first message, in milliseconds, and what it had used by then. */
export interface ColdStart {
  readonly ms: number;
  readonly usage: Usage | undefined;
}

export interface ColdStartsOptions {
  readonly root: string;
  readonly agents: string;
  /** The agents' bundles. */
  readonly bundles: string;
  /** What their containers are started with. */
  readonly command: readonly string[];
  readonly stage: LocalMesh;
  readonly contract: Contract;
}

const FRAMEWORK = join(
  dirname(createRequire(import.meta.url).resolve('@google-cloud/functions-framework')),
  'main.js',
);

/** Cold starts of one agent, in all ways, on a local cloud: each a process of its own that handles the agent's example. */
export class ColdStarts {
  readonly #options: ColdStartsOptions;
  readonly #example: Example;
  readonly #withoutCache: string;
  /** Handles what has to be handled before an example. */
  readonly #helper: FunctionProcess;
  #count = 0;

  private constructor(options: ColdStartsOptions, example: Example) {
    const agent = options.contract.name;
    this.#options = options;
    this.#example = example;
    this.#withoutCache = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
    cpSync(join(options.bundles, agent), this.#withoutCache, { recursive: true });
    rmSync(join(this.#withoutCache, 'agent.cache'), { force: true });
    this.#helper = this.#start('bundle');
  }

  static async of(options: ColdStartsOptions): Promise<ColdStarts> {
    const example = await readExample(options.agents, options.contract.name);
    return new ColdStarts(options, example ?? UNKNOWN_MESSAGE);
  }

  async measure(variant: Variant): Promise<ColdStart> {
    const { stage, contract } = this.#options;
    this.#count += 1;
    const id = `cold-${variant.replace(' ', '-')}-${this.#count}`;
    const push = (message: { type: string; data: Example['data'] }) =>
      pushOf({ topology: stage.topology, contract, message, id }).body;
    for (const before of this.#example.given) await this.#helper.push(push(before));
    const body = push(this.#example);
    const started = performance.now();
    const process = this.#start(variant);
    try {
      await process.push(body);
      const ms = performance.now() - started;
      return { ms, usage: usageOf(process.pid) };
    } finally {
      await process.end();
    }
  }

  async close(): Promise<void> {
    await this.#helper.end();
    rmSync(this.#withoutCache, { recursive: true, force: true });
  }

  #start(variant: Variant): FunctionProcess {
    const { root, agents, bundles, stage, contract } = this.#options;
    const agent = contract.name;
    const env = { ...stage.envOf(agent), K_SERVICE: agent };
    const quiet = '--disable-warning=MetadataLookupWarning';
    if (variant === 'bundle' || variant === 'no cache') {
      const cwd = variant === 'bundle' ? join(bundles, agent) : this.#withoutCache;
      return new FunctionProcess({ args: [quiet, ...this.#options.command.slice(1)], cwd, env });
    }
    const eager = variant === 'eager' ? [`--import=${join(import.meta.dirname, 'eager.ts')}`] : [];
    const source = join(agents, agent, 'index.ts');
    const args = [
      quiet,
      ...eager,
      FRAMEWORK,
      `--target=${agent}`,
      `--source=${source}`,
      '--signature-type=http',
    ];
    return new FunctionProcess({ args, cwd: root, env });
  }
}
