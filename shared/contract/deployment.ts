import { MeshError } from './errors.ts';

/**
 * Where a function runs: what the topology knows of it and the function can't know by itself. It is handed over in
 * environment variables, by the infrastructure program and by the local cloud alike.
 */
export interface Deployment {
  readonly project: string;
  /** Begins every topic and subscription name: `mesh`, `mesh-dev`. */
  readonly prefix: string;
  readonly agent: string;
  /**
   * The agents whose contracts call this one: replies go nowhere else. For the agent that records dead letters, those of every agent:
   * `<agent>:<caller>`.
   */
  readonly callers: readonly string[];
  /** `projects/<p>/locations/<l>/queues/<q>`. */
  readonly queue: string;
  /** The account whose token Cloud Tasks publishes with; undefined locally. */
  readonly timersAccount?: string;
  readonly database: string;
  /** The version that is read of a secret. Of one that is not named, the newest. */
  readonly secretVersions?: Readonly<Record<string, number>>;
  /** The key ring of Cloud KMS whose keys wrap those that payloads are encrypted with. Left out: nothing is encrypted. */
  readonly keyRing?: string;
  /** `mesh`, the default: one key for all tenants. `tenant`: a key for each, named as the tenant. */
  readonly keyPer?: 'mesh' | 'tenant';
}

const VARIABLE = {
  project: 'GOOGLE_CLOUD_PROJECT',
  prefix: 'MESH_PREFIX',
  agent: 'MESH_AGENT',
  callers: 'MESH_CALLERS',
  queue: 'MESH_QUEUE',
  timersAccount: 'MESH_TIMERS_ACCOUNT',
  database: 'MESH_DATABASE',
  secretVersions: 'MESH_SECRET_VERSIONS',
  keyRing: 'MESH_KEY_RING',
  keyPer: 'MESH_KEY_PER',
} as const satisfies Record<keyof Deployment, string>;

/** The deployment as environment variables. */
export function deploymentEnv(deployment: Deployment): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [field, variable] of Object.entries(VARIABLE)) {
    const value = deployment[field as keyof Deployment];
    if (value !== undefined) env[variable] = textOf(value);
  }
  return env;
}

/** A list as `a,b`, versions as `a=1,b=2`. */
function textOf(value: NonNullable<Deployment[keyof Deployment]>): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.join(',');
  return Object.entries(value)
    .map(([name, version]) => `${name}=${version}`)
    .join(',');
}

/** Reads the deployment back. Throws `ConfigurationInvalid` naming the variable that is missing or malformed. */
export function readDeployment(env: Readonly<Record<string, string | undefined>>): Deployment {
  const need = (field: keyof Deployment): string => {
    const variable = VARIABLE[field];
    const value = env[variable];
    if (!value)
      throw new MeshError('ConfigurationInvalid', `the environment variable ${variable} is not set`, {
        field: variable,
      });
    return value;
  };
  const timersAccount = env[VARIABLE.timersAccount];
  return {
    project: need('project'),
    prefix: need('prefix'),
    agent: need('agent'),
    callers: (env[VARIABLE.callers] ?? '').split(',').filter(Boolean),
    queue: need('queue'),
    ...(timersAccount && { timersAccount }),
    database: env[VARIABLE.database] || '(default)',
    ...readVersions(env[VARIABLE.secretVersions]),
    ...readKeys(env),
  };
}

/**
 * The keys that payloads are encrypted with.
 *
 * @throws MeshError `ConfigurationInvalid`
 */
export function readKeys(
  env: Readonly<Record<string, string | undefined>>,
): Pick<Deployment, 'keyRing' | 'keyPer'> {
  const keyRing = env[VARIABLE.keyRing];
  const per = env[VARIABLE.keyPer] || 'mesh';
  if (!keyRing) return {};
  const wrong = (variable: string, rule: string) =>
    new MeshError('ConfigurationInvalid', `${variable} ${rule}`, { field: variable });
  if (!/^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[A-Za-z0-9_-]{1,63}$/.test(keyRing))
    throw wrong(VARIABLE.keyRing, 'is projects/<project>/locations/<location>/keyRings/<ring>');
  if (per !== 'mesh' && per !== 'tenant') throw wrong(VARIABLE.keyPer, 'is mesh or tenant');
  return { keyRing, ...(per === 'tenant' && { keyPer: per }) };
}

function readVersions(text: string | undefined): Pick<Deployment, 'secretVersions'> {
  if (!text) return {};
  const versions = text.split(',').map((each) => {
    const [, secret, version] = /^([A-Za-z0-9_-]+)=([1-9]\d*)$/.exec(each) ?? [];
    if (secret !== undefined) return [secret, Number(version)] as const;
    const variable = VARIABLE.secretVersions;
    throw new MeshError(
      'ConfigurationInvalid',
      `${variable} has ${JSON.stringify(each)}; write <secret>=<version>`,
      {
        field: variable,
      },
    );
  });
  return { secretVersions: Object.fromEntries(versions) };
}
