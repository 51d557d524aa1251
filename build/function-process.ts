import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface FunctionProcessOptions {
  /** Arguments of Node. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const GUARD = fileURLToPath(new URL('./function-guard.cjs', import.meta.url));
/** How often it is tried to connect to a process that does not listen yet. */
const CONNECT_EVERY_MS = 1;

/** A process of a function, and a way to send it pushes. It listens on a local socket, whose path is its `PORT`. */
export class FunctionProcess {
  readonly #directory = mkdtempSync(join(tmpdir(), 'mesh-fn-'));
  readonly #socketPath = join(this.#directory, 's');
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #gone: Promise<string>;
  #ended: string | undefined;
  #said = '';

  constructor({ args, cwd, env }: FunctionProcessOptions) {
    this.#child = spawn(process.execPath, [`--require=${GUARD}`, ...args], {
      cwd,
      env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env, PORT: this.#socketPath },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-2_000);
      });
    }
    this.#gone = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(error.message));
      this.#child.on('close', (code, signal) =>
        resolve(signal ? `ended by ${signal}` : `ended with ${code}`),
      );
    });
    void this.#gone.then((how) => {
      this.#ended = how;
    });
  }

  /** The last of what it wrote. */
  get said(): string {
    return this.#said;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Sends a push, as soon as the process listens.
   *
   * @throws Error when the process ends before it answers, or answers anything but 2xx, with what it said last
   */
  async push(body: string): Promise<void> {
    for (;;) {
      const status = await this.#post(body);
      if (status !== undefined && status >= 200 && status < 300) return;
      if (status !== undefined) throw this.#failure(`answered ${status}`);
      if (this.#ended !== undefined) throw this.#failure(this.#ended);
      await new Promise((resolve) => setTimeout(resolve, CONNECT_EVERY_MS));
    }
  }

  /** Sends the process a message and waits for its next one. */
  async ask(message: string): Promise<unknown> {
    const answer = new Promise((resolve) => this.#child.once('message', resolve));
    this.#child.send(message);
    return Promise.race([
      answer,
      this.#gone.then((how) => {
        throw this.#failure(how);
      }),
    ]);
  }

  /** Ends the process, and waits until it is gone. */
  async end(): Promise<void> {
    this.#agent.destroy();
    this.#child.kill('SIGKILL');
    await this.#gone;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** The status of the answer; undefined where nobody listens, or the connection broke. */
  #post(body: string): Promise<number | undefined> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const sent = request(
        { agent: this.#agent, socketPath: this.#socketPath, method: 'POST', path: '/', headers },
        (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode));
          response.on('error', () => resolve(undefined));
        },
      );
      sent.on('error', () => resolve(undefined));
      sent.end(body);
    });
  }

  #failure(how: string): Error {
    return new Error(`the function ${how}${this.#said ? `: ${this.#said.trim()}` : ''}`);
  }
}
