import type { Agent, AgentSpec, Contract, Limits, Retry } from './agent.ts';
import { checkContract } from './agent-rules.ts';
import { refsOf } from './refs.ts';

const DEFAULT_LIMITS: Limits = { inlineBytes: 102_400, claimCheckBytes: 0, timeout: '60s', concurrency: 20 };
const DEFAULT_RETRY: Retry = { minBackoff: '1s', maxBackoff: '60s', maxAttempts: 5 };

/**
 * Defines an agent from its contract.
 *
 * @throws MeshError `ContractInvalid` naming the field that breaks a rule
 * @example
 * export const greeter = defineAgent({
 *   name: 'greeter',
 *   commands: { greet: { input: z.object({ name: z.string() }), output: z.object({ text: z.string() }) } },
 * });
 * // greeter.greet is the typed reference that `ctx.send` and `wf.call` take.
 */
export function defineAgent<const Spec extends AgentSpec>(spec: Spec): Agent<Spec> {
  const contract: Contract = {
    ...spec,
    commands: spec.commands ?? {},
    publishes: spec.publishes ?? {},
    subscribes: spec.subscribes ?? {},
    workflows: spec.workflows ?? {},
    schedules: spec.schedules ?? {},
    calls: spec.calls ?? [],
    secrets: spec.secrets ?? [],
    settings: spec.settings ?? [],
    providers: spec.providers ?? {},
    limits: { ...DEFAULT_LIMITS, ...spec.limits },
    retry: { ...DEFAULT_RETRY, ...spec.retry },
  };
  checkContract(contract);
  const refs = refsOf(contract);
  return Object.freeze({ contract: Object.freeze(contract), spec, ...refs }) as unknown as Agent<Spec>;
}
