import type { WorkflowContext } from '../context.ts';
import type { Scope } from '../scope.ts';

export function until(scope: Scope): WorkflowContext['until'] {
  return (date) => {
    const at = date.getTime();
    if (Number.isNaN(at)) throw new TypeError('wf.until was given a date that is none');
    return scope.step({
      op: 'sleep',
      name: 'until',
      begin: () => ({ until: at }),
      decode: () => undefined,
    });
  };
}
