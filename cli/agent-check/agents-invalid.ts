import { MeshError } from '../../shared/contract/errors.ts';
import type { AgentProblem } from './problem.ts';

/** The agents of a folder can't be started. It holds every problem, and has the code, the field and the hint of the first. */
export class AgentsInvalid extends MeshError {
  readonly problems: readonly AgentProblem[];

  constructor(problems: readonly [AgentProblem, ...AgentProblem[]]) {
    const [{ code, message, field, hint }] = problems;
    const text = problems.length === 1 ? message : `the agents have ${problems.length} problems`;
    super(code, text, { hint, ...(field !== undefined && { field }) });
    this.problems = problems;
  }
}
