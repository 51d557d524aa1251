import { milliseconds } from '../../contract/duration.ts';
import type { WorkflowContext } from '../context.ts';
import type { Scope } from '../scope.ts';

export function sleep(scope: Scope, name = 'sleep'): WorkflowContext['sleep'] {
  return (duration) => {
    const ms = milliseconds(duration, 'wf.sleep');
    return scope.step({
      op: 'sleep',
      name,
      begin: () => ({ until: scope.ledger.time + ms }),
      decode: () => undefined,
    });
  };
}
