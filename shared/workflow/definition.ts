import type * as z from 'zod';
import type { WorkflowContext } from './context.ts';

/** A workflow: durable orchestration, written as an async function. */
export interface WorkflowDefinition<
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  /** Lower-case words and dashes; listed under the same name in the contract of the agent that hosts it. */
  readonly name: string;
  /** A whole number from 1. Raise it when a change would issue other commands than runs in flight have recorded (I7). */
  readonly version: number;
  readonly input: Input;
  readonly output?: Output;
  run(wf: WorkflowContext, input: z.output<Input>): Promise<z.input<Output>>;
}

/** Types a workflow from its schemas. */
export function defineWorkflow<Input extends z.ZodType, Output extends z.ZodType>(
  definition: WorkflowDefinition<Input, Output>,
): WorkflowDefinition<Input, Output> {
  return definition;
}
