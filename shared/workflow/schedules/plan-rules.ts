import type { WorkflowSpec } from '../../contract/agent.ts';
import type { Json } from '../../contract/json.ts';
import type { SchedulePlan } from '../../contract/schedule-plan.ts';

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
