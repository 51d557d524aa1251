import { timeOfDate } from '../../contract/duration.ts';
import type { WorkflowContext } from '../context.ts';
import type { Scope } from '../scope.ts';

export function until(scope: Scope): WorkflowContext['until'] {
  return (date) => {
    const at = timeOfDate(date, 'wf.until');
    return scope.step({
      op: 'sleep',
      name: 'until',
      begin: () => ({ until: at }),
      decode: () => undefined,
    });
  };
}
