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
  /** The agents whose contracts call this one: replies go nowhere else. `*` for the agent that records dead letters. */
  readonly callers: readonly string[];
  /** `projects/<p>/locations/<l>/queues/<q>`. */
  readonly queue: string;
  /** The account whose token Cloud Tasks publishes with; undefined locally. */
  readonly timersAccount?: string;
  readonly database: string;
}

const VARIABLE = {
  project: 'GOOGLE_CLOUD_PROJECT',
  prefix: 'MESH_PREFIX',
  agent: 'MESH_AGENT',
  callers: 'MESH_CALLERS',
  queue: 'MESH_QUEUE',
  timersAccount: 'MESH_TIMERS_ACCOUNT',
  database: 'MESH_DATABASE',
} as const satisfies Record<keyof Deployment, string>;

/** The deployment as environment variables. */
export function deploymentEnv(deployment: Deployment): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [field, variable] of Object.entries(VARIABLE)) {
    const value = deployment[field as keyof Deployment];
    if (value !== undefined) env[variable] = typeof value === 'string' ? value : value.join(',');
  }
  return env;
}

/** Reads the deployment back. Throws `ConfigurationInvalid` naming the variable that is missing. */
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
  };
}
