import type { Contract } from '../shared/contract/agent.ts';

/** An agent as `mesh agents list` shows it. */
export interface AgentSummary {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly string[];
  readonly workflows: readonly string[];
  readonly publishes: readonly string[];
  readonly subscribes: readonly string[];
  readonly calls: readonly string[];
  readonly secrets: readonly string[];
  readonly settings: readonly string[];
  readonly limits: Contract['limits'];
  readonly retry: Contract['retry'];
}

export function summaryOf(contract: Contract): AgentSummary {
  const { name, description = '', calls, secrets, settings, limits, retry } = contract;
  return {
    name,
    description,
    commands: Object.keys(contract.commands),
    workflows: Object.keys(contract.workflows),
    publishes: Object.keys(contract.publishes),
    subscribes: Object.keys(contract.subscribes),
    calls,
    secrets,
    settings,
    limits,
    retry,
  };
}
