import { type Duration, milliseconds } from '../../contract/duration.ts';
import { MeshError } from '../../contract/errors.ts';
import { checkName } from '../../contract/text.ts';
import type { WorkflowContext } from '../context.ts';
import type { Scope } from '../scope.ts';
import { retryPolicy } from './retry-policy.ts';

export function sideEffect(scope: Scope): WorkflowContext['sideEffect'] {
  return (name, effect, { retry, timeout } = {}) => {
    checkName(name, 'the name of a side effect');
    const timeoutMs = timeout === undefined ? undefined : timeoutOf(scope, timeout);
    const policy = retry && retryPolicy(retry);
    return scope.step({
      op: 'sideEffect',
      name,
      begin: () => ({
        ...(policy && { retry: policy }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      }),
      // The record is what the effect returned, by way of JSON.
      decode: (value) => value as never,
      effect,
    });
  };
}

/** It runs while a message is handled, and that has the limit of the contract. */
function timeoutOf({ contract }: Scope, timeout: Duration): number {
  const ms = milliseconds(timeout, 'timeout');
  const most = milliseconds(contract.limits.timeout) / 2;
  if (ms >= 1 && ms <= most) return ms;
  const message = `timeout is ${timeout}; a side effect may take from 1 ms to ${most} ms, half of limits.timeout`;
  const hint = 'Raise limits.timeout of the contract, or let an agent do it: wf.call.';
  throw new MeshError('ArgumentInvalid', message, { field: 'timeout', hint });
}
