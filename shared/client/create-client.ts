import type { Clock } from '../contract/clock.ts';
import { readKeys } from '../contract/deployment.ts';
import { MeshError } from '../contract/errors.ts';
import { randomIds } from '../contract/ids.ts';
import type { GooglePorts } from '../gcp/index.ts';
import { readingStore } from '../kernel/index.ts';
import { type ClientPorts, MeshAccess } from './mesh-access.ts';
import { MeshClient } from './mesh-client.ts';
import { processClock } from './process-clock.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface ClientOptions {
  /** The Google Cloud project. Default: `GOOGLE_CLOUD_PROJECT`. */
  readonly project?: string;
  /** Begins the names of the mesh's topics. Default: `MESH_PREFIX`, or else `mesh`. */
  readonly prefix?: string;
  /** The Firestore database. Default: `MESH_DATABASE`, or else `(default)`. */
  readonly database?: string;
  /**
   * The `ce-source` of what is sent, such as `/shop-web`. An idempotency key counts within its source: programs that share keys share
   * it. Default `/client`.
   */
  readonly source?: string;
  /** Names the local servers, by `PUBSUB_EMULATOR_HOST` and `FIRESTORE_EMULATOR_HOST`. Default: the environment of the process. */
  readonly env?: Env;
  /** In place of Google's services: for tests. */
  readonly ports?: ClientPorts;
}

const DEFAULT_PREFIX = 'mesh';
const DEFAULT_SOURCE = '/client';

/**
 * A client of a mesh. No connection is opened, and none of Google's libraries loaded, before the first call. Outside of Google Cloud it
 * needs application default credentials (`gcloud auth application-default login`), whose account may publish to the agents' topics
 * (`roles/pubsub.publisher`) and use the database (`roles/datastore.viewer`; `roles/datastore.user` to send payloads by claim check).
 *
 * @throws MeshError `ConfigurationInvalid` where no project is named
 * @example
 * const client = createClient({ project: 'my-project' });
 * const handle = await client.start(orders['fulfill-order'], order);
 * await handle.result({ timeout: '2m' });
 * await client.close();
 */
export function createClient(options: ClientOptions = {}): MeshClient {
  const { env = process.env, source = DEFAULT_SOURCE } = options;
  const prefix = options.prefix ?? (env.MESH_PREFIX || DEFAULT_PREFIX);
  if (options.ports) return new MeshClient(new MeshAccess(options.ports, prefix, source));
  const project = options.project ?? env.GOOGLE_CLOUD_PROJECT;
  if (!project) {
    throw new MeshError('ConfigurationInvalid', 'no Google Cloud project is named', {
      field: 'project',
      hint: 'Give createClient a project, or set GOOGLE_CLOUD_PROJECT.',
    });
  }
  const database = options.database ?? (env.MESH_DATABASE || '(default)');
  const { ports, close } = lazyPorts({ project, prefix, database, env, clock: processClock });
  return new MeshClient(new MeshAccess(ports, prefix, source), close);
}

interface Place {
  readonly project: string;
  readonly prefix: string;
  readonly database: string;
  readonly env: Env;
  readonly clock: Clock;
}

/** The ports of a program that hosts no agent. Its log is silent: a library does not write to the output of its program. */
export async function openPorts({ project, prefix, database, env, clock }: Place): Promise<GooglePorts> {
  const { createPorts } = await import('../gcp/index.ts');
  const place = { project, prefix, agent: 'client', callers: [], queue: '', database };
  const deployment = { ...place, ...readKeys(env) };
  const ports = createPorts(deployment, { env: { ...env, LOG_LEVEL: 'silent' }, clock });
  return { ...ports, store: readingStore(ports) };
}

function lazyPorts(place: Place): { readonly ports: ClientPorts; close(): Promise<void> } {
  let opened: Promise<GooglePorts> | undefined;
  const open = () => {
    opened ??= openPorts(place);
    return opened;
  };
  const ports: ClientPorts = {
    clock: place.clock,
    ids: randomIds,
    bus: { publish: async (topic, messages) => (await open()).bus.publish(topic, messages) },
    store: {
      read: async (paths) => (await open()).store.read(paths),
      commit: async (writes) => (await open()).store.commit(writes),
      query: async (query) => (await open()).store.query(query),
    },
  };
  return { ports, close: async () => (await opened)?.close() };
}
