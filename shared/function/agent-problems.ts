import type { MeshError } from '../contract/errors.ts';
import { handlerProblems } from '../kernel/handler-problems.ts';
import { definitionProblems } from '../workflow/definition-problems.ts';
import type { ServeOptions } from './serve-options.ts';

const served: ServeOptions[] = [];

/** Notes what this process was told to serve, for `servedAgents`. */
export function noteServed(options: ServeOptions): void {
  served.push(options);
}

/** What this process was told to serve, in the order of the calls of `serveAgent`: a check of an agents' folder loads each and looks here. */
export function servedAgents(): readonly ServeOptions[] {
  return served;
}

/** Everything in which the code of an agent is known to be wrong before its first message. Its contract was checked by `defineAgent`. */
export function agentProblems({ agent: { contract }, handlers, workflows = [] }: ServeOptions): MeshError[] {
  return [...handlerProblems(contract, handlers), ...definitionProblems(contract, workflows)];
}
