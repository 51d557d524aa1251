import type { QuerySpecs } from '../contract/agent.ts';
import type { AttributeSpecs } from '../contract/attributes.ts';
import type { Duration } from '../contract/duration.ts';
import type { Given, Parsed, Schema } from '../contract/schema.ts';
import type { WorkflowContext } from './context.ts';

/** A workflow: durable orchestration, written as an async function. */
export interface WorkflowDefinition<
  Input extends Schema = Schema,
  Output extends Schema = Schema,
  Status extends Schema = Schema,
  Attributes extends AttributeSpecs = AttributeSpecs,
  Queries extends QuerySpecs = QuerySpecs,
> {
  /** Lower-case words and dashes; listed under the same name in the contract of the agent that hosts it. */
  readonly name: string;
  /** A whole number from 1. Raise it when a change would issue other commands than runs in flight have recorded (I7). */
  readonly version: number;
  readonly input: Input;
  readonly output?: Output;
  /**
   * How long a run may take from its start. Passing it fails the run with `RunDeadlineExceeded` and compensates. Left out: what the
   * contract says.
   */
  readonly deadline?: Duration;
  /** What `wf.setStatus` takes: left out, nothing. */
  readonly status?: Status;
  /**
   * Types `wf.setAttributes`: the attributes of the contract, such as `orders['fulfill-order'].attributes`. Left out: `wf.setAttributes` takes
   * any name, and holds it against the contract when it is called.
   */
  readonly attributes?: Attributes;
  /** Types `wf.onQuery`: the queries of the contract, such as `orders['fulfill-order'].queries`. Left out: as with `attributes`. */
  readonly queries?: Queries;
  run(wf: WorkflowContext<Given<Status>, Attributes, Queries>, input: Parsed<Input>): Promise<Given<Output>>;
}

/** Types a workflow from its schemas. */
export function defineWorkflow<
  Input extends Schema,
  Output extends Schema,
  Status extends Schema = Schema<never, never>,
  Attributes extends AttributeSpecs = AttributeSpecs,
  Queries extends QuerySpecs = QuerySpecs,
>(
  definition: WorkflowDefinition<Input, Output, Status, Attributes, Queries>,
): WorkflowDefinition<Input, Output, Status, Attributes, Queries> {
  return definition;
}
