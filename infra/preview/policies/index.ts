import type { Graph } from '../graph.ts';
import type { Policy } from '../policy.ts';
import { accessPolicies } from './access.ts';
import { dataPolicies } from './data.ts';
import { messagingPolicies } from './messaging.ts';
import { runningPolicies } from './running.ts';

/** Every rule that a stack keeps. */
export const policies: readonly Policy[] = [
  ...accessPolicies,
  ...messagingPolicies,
  ...dataPolicies,
  ...runningPolicies,
];

/** What of a graph breaks which rule: a line for each. */
export function breachesOf(graph: Graph): string[] {
  return policies.flatMap(({ name, breaches }) => breaches(graph).map((breach) => `${name}: ${breach}`));
}
