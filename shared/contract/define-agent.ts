import type {
  Agent,
  AgentSpec,
  CommandSpec,
  Contract,
  EventRef,
  Limits,
  MessageRef,
  Retry,
  WorkflowRef,
  WorkflowSpec,
} from './agent.ts';
import { checkContract } from './agent-rules.ts';

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
  const refs: Record<string, MessageRef | WorkflowRef | EventRef> = {};
  const base = (name: string) => ({ agent: spec.name, name, type: `${spec.name}.${name}` });
  const { claimCheckBytes: otherwise } = contract.limits;
  const large = ({ claimCheckBytes = otherwise }: CommandSpec | WorkflowSpec) =>
    claimCheckBytes > 0 && { claimCheckBytes };
  for (const [name, command] of Object.entries(contract.commands)) {
    const { input, output } = command;
    refs[name] = { kind: 'command', ...base(name), input, output, ...large(command) };
  }
  for (const [name, workflow] of Object.entries(contract.workflows)) {
    const { input, output, key, signals = {}, updates = {} } = workflow;
    const named = key !== undefined && { key };
    const ref = { kind: 'workflow', ...base(name), input, output, ...named, ...large(workflow) } as const;
    refs[name] = { ...ref, signals, updates };
  }
  for (const [name, data] of Object.entries(contract.publishes))
    refs[name] = { kind: 'event', ...base(name), data };
  return Object.freeze({ contract: Object.freeze(contract), spec, ...refs }) as unknown as Agent<Spec>;
}
