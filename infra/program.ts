import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { loadContracts } from '../agents/contracts.ts';
import type { Contract } from '../shared/contract/agent.ts';
import { MeshError } from '../shared/contract/errors.ts';
import { readBundles } from './bundles.ts';
import { readConfig } from './config.ts';
import { deployMesh } from './mesh.ts';

/**
 * The program of a stack: what is configured, the contracts of all agents, the bundles that were built. What is wrong with any of them is
 * told in one sentence, and nothing is deployed.
 *
 * @param also contracts of agents that are deployed besides those of this checkout
 */
export async function runProgram(also: readonly Contract[] = []) {
  try {
    const stack = pulumi.getStack();
    const config = readConfig(pulumi.runtime.allConfig(), stack);
    const contracts = [...(await loadContracts()), ...also];
    const folder = process.env.MESH_BUNDLES ?? join(import.meta.dirname, '..', 'dist');
    return deployMesh({
      stack,
      config,
      contracts,
      bundles: readBundles(join(folder, 'manifest.json')),
      pagerDutyKey:
        config.pagerDutyKey === undefined ? undefined : new pulumi.Config().requireSecret('pagerDutyKey'),
    });
  } catch (error) {
    // Without a stack of calls: it is for whoever wrote the configuration.
    if (error instanceof MeshError) throw new pulumi.RunError(`${error.message}. ${error.hint}`);
    throw error;
  }
}
