import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Contract, MeshError } from '../shared/contract/index.ts';

/**
 * The contracts of all agents, in order of their names: every folder beside this file that holds a `contract.ts` is an agent. Loads
 * no agent's code but its contract.
 *
 * @throws MeshError `ContractInvalid`, naming the file: it does not load, defines no agent or several, or one of another name than
 * its folder's
 */
export async function loadContracts(directory: string = import.meta.dirname): Promise<Contract[]> {
  const folders = await agentFolders(directory);
  return Promise.all(folders.map((folder) => loadContract(directory, folder)));
}

/** The folders of the agents' folder that hold an agent, in order. */
export async function agentFolders(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true });
  return entries.flatMap((path) => /^([^/\\]+)[/\\]contract\.ts$/.exec(path)?.[1] ?? []).sort();
}

/** The contract of the agent in a folder of the agents' folder. Throws what `loadContracts` throws. */
export async function loadContract(directory: string, folder: string): Promise<Contract> {
  const file = join(directory, folder, 'contract.ts');
  const fail = (message: string, cause?: unknown) =>
    new MeshError('ContractInvalid', `${file} ${message}`, {
      field: `${folder}/contract.ts`,
      hint: `Export one agent, named as its folder: export const … = defineAgent({ name: '${folder}', … })`,
      ...(cause !== undefined && { cause }),
    });
  const exported: unknown[] = await import(pathToFileURL(file).href).then(Object.values, (cause: unknown) => {
    throw fail(`does not load: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  });
  const contracts = [...new Set(exported.flatMap((value) => contractOf(value) ?? []))];
  const [contract] = contracts;
  if (!contract) throw fail('exports no agent');
  if (contracts.length > 1)
    throw fail(`exports ${contracts.length} agents: ${contracts.map(({ name }) => name).join(', ')}`);
  if (contract.name !== folder)
    throw fail(`exports the agent ${JSON.stringify(contract.name)}, whose folder should be called so`);
  return contract;
}

/** The contract of what `defineAgent` returned; undefined for anything else. */
function contractOf(value: unknown): Contract | undefined {
  if (typeof value !== 'object' || value === null || !('contract' in value) || !('spec' in value))
    return undefined;
  return value.contract as Contract;
}
