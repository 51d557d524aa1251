import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, sleep, systemClock } from '../../shared/contract/clock.ts';
import { FaultPlan } from './fault-plan.ts';
import type { FaultRule } from './fault-rule.ts';
import type { Provider, ProviderAnswer, ProviderRequest } from './provider.ts';
import { type Random, seededRandom } from './random.ts';

export interface SandboxOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly clock?: Clock;
  /** Fixes the ids that the sandbox makes and the faults that strike. Default 1. */
  readonly seed?: number;
  /** The faults to begin with. */
  readonly faults?: readonly FaultRule[];
}

/** A running sandbox. */
export interface Sandbox<Books> {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** What really happened so far; also at `GET /_sandbox/books`. */
  readonly books: Books;
  /** The faults in force; also at `GET` and `PUT /_sandbox/faults`, as `{"rules": [...]}`. */
  readonly faults: FaultPlan;
  close(): Promise<void>;
}

/** What a provider's core is made from. */
export interface ProviderWorld {
  readonly clock: Clock;
  readonly random: Random;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** Serves a provider's core over HTTP, faults included. Rejects with Node's error when the port cannot be had. */
export async function openSandbox<Books>(
  makeProvider: (world: ProviderWorld) => Provider<Books>,
  options: SandboxOptions,
): Promise<Sandbox<Books>> {
  const { port = 0, host = '127.0.0.1', clock = systemClock, seed = 1, faults: rules = [] } = options;
  // Ids and faults draw from generators of their own: how many faults there are changes no id.
  const provider = makeProvider({ clock, random: seededRandom(seed) });
  const faults = new FaultPlan(seededRandom(seed ^ 0x5eed), rules);
  const closing = new AbortController();
  const server = createServer((request, response) => {
    serve(provider, faults, clock, closing.signal, request, response).catch((error: unknown) => {
      if (closing.signal.aborted || response.headersSent) response.destroy();
      else send(response, { status: 500, body: { error: String(error) } });
    });
  });
  // An idle connection that the server closed would look to its client like a fault that nobody asked for.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    faults,
    get books() {
      return provider.books();
    },
    async close() {
      closing.abort();
      server.closeAllConnections();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function serve(
  provider: Provider<unknown>,
  faults: FaultPlan,
  clock: Clock,
  closing: AbortSignal,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = await read(incoming);
  if (request === undefined) return send(response, { status: 413 });
  if (request.path.startsWith('/_sandbox/')) return send(response, control(provider, faults, request));
  const strike = faults.strike(request.method, request.path);
  if (strike.refusal !== undefined) {
    if (strike.beforeMs > 0) await sleep(clock, strike.beforeMs, closing);
    return send(response, provider.refuse(strike.refusal));
  }
  const accepted = provider.accept(request);
  if (strike.beforeMs > 0) await sleep(clock, strike.beforeMs, closing);
  // From here on the work is done, whether or not anybody still listens.
  const answer = typeof accepted === 'function' ? accepted() : accepted;
  if (strike.afterMs > 0) await sleep(clock, strike.afterMs, closing);
  if (strike.silence === 'open') return;
  if (strike.silence === 'reset') incoming.socket.resetAndDestroy();
  else send(response, answer);
}

/** The sandbox's own doors: what happened, and the faults. */
function control(
  provider: Provider<unknown>,
  faults: FaultPlan,
  { method, path, body }: ProviderRequest,
): ProviderAnswer {
  const state = () => ({ status: 200, body: { rules: faults.rules, struck: faults.struck } });
  switch (`${method} ${path}`) {
    case 'GET /_sandbox/books':
      return { status: 200, body: provider.books() };
    case 'GET /_sandbox/faults':
      return state();
    case 'DELETE /_sandbox/faults':
      faults.clear();
      return state();
    case 'PUT /_sandbox/faults':
      try {
        faults.set((JSON.parse(body) as { rules: FaultRule[] }).rules);
        return state();
      } catch (error) {
        return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
      }
    default:
      return { status: 404, body: { error: `the sandbox has no ${method} ${path}` } };
  }
}

async function read(incoming: IncomingMessage): Promise<ProviderRequest | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) return undefined;
  const url = new URL(incoming.url ?? '/', 'http://sandbox');
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const);
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).toString(),
  };
}

function send(response: ServerResponse, { status, headers = {}, body }: ProviderAnswer): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  const type = body === undefined ? {} : { 'Content-Type': 'application/json; charset=utf-8' };
  response.writeHead(status, { ...type, 'Content-Length': Buffer.byteLength(text), ...headers }).end(text);
}
