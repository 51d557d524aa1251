import { type Clock, systemClock } from '../contract/clock.ts';
import type { Deployment } from '../contract/deployment.ts';
import { randomIds } from '../contract/ids.ts';
import type { Ports } from '../contract/ports.ts';
import { PubSubBus, publisherClient } from './bus.ts';
import { type Env, isLocal, localHost } from './endpoint.ts';
import { CloudKms } from './kms.ts';
import { createLog } from './logging.ts';
import { Redactor } from './redaction.ts';
import { SecretManagerSecrets } from './secrets.ts';
import { FirestoreStore } from './store.ts';
import { CloudTasksTimers } from './timers.ts';

export interface PortsOptions {
  readonly clock?: Clock;
  /**
   * Where the ports are told of local servers (`PUBSUB_EMULATOR_HOST`, `FIRESTORE_EMULATOR_HOST`, `CLOUD_TASKS_EMULATOR_HOST`,
   * `SECRET_MANAGER_EMULATOR_HOST`, `CLOUD_KMS_EMULATOR_HOST`) of whom they are to call them as (`EMULATOR_PRINCIPAL`), and of the least level to log (`LOG_LEVEL`). Default: the environment of the process.
   */
  readonly env?: Env;
}

/** The ports over Google Cloud. */
export interface GooglePorts extends Ports {
  /** Closes every connection. A port that is used again opens its own anew. */
  close(): Promise<void>;
}

/** Makes the ports. No client is loaded, and no connection opened, before a port is used: cold start depends on it. */
export function createPorts(deployment: Deployment, options: PortsOptions = {}): GooglePorts {
  const { clock = systemClock, env = process.env } = options;
  const { project, prefix, agent } = deployment;
  const redactor = new Redactor();
  const hosts = {
    pubsub: localHost('pubsub', env),
    firestore: localHost('firestore', env),
    tasks: localHost('tasks', env),
    secrets: localHost('secrets', env),
    kms: localHost('kms', env),
  };
  const bus = new PubSubBus(project, publisherClient(project, hosts.pubsub), clock);
  const store = new FirestoreStore(deployment, hosts.firestore, clock);
  const timers = new CloudTasksTimers(deployment, hosts, clock);
  const { secretVersions: versions, keyRing, keyPer = 'mesh' } = deployment;
  const keys =
    keyRing === undefined
      ? undefined
      : new CloudKms({
          keys: { ring: keyRing, per: keyPer },
          local: hosts.kms,
          clock,
          token: () => store.accessToken(),
        });
  const secrets = new SecretManagerSecrets({ project, local: hosts.secrets, clock, redactor, versions });
  const log = createLog({
    project,
    labels: { agent, mesh: prefix },
    redactor,
    clock,
    level: env.LOG_LEVEL,
    // https://cloud.google.com/run/docs/container-contract#services-env-vars; the local cloud sets it too.
    onGoogleCloud: env.K_SERVICE !== undefined && !isLocal(env),
  });
  return {
    bus,
    store,
    timers,
    secrets,
    clock,
    ids: randomIds,
    log,
    ...(keys && { keys }),
    async close() {
      await Promise.all([bus, store, timers, secrets].map((port) => port.close()));
    },
  };
}
