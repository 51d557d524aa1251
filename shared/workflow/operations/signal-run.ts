import { outgoingSignal } from '../../contract/run-target.ts';
import type { WorkflowContext } from '../context.ts';
import type { Scope } from '../scope.ts';

export function signalRun(scope: Scope): WorkflowContext['signalRun'] {
  return (ref, target, name, given) => {
    const { contract, payloads } = scope;
    const { agent, run, payload: plain, limits, what } = outgoingSignal(contract, ref, target, name, given);
    const payload = plain === undefined ? undefined : payloads.checkIn(plain, limits, what);
    void scope.step({
      op: 'signalRun',
      name: `${ref.type} ${name}`,
      begin: () => ({ agent, run, signal: name, ...(payload !== undefined && { payload }) }),
      decode: () => undefined,
    });
  };
}
