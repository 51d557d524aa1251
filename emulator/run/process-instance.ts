import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { FunctionRequest, FunctionResponse, Instance, StartInstance } from './instance.ts';

export interface ProcessOptions {
  /** A folder of this program's own, short enough for the path of a socket (about 100 bytes). */
  readonly sockets: string;
  /** Where processes are started. */
  readonly cwd: string;
  /** Where Node keeps compiled code between starts. */
  readonly compileCache?: string;
}

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
/** Not exported by the package: found beside its entry, as its own command finds it. */
const FRAMEWORK = join(
  dirname(createRequire(import.meta.url).resolve('@google-cloud/functions-framework')),
  'main.js',
);

/**
 * Starts instances as processes with this process's Node: of the functions framework's own command, or of a bundle, as its
 * container starts it.
 *
 * The framework listens on every interface of the machine when it is given a port number. Given a path it listens on a local
 * socket: nobody on the network reaches a function, and no port is ever taken.
 */
export function processInstances({ sockets, cwd, compileCache }: ProcessOptions): StartInstance {
  let started = 0;
  // The code may be another each time that the mesh is started.
  const revision = `local-${randomUUID().slice(0, 8)}`;
  return (spec, events): Instance => {
    started += 1;
    const socketPath = socketPathOf(sockets, started);
    const program = spec.command
      ? spec.command.slice(1)
      : [FRAMEWORK, `--target=${spec.target}`, `--source=${spec.source}`, '--signature-type=http'];
    const args = ['--disable-warning=MetadataLookupWarning', `--import=${CHILD}`, ...program];
    const child = spawn(process.execPath, args, {
      cwd: spec.command ? dirname(spec.source) : cwd,
      env: {
        // Nothing else of this process's own: a local function must not come by somebody's real credentials (I12).
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        ...(compileCache && { NODE_COMPILE_CACHE: compileCache }),
        ...spec.env,
        PORT: socketPath,
        // https://cloud.google.com/run/docs/container-contract#services-env-vars
        K_SERVICE: spec.name,
        K_REVISION: `${spec.name}-${revision}`,
        K_CONFIGURATION: spec.name,
        FUNCTION_TARGET: spec.target,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: a terminal's Ctrl-C is for the parent, which stops its children in order.
      detached: true,
    });
    const agent = new Agent({ keepAlive: true });
    let ready = false;
    let gone = false;
    const onGone = (reason: string) => {
      if (gone) return;
      gone = true;
      agent.destroy();
      rmSync(socketPath, { force: true });
      events.exited(ready ? reason : `${reason} before it listened`);
    };
    child.on('error', (error) => {
      if (child.pid === undefined) onGone(`could not be started: ${error.message}`);
    });
    // `close` comes after the last line of its output.
    child.on('close', (code, signal) =>
      onGone(signal ? `ended by ${signal}` : `ended with exit code ${code}`),
    );
    child.on('message', () => {
      if (ready || gone) return;
      ready = true;
      events.ready();
    });
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = child[name];
      if (stream) lines(stream, (line) => events.line(line, name));
    }
    return {
      pid: child.pid,
      forward: (request, signal) => forward(request, { agent, socketPath, signal }),
      terminate: () => child.kill('SIGTERM'),
      kill: () => child.kill('SIGKILL'),
    };
  };
}

function socketPathOf(folder: string, serial: number): string {
  // https://nodejs.org/api/net.html#identifying-paths-for-ipc-connections
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\mesh-run-${process.pid}-${serial}`
    : join(folder, `${serial}.sock`);
}

function lines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
}

interface Target {
  readonly agent: Agent;
  readonly socketPath: string;
  readonly signal: AbortSignal;
}

/** Meant for one connection, not for the next (https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1). */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer']);

async function forward(request: FunctionRequest, target: Target): Promise<FunctionResponse> {
  const connection = { isReused: false };
  try {
    return await send(request, target, connection);
  } catch (error) {
    // The function may close a kept connection just as it is used again: that says nothing about the request, nor of the process.
    if (!connection.isReused || !isReset(error) || target.signal.aborted) throw error;
    return forward(request, target);
  }
}

function send(
  request: FunctionRequest,
  { agent, socketPath, signal }: Target,
  connection: { isReused: boolean },
): Promise<FunctionResponse> {
  return new Promise((resolve, reject) => {
    const { method, path, body } = request;
    const headers = { ...endToEnd(request.headers), 'content-length': String(body.byteLength) };
    const sent = httpRequest({ agent, socketPath, method, path, headers, signal }, (response) => {
      collect(response).then(
        (received) =>
          resolve({
            status: response.statusCode ?? 502,
            headers: endToEnd(response.headers),
            body: received,
          }),
        reject,
      );
    });
    sent.on('error', (error) => {
      connection.isReused = sent.reusedSocket;
      reject(error);
    });
    sent.end(body);
  });
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

async function collect(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function endToEnd(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name.toLowerCase())) continue;
    kept[name] = typeof value === 'string' ? value : [...value];
  }
  return kept;
}
