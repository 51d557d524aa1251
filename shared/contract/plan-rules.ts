import type { WorkflowRef, WorkflowSpec } from './agent.ts';
import { MeshError } from './errors.ts';
import { type Json, toJson } from './json.ts';
import { parseAs } from './parse.ts';
import { SchedulePlan, type SchedulePlanInput } from './schedule-plan.ts';

/** The input of the run of a time. */
export function inputAt({ input, timeField }: SchedulePlan, at: number): Json {
  if (timeField === undefined) return input;
  const fields = typeof input === 'object' && input !== null && !Array.isArray(input) ? input : {};
  return { ...fields, [timeField]: new Date(at).toISOString() };
}

interface Problem {
  readonly field: string;
  readonly is: string;
}

/** Any time: what is checked is the form of the input. */
const SAMPLE_MS = Date.UTC(2027, 0, 1);

/** What is wrong with a plan for workflows of these contracts, in words; undefined where nothing is. */
export function planProblem(
  workflows: Readonly<Record<string, Pick<WorkflowSpec, 'input' | 'key'>>>,
  plan: SchedulePlan,
): Problem | undefined {
  const { workflow, input, timeField } = plan;
  const spec = Object.hasOwn(workflows, workflow) ? workflows[workflow] : undefined;
  if (!spec) return { field: 'workflow', is: `${JSON.stringify(workflow)} is no workflow of this agent` };
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  if (timeField !== undefined && !isObject && input !== null)
    return { field: 'timeField', is: 'is a field of an input that is an object' };
  if (spec.key !== undefined && spec.key !== timeField) {
    const is = `is a workflow with the key "${spec.key}", by which all times would start one run: set timeField to it`;
    return { field: 'workflow', is };
  }
  const [issue] = spec.input.safeParse(inputAt(plan, SAMPLE_MS)).error?.issues ?? [];
  if (!issue) return undefined;
  return { field: ['input', ...issue.path.map(String)].join('.'), is: `does not fit: ${issue.message}` };
}

/** What is needed of the reference of a workflow that a schedule starts. */
export type ScheduledWorkflow<Wire> = Pick<
  WorkflowRef<unknown, unknown, Wire, never, never>,
  'agent' | 'name' | 'input' | 'key'
>;

/** When a schedule starts runs, and with what: `cron` or `every`, and what else a plan has. */
export type PlanFor<Input> = Omit<SchedulePlanInput, 'workflow' | 'input'> & {
  /** The input of each run; the field that `timeField` names is set for each. */
  readonly input: Input;
};

/**
 * The plan of a schedule with its defaults, held against the workflow.
 *
 * @throws MeshError `ScheduleInvalid` naming the field
 */
export function checkedPlan(
  ref: { readonly name: string } & Parameters<typeof planProblem>[0][string],
  plan: PlanFor<unknown>,
): SchedulePlan {
  const json = toJson({ ...plan, workflow: ref.name }, 'ScheduleInvalid', 'the plan');
  const checked = parseAs(SchedulePlan, json, 'ScheduleInvalid', 'the plan');
  const problem = planProblem({ [ref.name]: ref }, checked);
  if (!problem) return checked;
  throw new MeshError('ScheduleInvalid', `the plan: ${problem.field} ${problem.is}`, {
    field: problem.field,
  });
}
