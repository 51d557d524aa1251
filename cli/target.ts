import { MeshError } from '../shared/contract/errors.ts';
import type { GooglePorts } from '../shared/gcp/index.ts';
import type { Io } from './io.ts';
import { findLocalMesh, type LocalMeshState } from './local/state-file.ts';
import type { TargetOptions } from './options.ts';

/** The mesh that a command is about. */
export interface Target {
  readonly project: string;
  readonly prefix: string;
  /** What the ports read their services' addresses from. */
  readonly env: Io['env'];
  /** The local mesh; undefined for one on Google Cloud. */
  readonly local: LocalMeshState | undefined;
}

const DEFAULT_PREFIX = 'mesh';

/**
 * The mesh that `--project` names, else the one that runs here, else the one of the environment (`GOOGLE_CLOUD_PROJECT`,
 * `MESH_PREFIX`, and the emulators' variables, as Google's tools read them).
 *
 * @throws MeshError `MeshNotRunning`
 */
export function findTarget(io: Io, { project, prefix }: TargetOptions): Target {
  const local = project === undefined ? findLocalMesh(io.cwd) : undefined;
  if (local) {
    const env = { ...io.env, ...local.env };
    return { project: local.project, prefix: prefix ?? local.prefix, env, local };
  }
  const named = project ?? (io.env.GOOGLE_CLOUD_PROJECT || undefined);
  if (!named) {
    throw new MeshError('MeshNotRunning', 'no mesh is running here, and no project is named', {
      hint: 'Start one with: mesh up. Or name a Google Cloud project: --project <id>',
    });
  }
  return {
    project: named,
    prefix: prefix ?? (io.env.MESH_PREFIX || DEFAULT_PREFIX),
    env: io.env,
    local: undefined,
  };
}

/** Runs `use` with the ports of the mesh, and closes them. */
export async function withPorts<Result>(
  { project, prefix, env }: Pick<Target, 'project' | 'prefix' | 'env'>,
  use: (ports: GooglePorts) => Promise<Result>,
): Promise<Result> {
  const { createPorts } = await import('../shared/gcp/index.ts');
  const deployment = {
    project,
    prefix,
    agent: 'cli',
    callers: [],
    queue: '',
    database: env.MESH_DATABASE || '(default)',
  };
  // Its log would go to stdout, which is for data.
  const ports = createPorts(deployment, { env: { ...env, LOG_LEVEL: 'silent' } });
  try {
    return await use(ports);
  } finally {
    await ports.close();
  }
}
