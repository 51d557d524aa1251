import type { Contract } from '../contract/agent.ts';
import type { WorkflowDefinition } from './definition.ts';
import { definitionProblems } from './definition-problems.ts';

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
 * @throws MeshError `ContractInvalid` or `DefinitionInvalid`: the first problem that `definitionProblems` finds
 */
export function definitionsOf(contract: Contract, given: readonly WorkflowDefinition[]): Definitions {
  const [problem] = definitionProblems(contract, given);
  if (problem) throw problem;
  const versions = new Map<string, Map<number, WorkflowDefinition>>();
  for (const definition of given) {
    const { name, version } = definition;
    const held = versions.get(name) ?? new Map<number, WorkflowDefinition>();
    versions.set(name, held.set(version, definition));
  }
  const newest = new Map<string, WorkflowDefinition>();
  for (const [workflow, held] of versions) {
    const [first] = [...held.values()].sort((a, b) => b.version - a.version);
    if (first) newest.set(workflow, first);
  }
  return {
    newest: (workflow) => newest.get(workflow) as WorkflowDefinition,
    find: (workflow, version) => versions.get(workflow)?.get(version),
  };
}
