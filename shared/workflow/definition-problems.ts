import type { Contract } from '../contract/agent.ts';
import { milliseconds } from '../contract/duration.ts';
import { type ErrorCode, MeshError } from '../contract/errors.ts';
import { wireProblems } from '../contract/wire-schema.ts';
import type { WorkflowDefinition } from './definition.ts';

/**
 * What is wrong with the workflows of an agent, as far as it can be known before one runs: `ContractInvalid` where contract and definitions
 * do not name the same workflows, each version once; `DefinitionInvalid` for a deadline or a schema that can't be one.
 */
export function definitionProblems(contract: Contract, given: readonly WorkflowDefinition[]): MeshError[] {
  const problems: MeshError[] = [];
  const add = (code: ErrorCode, workflow: string, message: string, hint: string, at = '') =>
    problems.push(
      new MeshError(
        code,
        `agent ${JSON.stringify(contract.name)}: the workflow ${JSON.stringify(workflow)} ${message}`,
        {
          field: `workflows.${workflow}${at}`,
          hint,
        },
      ),
    );
  const seen = new Set<string>();
  for (const definition of given) {
    const { name, version } = definition;
    if (!Object.hasOwn(contract.workflows, name))
      add(
        'ContractInvalid',
        name,
        'is not in the contract',
        'Add it to the contract, or take the definition out.',
      );
    if (!Number.isInteger(version) || version < 1)
      add(
        'ContractInvalid',
        name,
        `has the version ${version}, which is not a whole number from 1`,
        'Begin with version: 1.',
      );
    const named = `${name}@${version}`;
    if (seen.has(named))
      add(
        'ContractInvalid',
        name,
        `is defined twice in version ${version}`,
        'Give the newer one a higher version.',
      );
    seen.add(named);
    checkDeadline(definition, (message, hint) => add('DefinitionInvalid', name, message, hint, '.deadline'));
    for (const part of ['input', 'output', 'status'] as const) {
      const schema = definition[part];
      for (const { at, is } of schema ? wireProblems(schema) : [])
        add(
          'DefinitionInvalid',
          name,
          `has in its ${part}${at} what ${is}`,
          'Change the schema.',
          `.${part}${at}`,
        );
    }
  }
  for (const workflow of Object.keys(contract.workflows))
    if (!given.some(({ name }) => name === workflow))
      add(
        'ContractInvalid',
        workflow,
        'has no definition',
        'Hand its definition to serveAgent, or take it out of the contract.',
      );
  return problems;
}

function checkDeadline({ deadline }: WorkflowDefinition, add: (message: string, hint: string) => void): void {
  if (deadline === undefined) return;
  const hint = 'Write a number from 1 and a unit, such as 10m, 2h or 7d.';
  try {
    if (milliseconds(deadline) < 1) add(`has the deadline ${deadline}, which is over at once`, hint);
  } catch (error) {
    add(`has a deadline that is ${error instanceof Error ? error.message : String(error)}`, hint);
  }
}
