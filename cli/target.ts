import type { WaitOptions } from '../shared/client/index.ts';
import { MeshAccess } from '../shared/client/mesh-access.ts';
import { processClock } from '../shared/client/process-clock.ts';
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

/** The `ce-source` of the messages of the command line. */
export const SOURCE = '/mesh-cli';
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
  const { openPorts } = await import('../shared/client/create-client.ts');
  const database = env.MESH_DATABASE || '(default)';
  const ports = await openPorts({ project, prefix, database, env, clock: processClock });
  try {
    return await use(ports);
  } finally {
    await ports.close();
  }
}

/** Runs `use` with the mesh as a client reaches it, in the name of the command line. */
export function withMesh<Result>(
  target: Pick<Target, 'project' | 'prefix' | 'env'>,
  use: (mesh: MeshAccess) => Promise<Result>,
): Promise<Result> {
  return withPorts(target, async (ports) => use(new MeshAccess(ports, target.prefix, SOURCE)));
}

/** The wait of a command with `--timeout`. */
export function waitFor({ timeout }: { readonly timeout: number }): WaitOptions {
  return { timeout: `${timeout}ms` };
}
