import { measureFields } from '../../contract/document-rules.ts';
import { MeshError } from '../../contract/errors.ts';
import { type Json, toJson } from '../../contract/json.ts';
import { parseAs } from '../../contract/parse.ts';
import type { WorkflowContext } from '../context.ts';
import type { WorkflowDefinition } from '../definition.ts';
import type { Scope } from '../scope.ts';

/** A status is read with every list of runs: a few words, or a few fields. */
const STATUS_LIMIT = 4_096;
const FIELD = 'customStatus';

export function setStatus(
  scope: Scope,
  { name, status }: WorkflowDefinition,
): WorkflowContext<unknown>['setStatus'] {
  return (given) => {
    const what = `the status of the workflow ${name}`;
    if (!status)
      throw new MeshError('ContractInvalid', `${what} has no schema in its definition`, { field: 'status' });
    const value = toJson(given, 'SchemaMismatch', what);
    parseAs(status, value, 'SchemaMismatch', what);
    checkField(value, what);
    void scope.step({
      op: 'setStatus',
      name: 'setStatus',
      begin: () => ({ value }),
      decode: () => undefined,
    });
  };
}

/** What Firestore keeps as a field (https://firebase.google.com/docs/firestore/quotas#limits). */
function checkField(value: Json, what: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > STATUS_LIMIT)
    throw new MeshError('PayloadTooLarge', `${what} takes ${bytes} bytes; the limit is ${STATUS_LIMIT}`);
  JSON.stringify(value, (key, inner: Json) => {
    if (/^__.*__$/.test(key))
      throw new MeshError('SchemaMismatch', `${what}: the name ${key} is reserved`, { field: key });
    return inner;
  });
  try {
    measureFields({ [FIELD]: value });
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    const field = error.field?.slice(FIELD.length + 1) || 'data';
    throw new MeshError('SchemaMismatch', `${what}: ${error.message}`, { field });
  }
}
