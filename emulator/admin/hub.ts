import type { IncomingMessage } from 'node:http';
import { isAbsolute } from 'node:path';
import { json as readBody } from 'node:stream/consumers';
import { type Duration, milliseconds } from '../../shared/contract/duration.ts';
import { type JsonServer, type JsonServerOptions, startJsonServer } from '../wire/json-server.ts';
import { StatusError } from '../wire/status.ts';

/** What the hub answers for. */
export interface HubWorld {
  /** Addresses of the servers that run, by name. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  clock(): { readonly now: string; readonly aheadMs: number };
  advance(ms: number): Promise<void>;
  requests(limit: number | undefined): readonly unknown[];
  /** Empties the servers named. Throws `StatusError` for one that does not run. */
  reset(only: readonly string[] | undefined): Promise<void>;
  /** Writes what the servers hold into a directory. Throws `StatusError` where it cannot. */
  export(directory: string): Promise<void>;
}

/**
 * The emulator's own door: `GET /healthz`, `GET /env`, `GET /clock`, `POST /clock {"advance":"1h"}`, `GET /requests?limit=100`,
 * `POST /reset {"only":["pubsub"]}`, `POST /export {"directory":"/tmp/data"}`. JSON, but for `GET /env`, which is lines for a shell to take up.
 */
export const startHub = (world: HubWorld, place: JsonServerOptions = {}): Promise<JsonServer> =>
  startJsonServer((request) => answer(world, request), place);

async function answer(world: HubWorld, request: IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  refuseForeignHost(request);
  switch (`${request.method} ${pathname}`) {
    case 'GET /':
    case 'GET /healthz':
      return { status: 'ok', servers: world.addresses };
    case 'GET /env':
      return exportLines(world.env);
    case 'GET /clock':
      return world.clock();
    case 'POST /clock':
      await world.advance(advanceOf(await bodyOf(request)));
      return world.clock();
    case 'GET /requests':
      return world.requests(limitOf(searchParams.get('limit')));
    case 'POST /reset':
      await world.reset(onlyOf(await bodyOf(request)));
      return {};
    case 'POST /export': {
      const directory = directoryOf(await bodyOf(request));
      await world.export(directory);
      return { directory };
    }
    default:
      throw new StatusError('NOT_FOUND', `There is no ${request.method} ${pathname}.`);
  }
}

/** `export NAME=value` lines. */
export const exportLines = (env: Readonly<Record<string, string>>) =>
  Object.entries(env)
    .map(([name, value]) => `export ${name}=${value}\n`)
    .join('');

/** A page of the Web may send requests to this port by a name of its own: it must not get in. */
function refuseForeignHost({ headers }: IncomingMessage): void {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (/^(localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/.test(host) && headers.origin === undefined) return;
  throw new StatusError('PERMISSION_DENIED', 'The hub answers programs of this machine, by its address.');
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const body = await readBody(request).catch(() => undefined);
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    return body as Readonly<Record<string, unknown>>;
  }
  throw new StatusError('INVALID_ARGUMENT', 'The body must be a JSON object.');
}

function advanceOf({ advance }: Readonly<Record<string, unknown>>): number {
  try {
    return milliseconds(advance as Duration);
  } catch {
    throw new StatusError(
      'INVALID_ARGUMENT',
      'advance must be a length of time, such as "90s", "1h" or "7d".',
    );
  }
}

function limitOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new StatusError('INVALID_ARGUMENT', 'limit must be a whole number of at least 0.');
}

function onlyOf({ only }: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  if (only === undefined) return undefined;
  if (Array.isArray(only) && only.every((name) => typeof name === 'string')) return only;
  throw new StatusError('INVALID_ARGUMENT', 'only must be a list of names of servers, such as ["pubsub"].');
}

/** The directory of a caller is not that of this process: a relative one would be another than is meant. */
function directoryOf({ directory }: Readonly<Record<string, unknown>>): string {
  if (typeof directory === 'string' && isAbsolute(directory)) return directory;
  throw new StatusError('INVALID_ARGUMENT', 'directory must be an absolute path, such as "/tmp/data".');
}
