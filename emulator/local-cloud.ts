import { type Clock, systemClock } from '../shared/contract/clock.ts';
import { ServerData, type ServerDataOptions } from './data/server-data.ts';
import { startExpiry } from './expiry.ts';
import type { AccessControl } from './iam/access-control.ts';
import { localSecrets } from './local-accounts.ts';
import type { CloudFaults, ProviderName } from './local-faults.ts';
import { providerSettings, startProviders } from './local-providers.ts';
import { ServerGroup } from './local-server.ts';
import type { PushTransport } from './pubsub/push-transport.ts';
import { type GoogleServer, SERVERS, startServers } from './servers.ts';

/** The servers of a local cloud, by the names that their ports are chosen by. */
export type ServerName = GoogleServer | ProviderName;

export interface LocalCloudOptions extends ServerDataOptions {
  /** Whose secrets the local Secret Manager holds. */
  readonly project: string;
  /** 0, the default, takes any free port. */
  readonly ports?: Readonly<Partial<Record<ServerName, number>>>;
  readonly clock?: Clock;
  /** Fixes what the sandboxes make up, and when their faults strike. Default 1. */
  readonly seed?: number;
  readonly faults?: CloudFaults;
  /** Values of more secrets, by id, or other values for those that the local cloud brings. */
  readonly secrets?: Readonly<Record<string, string>>;
  /**
   * Emulators that run already are used in place of ours: `PUBSUB_EMULATOR_HOST` and `FIRESTORE_EMULATOR_HOST`, as Google's
   * own tools set them.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How the local Pub/Sub's pushes leave; HTTP unless given. */
  readonly pushTransport?: PushTransport;
  /** Who may do what at Pub/Sub, Cloud Tasks and Secret Manager; everybody everything unless given. */
  readonly access?: AccessControl;
}

export type LocalCloud = Awaited<ReturnType<typeof startLocalCloud>>;

/**
 * Starts every server of the local cloud at once.
 *
 * @throws PortTaken naming the server; DataInUse, DataDamaged or DataRefused naming the directory or the file; whatever had started is closed again
 */
export async function startLocalCloud(options: LocalCloudOptions) {
  const { project, ports = {}, seed = 1, faults = {}, env = {} } = options;
  const clock = options.clock && { clock: options.clock };
  const secretValues: Readonly<Record<string, string>> = { ...localSecrets, ...options.secrets };
  const group = new ServerGroup<ServerName>(ports);
  const only = SERVERS.filter((name) => !replaced(name, env));
  const data = new ServerData(only, options);
  const starting = [
    startServers(group.start, {
      only,
      data,
      ...clock,
      pubsubFaults: faults.pubsub ?? {},
      ...(options.pushTransport && { pushTransport: options.pushTransport }),
      ...(options.access && { access: options.access }),
      secrets: { [project]: secretValues },
      otherPubsub: env.PUBSUB_EMULATOR_HOST ?? '',
    }),
    startProviders(group.start, { ...clock, seed, faults: faults.providers ?? {} }),
  ] as const;
  try {
    const [{ pubsub, firestore, tasks, scheduler, secrets, kms }, providers] = await Promise.all(starting);
    if (!tasks || !scheduler || !secrets || !kms)
      throw new Error('a server of the local cloud was not started');
    const stopExpiry = firestore ? startExpiry(firestore.store, options.clock ?? systemClock) : () => {};
    return {
      /** Undefined where an emulator that ran already is used. */
      pubsub,
      firestore,
      tasks,
      scheduler,
      secrets,
      kms,
      providers,
      secretNames: Object.keys(secretValues),
      /** Points Google's clients at this cloud. */
      env: {
        PUBSUB_EMULATOR_HOST: pubsub?.address ?? env.PUBSUB_EMULATOR_HOST ?? '',
        FIRESTORE_EMULATOR_HOST: firestore?.address ?? env.FIRESTORE_EMULATOR_HOST ?? '',
        CLOUD_TASKS_EMULATOR_HOST: tasks.address,
        SECRET_MANAGER_EMULATOR_HOST: secrets.address,
        CLOUD_SCHEDULER_EMULATOR_HOST: scheduler.address,
        CLOUD_KMS_EMULATOR_HOST: kms.address,
      },
      /** Points the agents at the sandboxes: values for the settings that contracts declare. */
      settings: providerSettings(providers),
      close: async () => {
        stopExpiry();
        try {
          data.exportAtEnd();
        } finally {
          await group.close();
          data.close();
        }
      },
    };
  } catch (error) {
    await group.close();
    data.close();
    throw error;
  }
}

/** Whether an emulator that runs already takes this server's place. */
function replaced(name: GoogleServer, env: NonNullable<LocalCloudOptions['env']>): boolean {
  if (name === 'pubsub') return Boolean(env.PUBSUB_EMULATOR_HOST);
  return name === 'firestore' && Boolean(env.FIRESTORE_EMULATOR_HOST);
}
