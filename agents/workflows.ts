import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Contract, MeshError } from '../shared/contract/index.ts';
import type { WorkflowDefinition } from '../shared/workflow/index.ts';
import { loadContracts } from './contracts.ts';

/** The workflows of an agent, each in every version that its code holds. */
export interface HostedWorkflows {
  readonly contract: Contract;
  readonly definitions: readonly WorkflowDefinition[];
}

/**
 * The workflows of all agents: what the `workflow.ts` of an agent whose contract names workflows exports. For tools that replay; agents
 * load their own.
 *
 * @throws MeshError `ContractInvalid`, naming the file that does not load; what `loadContracts` throws
 */
export async function loadWorkflows(directory: string = import.meta.dirname): Promise<HostedWorkflows[]> {
  const hosts = (await loadContracts(directory)).filter(
    (contract) => Object.keys(contract.workflows).length > 0,
  );
  return Promise.all(
    hosts.map(async (contract) => {
      const file = join(directory, contract.name, 'workflow.ts');
      return { contract, definitions: existsSync(file) ? await definitionsIn(file, contract) : [] };
    }),
  );
}

async function definitionsIn(file: string, contract: Contract): Promise<WorkflowDefinition[]> {
  const exported: unknown[] = await import(pathToFileURL(file).href).then(Object.values, (cause: unknown) => {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new MeshError('ContractInvalid', `${file} does not load: ${message}`, {
      field: `${contract.name}/workflow.ts`,
      cause,
    });
  });
  return exported.filter(
    (value): value is WorkflowDefinition =>
      typeof value === 'object' &&
      value !== null &&
      'run' in value &&
      'version' in value &&
      'name' in value &&
      Object.hasOwn(contract.workflows, String(value.name)),
  );
}
