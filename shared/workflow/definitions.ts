import type { Contract } from '../contract/agent.ts';
import { MeshError } from '../contract/errors.ts';
import type { WorkflowDefinition } from './definition.ts';

/** The workflows that the code of an agent holds, each in one version or several. */
export interface Definitions {
  /** The version that new runs begin with: the highest. */
  newest(workflow: string): WorkflowDefinition;
  /** Undefined for one that this code does not hold. */
  find(workflow: string, version: number): WorkflowDefinition | undefined;
}

/**
 * Holds the definitions against the contract that lists them.
 *
 * @throws MeshError `ContractInvalid` naming the workflow that the one has and the other lacks
 */
export function definitionsOf(contract: Contract, given: readonly WorkflowDefinition[]): Definitions {
  const versions = new Map<string, Map<number, WorkflowDefinition>>();
  const invalid = (workflow: string, message: string) =>
    new MeshError('ContractInvalid', `agent "${contract.name}": the workflow "${workflow}" ${message}`, {
      field: `workflows.${workflow}`,
    });
  for (const definition of given) {
    const { name, version } = definition;
    if (!Object.hasOwn(contract.workflows, name)) throw invalid(name, 'is not in the contract');
    if (!Number.isInteger(version) || version < 1)
      throw invalid(name, `has the version ${version}, which is not a whole number from 1`);
    const held = versions.get(name) ?? new Map<number, WorkflowDefinition>();
    if (held.has(version)) throw invalid(name, `is defined twice in version ${version}`);
    versions.set(name, held.set(version, definition));
  }
  const newest = new Map<string, WorkflowDefinition>();
  for (const workflow of Object.keys(contract.workflows)) {
    const held = [...(versions.get(workflow)?.values() ?? [])];
    const [first] = held.sort((a, b) => b.version - a.version);
    if (!first) throw invalid(workflow, 'has no definition');
    newest.set(workflow, first);
  }
  return {
    newest: (workflow) => newest.get(workflow) as WorkflowDefinition,
    find: (workflow, version) => versions.get(workflow)?.get(version),
  };
}
