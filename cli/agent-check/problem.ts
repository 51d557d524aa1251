import * as z from 'zod';

/** A fault in the code of an agent that is known before any message is handled. */
export const AgentProblem = z.object({
  /** The folder of the agent. */
  agent: z.string(),
  code: z.enum(['ContractInvalid', 'DefinitionInvalid']),
  message: z.string(),
  /** The field of the contract or the code that is wrong. */
  field: z.string().optional(),
  /** What to do about it. */
  hint: z.string(),
});
export type AgentProblem = z.infer<typeof AgentProblem>;
