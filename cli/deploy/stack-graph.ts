import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { captureGraph } from '../../infra/preview/capture.ts';
import type { Graph } from '../../infra/preview/graph.ts';
import { standInBundles } from '../../infra/preview/stand-in-bundles.ts';

export const CHECKOUT = join(import.meta.dirname, '..', '..');

export interface StackGraphOptions {
  readonly stack: string;
  /** The checkout whose program is run. Default: this one. */
  readonly root?: string;
  /** Leaves bundles out of it: each agent's is told by a hash that says nothing. */
  readonly unbuilt?: boolean;
}

export interface StackGraph {
  readonly graph: Graph;
  /** Whether the bundles in it are those that are built. */
  readonly built: boolean;
}

/**
 * What a stack would be, without the cloud.
 *
 * @throws MeshError `NotFound` for a stack without a file, `ConfigurationInvalid` with what its program says
 */
export async function stackGraph({
  stack,
  root = CHECKOUT,
  unbuilt = false,
}: StackGraphOptions): Promise<StackGraph> {
  const dist = join(root, 'dist');
  if (!unbuilt && existsSync(join(dist, 'manifest.json')))
    return { graph: await captureGraph({ stack, root, env: { MESH_BUNDLES: dist } }), built: true };
  const { folder, remove } = standInBundles(root);
  try {
    return { graph: await captureGraph({ stack, root, env: { MESH_BUNDLES: folder } }), built: false };
  } finally {
    remove();
  }
}
