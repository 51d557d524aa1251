import type { Contract } from './agent.ts';
import type { PayloadLimits } from './claim-check.ts';
import { SIGNAL, UPDATE } from './message.ts';

/** How large a payload the agent takes in a message of this type: the data of a command or an event, an output, a signal's payload. */
export function takenLimits(contract: Contract, type: string): PayloadLimits {
  const { inlineBytes, claimCheckBytes } = contract.limits;
  return { inlineBytes, claimCheckBytes: ownLimit(contract, type) ?? claimCheckBytes };
}

function ownLimit({ name, commands, workflows, subscribes, limits }: Contract, type: string) {
  if (type === SIGNAL || type === UPDATE) {
    // Which workflow it is for is told only by its run.
    const each = Object.values(workflows).map(({ claimCheckBytes }) => claimCheckBytes ?? 0);
    return Math.max(limits.claimCheckBytes, ...each);
  }
  const own = (names: Readonly<Record<string, { readonly claimCheckBytes?: number }>>, message: string) =>
    Object.hasOwn(names, message) ? names[message]?.claimCheckBytes : undefined;
  const message = type.startsWith(`${name}.`) ? type.slice(name.length + 1) : '';
  return own(commands, message) ?? own(workflows, message) ?? own(subscribes, type);
}
