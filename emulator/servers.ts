import type { Clock } from '../shared/contract/clock.ts';
import type { ServerData } from './data/server-data.ts';
import type { IndexConfiguration } from './firestore/index/definition.ts';
import { startFirestore } from './firestore/server.ts';
import type { AccessControl } from './iam/access-control.ts';
import { createTokenIssuer } from './identity/token-issuer.ts';
import { startKms } from './kms/server.ts';
import type { StartServer } from './local-server.ts';
import type { Faults } from './pubsub/faults.ts';
import type { PushTransport } from './pubsub/push-transport.ts';
import { startPubSub } from './pubsub/server.ts';
import { startScheduler } from './scheduler/server.ts';
import type { SeedSecrets } from './secrets/secret-vault.ts';
import { startSecrets } from './secrets/server.ts';
import { startTasks } from './tasks/server.ts';
import type { RequestLog } from './wire/request-log.ts';

export const SERVERS = ['pubsub', 'firestore', 'tasks', 'secrets', 'scheduler', 'kms'] as const;

/** One of Google's services, as the local cloud has it. */
export type GoogleServer = (typeof SERVERS)[number];

export interface ServersOptions {
  readonly only: readonly GoogleServer[];
  readonly host?: string;
  readonly clock?: Clock;
  readonly pubsubFaults?: Faults;
  /** How pushes leave; HTTP unless given. */
  readonly pushTransport?: PushTransport;
  readonly secrets?: SeedSecrets;
  readonly requests?: RequestLog;
  /** The Pub/Sub that the scheduler and the tasks of before publish to where ours is not started. */
  readonly otherPubsub?: string;
  /** Who may do what at Pub/Sub, Firestore, Cloud Tasks and Secret Manager; everybody everything unless given. */
  readonly access?: AccessControl;
  /** The indexes of Firestore's databases: given, a query that they do not serve is refused, as in production. */
  readonly indexes?: IndexConfiguration;
  /** Keeps what they hold beyond the process. */
  readonly data?: ServerData;
}

export type Servers = Awaited<ReturnType<typeof startServers>>;

/** Starts those of Google's services that are wanted, at once; the others are undefined. */
export async function startServers(start: StartServer<GoogleServer>, options: ServersOptions) {
  const {
    only,
    host,
    clock,
    pubsubFaults,
    pushTransport,
    secrets,
    requests,
    otherPubsub = '',
    access,
    indexes,
    data,
  } = options;
  // One for all, as Google is.
  const issuer = createTokenIssuer();
  const guarded = access && { access };
  const common = (name: GoogleServer) => ({
    ...(host !== undefined && { host }),
    ...(clock && { clock }),
    ...(requests && { onRequest: requests.of(name) }),
  });
  const wanted = <Server>(name: GoogleServer, starting: () => Promise<Server>) =>
    only.includes(name) ? starting() : undefined;
  const kept = <Keeper>(keeper: Keeper | undefined) => data && keeper && { keeper, restored: data.restored };
  const startingPubsub = wanted('pubsub', () =>
    start('pubsub', (place) =>
      startPubSub({
        ...common('pubsub'),
        ...place,
        ...guarded,
        ...kept(data?.pubsub),
        issuer,
        faults: pubsubFaults ?? {},
        ...(pushTransport && { pushTransport }),
      }),
    ),
  );
  const starting = [
    startingPubsub,
    wanted('firestore', () =>
      start('firestore', (place) =>
        startFirestore({
          ...common('firestore'),
          ...place,
          ...guarded,
          ...kept(data?.firestore),
          ...(indexes && { indexes, requireIndexes: true }),
        }),
      ),
    ),
    wanted('tasks', () =>
      start('tasks', (place) =>
        startTasks({ ...common('tasks'), ...place, ...guarded, ...kept(data?.tasks), issuer }),
      ),
    ),
    wanted('secrets', () =>
      start('secrets', (place) =>
        startSecrets({
          ...common('secrets'),
          ...place,
          ...guarded,
          ...kept(data?.secrets),
          ...(secrets && { secrets }),
        }),
      ),
    ),
    wanted('scheduler', () =>
      start('scheduler', (place) =>
        startScheduler({
          ...common('scheduler'),
          ...place,
          pubsub: async () => (await startingPubsub)?.address ?? otherPubsub,
        }),
      ),
    ),
    wanted('kms', () => start('kms', (place) => startKms({ ...common('kms'), ...place, ...guarded }))),
  ] as const;
  // All of them are made by now, and those that keep something have not opened yet.
  data?.restore();
  const [pubsub, firestore, tasks, secretManager, scheduler, kms] = await Promise.all(starting);
  data?.serving(pubsub?.address ?? otherPubsub);
  return { pubsub, firestore, tasks, secrets: secretManager, scheduler, kms };
}

/** What each server's address is told to Google's clients by. */
const VARIABLES: Readonly<Record<GoogleServer, string>> = {
  pubsub: 'PUBSUB_EMULATOR_HOST',
  firestore: 'FIRESTORE_EMULATOR_HOST',
  tasks: 'CLOUD_TASKS_EMULATOR_HOST',
  secrets: 'SECRET_MANAGER_EMULATOR_HOST',
  scheduler: 'CLOUD_SCHEDULER_EMULATOR_HOST',
  kms: 'CLOUD_KMS_EMULATOR_HOST',
};

/** The environment that leads clients to the servers that run. */
export function serverEnv(servers: Servers): Record<string, string> {
  return Object.fromEntries(
    SERVERS.flatMap((name) => {
      const address = servers[name]?.address;
      return address === undefined ? [] : [[VARIABLES[name], address]];
    }),
  );
}
