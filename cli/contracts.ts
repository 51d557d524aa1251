import { resolve } from 'node:path';
import type { Contract } from '../shared/contract/agent.ts';
import { MeshError } from '../shared/contract/errors.ts';

/** The contracts of the agents in `directory` (a mesh that runs here says of which it is); of this checkout's, unless one is given. */
export async function readContracts(directory?: string): Promise<Contract[]> {
  const { loadContracts } = await import('../agents/contracts.ts');
  const contracts = await loadContracts(directory === undefined ? undefined : resolve(directory));
  if (contracts.length === 0) {
    throw new MeshError('ConfigurationInvalid', `there are no agents in ${directory}`, { field: '--agents' });
  }
  return contracts;
}

/** The contract of the agent called `name`. Throws `NotFound`, naming those that there are. */
export function contractOf(contracts: readonly Contract[], name: string): Contract {
  const contract = contracts.find((each) => each.name === name);
  if (contract) return contract;
  throw new MeshError('NotFound', `there is no agent ${JSON.stringify(name)}`, {
    field: 'agent',
    hint: `There are: ${contracts.map((each) => each.name).join(', ')}`,
  });
}
