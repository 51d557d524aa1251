import type { Given, Parsed, Schema } from '../contract/schema.ts';
import type { WorkflowContext } from './context.ts';

/** A workflow: durable orchestration, written as an async function. */
export interface WorkflowDefinition<Input extends Schema = Schema, Output extends Schema = Schema> {
  /** Lower-case words and dashes; listed under the same name in the contract of the agent that hosts it. */
  readonly name: string;
  /** A whole number from 1. Raise it when a change would issue other commands than runs in flight have recorded (I7). */
  readonly version: number;
  readonly input: Input;
  readonly output?: Output;
  run(wf: WorkflowContext, input: Parsed<Input>): Promise<Given<Output>>;
}

/** Types a workflow from its schemas. */
export function defineWorkflow<Input extends Schema, Output extends Schema>(
  definition: WorkflowDefinition<Input, Output>,
): WorkflowDefinition<Input, Output> {
  return definition;
}
