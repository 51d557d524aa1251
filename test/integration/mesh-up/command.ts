import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../support/eventually.ts';

const MESH = fileURLToPath(new URL('../../../cli/mesh.ts', import.meta.url));

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project of its own in a temporary folder: what runs there finds no other mesh, and no other mesh finds it. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'mesh-test-'));
  readonly #children = new Set<ChildProcess>();

  readonly #env: () => Readonly<Record<string, string>>;

  /** `env` adds to the environment of every command, such as the address of an emulator to use. */
  constructor(env: () => Readonly<Record<string, string>> = () => ({})) {
    this.#env = env;
    writeFileSync(join(this.folder, 'package.json'), '{}');
  }

  /** Runs the `mesh` command to its end. */
  run(args: readonly string[], stdin = ''): Promise<Ended> {
    return this.start(args, stdin).ended;
  }

  /** Starts the `mesh` command. */
  start(args: readonly string[], stdin = '') {
    const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
    const child = spawn(process.execPath, [MESH, ...args], {
      cwd: this.folder,
      env: { ...env, ...this.#env() },
      stdio: 'pipe',
    });
    this.#children.add(child);
    child.stdin.end(stdin);
    const ended = Promise.all([
      new Promise<number | null>((resolve) => child.on('close', resolve)),
      text(child.stdout),
      text(child.stderr),
    ]).then(([exitCode, stdout, stderr]): Ended => ({ exitCode, stdout, stderr }));
    return { child, ended };
  }

  /** Starts `mesh up`, and resolves when it is ready. */
  async up(args: readonly string[] = []) {
    const started = this.start(['up', ...args]);
    const ready = eventually(() => this.state());
    const state = await Promise.race([
      ready,
      started.ended.then(({ stderr }) => Promise.reject(new Error(`mesh up ended: ${stderr}`))),
    ]);
    return { ...started, state };
  }

  get stateFile(): string {
    return join(this.folder, '.mesh', 'local.json');
  }

  state(): { pid: number; project: string; addresses: Record<string, string>; env: Record<string, string> } {
    return JSON.parse(readFileSync(this.stateFile, 'utf8')) as ReturnType<Project['state']>;
  }

  hasState(): boolean {
    return existsSync(this.stateFile);
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#children].map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = new Promise((resolve) => child.on('close', resolve));
        child.kill('SIGKILL');
        await gone;
      }),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }
}
