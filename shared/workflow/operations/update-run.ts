import { milliseconds } from '../../contract/duration.ts';
import { toFailure } from '../../contract/failure.ts';
import { outgoingUpdate, updateSpecOf } from '../../contract/run-target.ts';
import type { WorkflowContext } from '../context.ts';
import type { Scope } from '../scope.ts';
import { outputOf, stableOutput } from './call.ts';

export function updateRun(scope: Scope): WorkflowContext['updateRun'] {
  return (ref, target, name, given, { timeout } = {}) => {
    const timeoutMs = timeout === undefined ? undefined : milliseconds(timeout, 'timeout');
    const { contract, payloads, ledger } = scope;
    const updated = { type: `${ref.type} ${name}`, output: updateSpecOf(ref.updates, name)?.output };
    return scope.step({
      op: 'updateRun',
      name: updated.type,
      begin: () => {
        try {
          const { run, input: plain, limits, what } = outgoingUpdate(contract, ref, target, name, given);
          const input = plain === undefined ? undefined : payloads.checkIn(plain, limits, what);
          return {
            agent: ref.agent,
            input: { run, name, ...(input !== undefined && { input }) },
            ...(timeoutMs !== undefined && { timeoutAt: ledger.time + timeoutMs }),
          };
        } catch (error) {
          return { agent: ref.agent, refused: toFailure(error, 'WorkflowFailed') };
        }
      },
      refuse: (refused) => ({ agent: ref.agent, refused }),
      decode: (output) => outputOf(updated, output) as never,
      stable: (output) => stableOutput(updated, output),
    });
  };
}
