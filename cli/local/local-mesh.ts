import { join } from 'node:path';
import type { ServerDataOptions } from '../../emulator/data/server-data.ts';
import type { AccessControl } from '../../emulator/iam/access-control.ts';
import { type LocalCloud, type ServerName, startLocalCloud } from '../../emulator/local-cloud.ts';
import type { CloudFaults } from '../../emulator/local-faults.ts';
import { PortTaken } from '../../emulator/local-server.ts';
import { createHttpPush } from '../../emulator/pubsub/http-push.ts';
import type { PushTransport } from '../../emulator/pubsub/push-transport.ts';
import type { StartInstance } from '../../emulator/run/instance.ts';
import { type LogLine, type RunServer, startRun } from '../../emulator/run/server.ts';
import { deploymentEnv } from '../../shared/contract/deployment.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { applyTopology } from '../../shared/gcp/index.ts';
import { type AgentFunction, computeTopology, type Topology } from '../../shared/topology.ts';
import { readContracts } from '../contracts.ts';
import { dataError } from '../emulator/server-data.ts';
import { identityEnv, invokers, operatorEnv, pushIdentities, refuseOtherEmulators } from './identities.ts';

export type PortName = ServerName | 'run';

export interface LocalMeshOptions extends ServerDataOptions {
  readonly project: string;
  readonly prefix: string;
  /** The agents' folder. */
  readonly agents: string;
  readonly ports?: Readonly<Partial<Record<PortName, number>>>;
  readonly seed?: number;
  readonly faults?: CloudFaults;
  /** Values of secrets that the local cloud does not bring. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Settings of the agents' and emulators that run already are read from here. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly compileCache?: string;
  readonly onLine?: (line: LogLine) => void;
  /** The agents' bundles, by the agents' names: they are run in place of the sources. */
  readonly bundles?: Readonly<Record<string, LocalBundle>>;
  /** How functions are started; as processes by default. */
  readonly start?: StartInstance;
  /** Holds the agents, and Google's services, to what they are granted. Left out: everybody may do everything. */
  readonly access?: AccessControl;
}

/** What is deployed of an agent. */
export interface LocalBundle {
  /** Its entry. */
  readonly source: string;
  /** What its container is started with. */
  readonly command: readonly string[];
}

/** A mesh that runs on this machine: the local cloud, the topology applied to it, and the agents' functions. */
export interface LocalMesh {
  readonly topology: Topology;
  readonly cloud: LocalCloud;
  readonly run: RunServer;
  /** Points Google's clients at it. */
  readonly env: Readonly<Record<string, string>>;
  /** The environment that the function of an agent is started with. */
  envOf(agent: string): Readonly<Record<string, string>>;
  /** By name, for people. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Stops the agents, then the servers. Safe to call twice. */
  close(): Promise<void>;
}

/** An instance that has had nothing to do for so long is stopped. */
const IDLE_MS = 5 * 60_000;
/** Google's clients look for a metadata server otherwise, which takes seconds where there is none. */
const NO_METADATA_SERVER = { METADATA_SERVER_DETECTION: 'none' };

/**
 * Starts a local mesh.
 *
 * @throws MeshError `PortInUse`, `SecretMissing`, `ContractInvalid`, `ConfigurationInvalid`; what had started is stopped again
 */
export async function startLocalMesh(options: LocalMeshOptions): Promise<LocalMesh> {
  const { project, prefix, agents, ports = {}, env, compileCache, onLine, bundles, start, access } = options;
  if (access) refuseOtherEmulators(env);
  const startingRun = startRun({
    port: ports.run ?? 0,
    ...(compileCache && { compileCache }),
    ...(onLine && { onLine }),
    ...(start && { start }),
    ...(access && { mayInvoke: invokers(access, options) }),
  }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'EADDRINUSE' || code === 'EACCES' ? new PortTaken('run', ports.run ?? 0, error) : error;
  });
  const push = createHttpPush();
  // What goes to a function of ours needs no connection: a third of what a delivery costs.
  const deployed = Promise.withResolvers<void>();
  const pushTransport: PushTransport = async (request) => {
    // What was kept may be pushed before there is anybody to push it to.
    await deployed.promise;
    const { url, headers, body, signal } = request;
    const serving = (await startingRun).serve(url, { method: 'POST', headers, body }, signal);
    return serving ?? push.send(request);
  };
  const starting = [startingRun, startLocalCloud({ ...options, pushTransport })] as const;
  const closeAll = async () => {
    push.close();
    const [run, cloud] = await Promise.allSettled(starting);
    if (run.status === 'fulfilled') await run.value.close();
    if (cloud.status === 'fulfilled') await cloud.value.close();
  };
  try {
    const [contracts, run, cloud] = await Promise.all([readContracts(agents), ...starting]);
    const topology = computeTopology(contracts, { project, prefix });
    checkSecrets(topology, cloud);
    const keys = topology.keys && { MESH_KEY_RING: topology.keys.ring };
    const cloudEnv = { ...cloud.env, ...keys, ...NO_METADATA_SERVER, ...(access && operatorEnv) };
    const envs = new Map<string, Readonly<Record<string, string>>>();
    for (const each of topology.functions) {
      const settings = settingsOf(each, { ...cloud.settings, ...defined(env) });
      const identity = access && identityEnv(each);
      envs.set(each.agent, { ...deploymentEnv(each.deployment), ...cloudEnv, ...settings, ...identity });
      run.deploy(
        {
          name: each.agent,
          target: each.agent,
          ...(bundles?.[each.agent] ?? { source: join(agents, each.agent, 'index.ts') }),
          env: envs.get(each.agent) ?? {},
        },
        { concurrency: each.concurrency, timeoutMs: each.timeoutSeconds * 1_000 + GRACE_MS, idleMs: IDLE_MS },
      );
    }
    await applyTopology(topology, {
      endpointOf: run.urlOf,
      env: { ...env, ...cloudEnv },
      ...(access && { oidcOf: pushIdentities(topology.functions) }),
    });
    applyToCloud(topology, cloud);
    deployed.resolve();
    let closed: Promise<void> | undefined;
    return {
      topology,
      cloud,
      run,
      env: cloudEnv,
      envOf: (agent) => envs.get(agent) ?? {},
      addresses: addressesOf(cloud, run),
      close() {
        closed ??= closeAll().catch((error: unknown) => {
          throw dataError(error);
        });
        return closed;
      },
    };
  } catch (error) {
    await closeAll();
    throw error instanceof PortTaken ? portInUse(error) : dataError(error);
  }
}

/** What of the topology no client library applies: keys, the scheduler's jobs, what expires, and the indexes that there are in production. */
function applyToCloud(
  { project, schedules, expiring, indexes, keys }: Topology,
  { scheduler, firestore, kms }: LocalCloud,
): void {
  if (keys) {
    kms.core.createRing(keys.ring, Date.now());
    kms.core.createKey(keys.ring, 'mesh', Date.now());
  }
  for (const { name, cron, timeZone, topic, attributes, data } of schedules) {
    scheduler.core.put({
      name,
      cron,
      timeZone,
      topic: `projects/${project}/topics/${topic}`,
      attributes,
      data: Buffer.from(data),
    });
  }
  const database = firestore?.store.database(project);
  for (const collection of expiring) database?.setTtl(collection, 'expireAt');
  database?.requireIndexes(
    indexes.map(({ collection, fields }) => ({
      collectionGroup: collection,
      queryScope: 'COLLECTION',
      fields: fields.map(({ field: fieldPath, order }) => {
        if (order === 'contains') return { fieldPath, arrayConfig: 'CONTAINS' };
        return { fieldPath, order: order === 'ascending' ? 'ASCENDING' : 'DESCENDING' };
      }),
    })),
  );
}

/** The kernel answers within the contract's timeout; what is beyond is cut off here. */
const GRACE_MS = 5_000;

function settingsOf(
  { contract }: AgentFunction,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    contract.settings.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  );
}

function checkSecrets(topology: Topology, cloud: LocalCloud): void {
  const missing = topology.secrets.find((id) => !cloud.secretNames.includes(id));
  if (missing === undefined) return;
  const agents = topology.functions.filter(({ contract }) => contract.secrets.includes(missing));
  throw new MeshError(
    'SecretMissing',
    `the secret ${JSON.stringify(missing)} of ${agents.map(({ agent }) => agent).join(', ')} has no value on this machine`,
    { field: missing, hint: `Put it into .mesh/secrets.json: {"${missing}": "…"}` },
  );
}

function portInUse({ server, port, message, cause }: PortTaken): MeshError {
  return new MeshError('PortInUse', message, {
    field: `--port-${server}`,
    hint: `Stop what listens there, or choose another: --port-${server} ${port + 1} (0 takes any free port)`,
    cause,
  });
}

function addressesOf({ env, providers }: LocalCloud, run: RunServer): Record<string, string> {
  return {
    pubsub: env.PUBSUB_EMULATOR_HOST,
    firestore: env.FIRESTORE_EMULATOR_HOST,
    tasks: env.CLOUD_TASKS_EMULATOR_HOST,
    secrets: env.SECRET_MANAGER_EMULATOR_HOST,
    scheduler: env.CLOUD_SCHEDULER_EMULATOR_HOST,
    kms: env.CLOUD_KMS_EMULATOR_HOST,
    run: run.address,
    ...Object.fromEntries(Object.entries(providers).map(([name, { url }]) => [name, url])),
  };
}

function defined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}
