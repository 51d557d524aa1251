import type { CommandSpec, Contract, EventRef, MessageRef, WorkflowRef, WorkflowSpec } from './agent.ts';

export type Ref = MessageRef | WorkflowRef | EventRef;

/** A reference to each command, workflow and event of a contract, by name. */
export function refsOf(contract: Contract): Readonly<Record<string, Ref>> {
  const { name: agent, limits } = contract;
  const { inlineBytes } = limits;
  const refs: Record<string, Ref> = {};
  const base = (name: string) => ({ agent, name, type: `${agent}.${name}`, inlineBytes });
  const large = ({ claimCheckBytes = limits.claimCheckBytes }: Pick<CommandSpec, 'claimCheckBytes'>) =>
    claimCheckBytes > 0 && { claimCheckBytes };
  for (const [name, command] of Object.entries(contract.commands)) {
    const { input, output, errors = {} } = command;
    refs[name] = { kind: 'command', ...base(name), input, output, errors, ...large(command) };
  }
  for (const [name, workflow] of Object.entries(contract.workflows))
    refs[name] = { ...base(name), ...large(workflow), ...workflowFields(workflow) };
  for (const [name, data] of Object.entries(contract.publishes))
    refs[name] = { kind: 'event', ...base(name), data, ...large({}) };
  return refs;
}

function workflowFields({ input, output, key, ...declared }: WorkflowSpec) {
  const { signals = {}, updates = {}, attributes = {}, queries = {} } = declared;
  const named = key !== undefined && { key };
  return { kind: 'workflow', input, output, ...named, signals, updates, attributes, queries } as const;
}

/** The reference of that name; undefined where the contract has no such message. A message may be called `toString`. */
export function refOf(contract: Contract, name: string): Ref | undefined {
  const refs = refsOf(contract);
  return Object.hasOwn(refs, name) ? refs[name] : undefined;
}
