import { MeshError } from '../../contract/errors.ts';
import { toJson } from '../../contract/json.ts';
import { parseAs } from '../../contract/parse.ts';
import type { WorkflowContext } from '../context.ts';
import type { Scope } from '../scope.ts';

export function publish(scope: Scope): WorkflowContext['publish'] {
  return (event, input) => {
    const { contract } = scope;
    if (event.agent !== contract.name || !(event.name in contract.publishes)) {
      const message = `${contract.name} publishes ${event.type}, which its contract does not list in publishes`;
      throw new MeshError('EventNotDeclared', message, { field: 'publishes' });
    }
    const what = `the data of ${event.type}`;
    const plain = toJson(input, 'SchemaMismatch', what);
    parseAs(event.data, plain, 'SchemaMismatch', what);
    const data = scope.payloads.checkIn(plain, contract.limits, what);
    void scope.step({ op: 'publish', name: event.type, begin: () => ({ data }), decode: () => undefined });
  };
}
