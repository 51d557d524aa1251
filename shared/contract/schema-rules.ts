import type * as z from 'zod';
import type { Contract } from './agent.ts';
import { wireProblems } from './wire-schema.ts';

/** A field of a contract that breaks a rule. */
export interface ContractProblem {
  readonly field: string;
  readonly message: string;
}

/** The schemas of the contract that no message can fill. The schema of the state is none of them: Firestore keeps it. */
export function schemaProblems(contract: Contract): ContractProblem[] {
  const problems: ContractProblem[] = [];
  const look = (field: string, schema: z.ZodType | undefined) => {
    if (schema === undefined) return;
    for (const { at, is } of wireProblems(schema)) problems.push({ field: `${field}${at}`, message: is });
  };
  for (const [name, { input, output }] of Object.entries(contract.commands)) {
    look(`commands.${name}.input`, input);
    look(`commands.${name}.output`, output);
  }
  for (const [type, { data }] of Object.entries(contract.subscribes)) look(`subscribes.${type}.data`, data);
  for (const [type, data] of Object.entries(contract.publishes)) look(`publishes.${type}`, data);
  for (const [name, workflow] of Object.entries(contract.workflows)) {
    look(`workflows.${name}.input`, workflow.input);
    look(`workflows.${name}.output`, workflow.output);
    for (const [signal, schema] of Object.entries(workflow.signals ?? {}))
      look(`workflows.${name}.signals.${signal}`, schema);
    for (const [update, { input, output }] of Object.entries(workflow.updates ?? {})) {
      look(`workflows.${name}.updates.${update}.input`, input);
      look(`workflows.${name}.updates.${update}.output`, output);
    }
    for (const [query, { output }] of Object.entries(workflow.queries ?? {}))
      look(`workflows.${name}.queries.${query}.output`, output);
  }
  return problems;
}
