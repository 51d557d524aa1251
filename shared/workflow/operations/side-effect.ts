import { checkName } from '../../contract/text.ts';
import type { WorkflowContext } from '../context.ts';
import type { Scope } from '../scope.ts';

export function sideEffect(scope: Scope): WorkflowContext['sideEffect'] {
  return (name, effect) => {
    checkName(name, 'the name of a side effect');
    return scope.step({
      op: 'sideEffect',
      name,
      begin: () => ({}),
      // The record is what the effect returned, by way of JSON.
      decode: (value) => value as never,
      effect,
    });
  };
}
