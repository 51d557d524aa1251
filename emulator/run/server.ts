import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import type { FunctionRequest, FunctionResponse, FunctionSpec, StartInstance } from './instance.ts';
import { DEFAULT_LIMITS, type PoolLimits } from './pool.ts';
import { processInstances } from './process-instance.ts';
import { Service } from './service.ts';

/** A line from a function, or from the runner about it (`run`). */
export interface LogLine {
  readonly service: string;
  readonly stream: 'stdout' | 'stderr' | 'run';
  readonly text: string;
}

export interface RunOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly clock?: Clock;
  /** Where the functions' processes run. Default: here. */
  readonly cwd?: string;
  /** Where Node keeps the functions' compiled code between starts. Left out: nowhere. */
  readonly compileCache?: string;
  readonly onLine?: (line: LogLine) => void;
  /** How instances are started; as processes by default. */
  readonly start?: StartInstance;
  /** Whether who sends these headers may call the service; everybody may unless given. */
  readonly mayInvoke?: (service: string, header: (name: string) => string | undefined) => boolean;
}

export interface RunServer {
  readonly address: string;
  readonly port: number;
  /** Where a service is, or will be, served. */
  urlOf(service: string): string;
  /**
   * Serves a request to a URL of `urlOf` from within this process, which spares both ends a connection. Undefined: the URL is not one of
   * this server's.
   */
  serve(
    url: string,
    request: Omit<FunctionRequest, 'path'>,
    signal?: AbortSignal,
  ): Promise<FunctionResponse> | undefined;
  /** Adds a service. It has no instance until its first request. */
  deploy(spec: FunctionSpec, limits?: Partial<PoolLimits>): void;
  readonly services: readonly string[];
  /** Process ids of the instances of a service that run now. */
  pidsOf(service: string): readonly number[];
  /** Ends the service's instances at once, as a crash would. Returns how many there were. */
  kill(service: string): number;
  /** Stops every instance (SIGTERM, after the grace period SIGKILL), then the front. Safe to call twice. */
  close(): Promise<void>;
}

/** The most that Cloud Run takes (https://cloud.google.com/run/quotas#request_limits). */
const LARGEST_REQUEST_BYTES = 32 * 1024 * 1024;

/** What Cloud Run answers to who may not call, or does not say who it is (https://docs.cloud.google.com/run/docs/troubleshooting#unauthorized-client). */
const FORBIDDEN: FunctionResponse = {
  status: 403,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from('The request was not authenticated, or its account may not invoke this service.\n'),
};

/** Starts a small Cloud Run: one address, each service under its name; `GET /` tells the process ids of their instances. */
export async function startRun(options: RunOptions = {}): Promise<RunServer> {
  const { port: wanted = 0, host = '127.0.0.1', clock = systemClock, onLine, mayInvoke } = options;
  const refused = (service: string, { headers }: Pick<FunctionRequest, 'headers'>) =>
    mayInvoke !== undefined && !mayInvoke(service, (name) => [headers[name] ?? []].flat()[0]);
  const sockets = mkdtempSync(join(tmpdir(), 'mesh-'));
  const start =
    options.start ??
    processInstances({
      sockets,
      cwd: options.cwd ?? process.cwd(),
      ...(options.compileCache && { compileCache: options.compileCache }),
    });
  const services = new Map<string, Service>();
  const server = createServer((request, response) => {
    front({ services, refused }, request, response).catch((error: Error) => {
      if (!response.headersSent) response.writeHead(500).end(`${error.message}\n`);
      else response.destroy();
    });
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, host, resolve);
    });
  } catch (error) {
    rmSync(sockets, { recursive: true, force: true });
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const address = `${host}:${port}`;
  let closed: Promise<void> | undefined;
  const close = async () => {
    await Promise.all([...services.values()].map((service) => service.close()));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(sockets, { recursive: true, force: true });
  };
  return {
    address,
    port,
    urlOf: (service) => `http://${address}/${service}`,
    serve(url, request, signal) {
      const origin = `http://${address}/`;
      if (!url.startsWith(origin)) return undefined;
      const { name, service, path } = targetIn(services, url.slice(origin.length - 1));
      if (service && refused(name, request)) return Promise.resolve(FORBIDDEN);
      return service?.serve({ ...request, path }, signal);
    },
    deploy(spec, limits) {
      const log = (text: string, stream: LogLine['stream']) => onLine?.({ service: spec.name, stream, text });
      const all = { ...DEFAULT_LIMITS, ...limits };
      services.set(spec.name, new Service({ spec, limits: all, clock, start, onLine: log }));
    },
    get services() {
      return [...services.keys()];
    },
    pidsOf: (service) => services.get(service)?.pids ?? [],
    kill: (service) => services.get(service)?.kill() ?? 0,
    close() {
      closed ??= close();
      return closed;
    },
  };
}

interface Front {
  readonly services: ReadonlyMap<string, Service>;
  readonly refused: (service: string, request: Pick<FunctionRequest, 'headers'>) => boolean;
}

async function front(
  { services, refused }: Front,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.url === '/') {
    const instances = Object.fromEntries([...services].map(([name, { pids }]) => [name, pids]));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ instances }));
    return;
  }
  const { name, service, path } = targetIn(services, request.url ?? '/');
  if (!service) {
    const known = [...services.keys()].join(', ') || 'none';
    response.writeHead(404).end(`there is no service ${JSON.stringify(name)}; there are: ${known}\n`);
    return;
  }
  const body = await bodyOf(request);
  if (!body) {
    response.writeHead(413).end(`a request is at most ${LARGEST_REQUEST_BYTES} bytes\n`);
    return;
  }
  const gone = new AbortController();
  // Only where it is so: an abort makes an error, with a stack, for each request.
  response.on('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([, value]) => value !== undefined),
  );
  const asked: FunctionRequest = {
    method: request.method ?? 'GET',
    path,
    headers: headers as Record<string, string | string[]>,
    body,
  };
  const answer = refused(name, asked) ? FORBIDDEN : await service.serve(asked, gone.signal);
  if (response.destroyed) return;
  for (const [header, value] of Object.entries(answer.headers)) response.setHeader(header, value);
  response.writeHead(answer.status).end(answer.body);
}

/** The service that a path names first, and the path within it. */
function targetIn(services: ReadonlyMap<string, Service>, url: string) {
  const [, name = '', rest = ''] = /^\/([^/?]*)(.*)$/s.exec(url) ?? [];
  return { name, service: services.get(name), path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** The request's body, or undefined where it is too large. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).byteLength;
    if (bytes > LARGEST_REQUEST_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
