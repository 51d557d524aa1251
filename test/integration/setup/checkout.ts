import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { eventually } from '../../support/eventually.ts';

const project = fileURLToPath(new URL('../../../', import.meta.url));

/** A made-up checkout with the project's own bootstrap, one dependency, and an npm that does as it is told. */
export class Checkout {
  readonly root = mkdtempSync(join(tmpdir(), 'agent-mesh-checkout-'));
  readonly #running: Command[] = [];

  constructor() {
    cpSync(join(project, 'scripts'), join(this.root, 'scripts'), { recursive: true });
    this.write('package.json', JSON.stringify({ type: 'module', engines: { node: '>=24.12' } }));
    this.lock('1.0.0');
    this.write('npm/npm', `#!${process.execPath}\n${NPM}`);
    chmodSync(join(this.root, 'npm/npm'), 0o755);
  }

  /** Says in the lock file which version of the dependency is wanted. */
  lock(version: string): void {
    this.write(
      'package-lock.json',
      JSON.stringify({ packages: { '': {}, 'node_modules/dependency': { version } } }),
    );
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.root, file)), { recursive: true });
    writeFileSync(join(this.root, file), text);
  }

  has(file: string): boolean {
    return existsSync(join(this.root, file));
  }

  /** Resolves once npm was started for the first time. */
  async npmStarted(): Promise<void> {
    await eventually(() => expect(this.installs).toBeGreaterThan(0));
  }

  /** How many times npm was started. */
  get installs(): number {
    return this.has('installs') ? readFileSync(join(this.root, 'installs'), 'utf8').length : 0;
  }

  /** Runs `source` through the bootstrap. `npm` is what npm does: install, wait for the file `go` before it, or fail. */
  run(source: string, npm: 'install' | 'wait' | 'fail' = 'install', args: readonly string[] = []): Command {
    this.write('program.mjs', source);
    const path = [join(this.root, 'npm'), process.env.PATH].join(delimiter);
    const child = spawn(process.execPath, ['scripts/bootstrap.mjs', 'program.mjs', ...args], {
      cwd: this.root,
      env: { ...process.env, PATH: path, FAKE_NPM: npm },
    });
    const command = new Command(child);
    this.#running.push(command);
    return command;
  }

  async remove(): Promise<void> {
    this.write('go', '');
    for (const command of this.#running) command.child.kill('SIGKILL');
    await Promise.all(this.#running.map((command) => command.ended));
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A command that runs, and what it has written. */
export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /** Resolves once it has written `text`; rejects if it ends without. */
  async says(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => (this.stdout + this.stderr).includes(text) && resolve();
    this.child.stdout?.on('data', look);
    this.child.stderr?.on('data', look);
    look();
    await Promise.race([
      promise,
      this.ended.then(() => Promise.reject(new Error(`ended without saying ${text}: ${this.stderr}`))),
    ]);
  }
}

/** As npm ci: what was there goes first, and the record of what was installed comes last. */
const NPM = `
import fs from 'node:fs';
fs.appendFileSync('installs', '.');
if (process.env.FAKE_NPM === 'fail') {
  console.error('npm error code ENOTFOUND');
  console.error('npm error network request to the registry failed');
  process.exit(1);
}
fs.rmSync('node_modules', { recursive: true, force: true });
const install = () => {
  fs.mkdirSync('node_modules/dependency', { recursive: true });
  fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
  console.log('added 1 package');
};
if (process.env.FAKE_NPM === 'wait') {
  const poll = setInterval(() => {
    if (!fs.existsSync('go')) return;
    clearInterval(poll);
    install();
  }, 5);
  setTimeout(() => process.exit(1), 600_000).unref();
} else install();
`;
