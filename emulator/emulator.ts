import { exportLines, startHub } from './admin/hub.ts';
import { MovableClock } from './admin/movable-clock.ts';
import { ServerData, type ServerDataOptions } from './data/server-data.ts';
import { startExpiry } from './expiry.ts';
import type { IndexConfiguration } from './firestore/index/definition.ts';
import type { AccessControl } from './iam/access-control.ts';
import { ServerGroup } from './local-server.ts';
import type { SeedSecrets } from './secrets/secret-vault.ts';
import { type GoogleServer, SERVERS, type Servers, serverEnv, startServers } from './servers.ts';
import { RequestLog, type RequestRecord } from './wire/request-log.ts';
import { StatusError } from './wire/status.ts';

export interface EmulatorOptions extends ServerDataOptions {
  /** The services to start; all of them unless given. */
  readonly only?: readonly GoogleServer[];
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** 0, the default, takes any free port. `hub` is the emulator's own door. */
  readonly ports?: Readonly<Partial<Record<GoogleServer | 'hub', number>>>;
  /** Secrets to begin with: project id, then secret id, then value. */
  readonly secrets?: SeedSecrets;
  /** Keeps the last 1,000 requests, for `requests` and the hub. Costs a little of each. */
  readonly logRequests?: boolean;
  /** Who may do what at Pub/Sub, Firestore, Cloud Tasks and Secret Manager; everybody everything unless given. */
  readonly access?: AccessControl;
  /** The indexes of Firestore's databases: given, a query that they do not serve is refused, as in production. */
  readonly indexes?: IndexConfiguration;
  /** Told of each request as it is answered, where they are logged. */
  readonly onRequest?: (record: RequestRecord) => void;
}

/** Google's services on this machine, outside any mesh. */
export interface Emulator {
  /** The variables that lead Google's clients here: `PUBSUB_EMULATOR_HOST`, … */
  readonly env: Readonly<Record<string, string>>;
  /** `127.0.0.1:<port>` of each server, by name, and of the `hub`. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly clock: MovableClock;
  /** The servers themselves; those that were not wanted are undefined. */
  readonly servers: Servers;
  /** The last requests that were answered, the newest last; empty unless they are logged. */
  requests(limit?: number): readonly RequestRecord[];
  /**
   * Empties the servers named, or all. Streams and listeners end, or are told.
   *
   * @throws StatusError `INVALID_ARGUMENT` for one that does not run
   */
  reset(only?: readonly string[]): Promise<void>;
  /**
   * Writes what the servers hold now into a directory, for `importFrom`.
   *
   * @throws StatusError `INVALID_ARGUMENT` for a directory that is in use, or cannot be written
   */
  export(directory: string): Promise<void>;
  /** Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts local servers of Google's services, for a test or as a process of their own.
 *
 * @throws PortTaken naming the server; DataInUse, DataDamaged or DataRefused naming the directory or the file; whatever had started is closed again
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const {
    only = SERVERS,
    host,
    ports = {},
    secrets,
    logRequests = false,
    onRequest,
    access,
    indexes,
  } = options;
  const data = new ServerData(only, options);
  const clock = new MovableClock();
  const log = logRequests ? new RequestLog(clock, onRequest) : undefined;
  const group = new ServerGroup<GoogleServer | 'hub'>(ports);
  try {
    const servers = await startServers(group.start, {
      only,
      clock,
      ...(host !== undefined && { host }),
      ...(secrets && { secrets }),
      ...(log && { requests: log }),
      ...(access && { access }),
      ...(indexes && { indexes }),
      data,
    });
    const stopExpiry = servers.firestore ? startExpiry(servers.firestore.store, clock) : () => {};
    const env = serverEnv(servers);
    const addresses = addressesOf(servers);
    const requests = (limit?: number) => log?.last(limit) ?? [];
    const reset = (names?: readonly string[]) => resetServers(servers, names);
    const hub = await group.start('hub', (place) =>
      startHub(
        {
          addresses,
          env,
          clock: () => ({ now: new Date(clock.now()).toISOString(), aheadMs: clock.ahead }),
          advance: (ms) => clock.advance(ms),
          requests,
          reset,
          export: (directory) => exportTo(data, directory),
        },
        { ...place, ...(host !== undefined && { host }) },
      ),
    );
    let stopped: Promise<void> | undefined;
    const stop = async () => {
      stopExpiry();
      try {
        data.exportAtEnd();
      } finally {
        await group.close();
        data.close();
      }
    };
    return {
      env,
      addresses: { ...addresses, hub: hub.address },
      clock,
      servers,
      requests,
      reset,
      export: (directory) => exportTo(data, directory),
      stop() {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await group.close();
    data.close();
    throw error;
  }
}

export { exportLines };

async function exportTo(data: ServerData, directory: string): Promise<void> {
  try {
    data.export(directory);
  } catch (error) {
    throw new StatusError('INVALID_ARGUMENT', `Nothing was exported: ${(error as Error).message}.`);
  }
}

function addressesOf(servers: Servers): Record<string, string> {
  return Object.fromEntries(
    SERVERS.flatMap((name) => {
      const address = servers[name]?.address;
      return address === undefined ? [] : [[name, address]];
    }),
  );
}

async function resetServers(servers: Servers, names: readonly string[] | undefined): Promise<void> {
  const running = SERVERS.filter((name) => servers[name] !== undefined);
  const unknown = names?.find((name) => !running.some((each) => each === name));
  if (unknown !== undefined) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      `${JSON.stringify(unknown)} does not run here; there are: ${running.join(', ')}.`,
    );
  }
  for (const name of running) if (names?.includes(name) ?? true) empty[name](servers);
}

const empty: Readonly<Record<GoogleServer, (servers: Servers) => void>> = {
  pubsub: ({ pubsub }) => pubsub?.broker.clear(),
  firestore: ({ firestore }) => firestore?.store.clear(),
  tasks: ({ tasks }) => tasks?.core.clear(),
  secrets: ({ secrets }) => secrets?.core.reset(),
  scheduler: ({ scheduler }) => scheduler?.core.close(),
  kms: ({ kms }) => kms?.core.clear(),
};
