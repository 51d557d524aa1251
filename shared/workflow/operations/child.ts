import { toFailure } from '../../contract/failure.ts';
import { type Json, toJson } from '../../contract/json.ts';
import { messageKey, namedId, runIdOf } from '../../contract/keys.ts';
import { sourceOf } from '../../contract/names.ts';
import { parseAs } from '../../contract/parse.ts';
import type { Schema } from '../../contract/schema.ts';
import type { WorkflowContext } from '../context.ts';
import type { ChildRef } from '../entry.ts';
import { keyValueOf } from '../run-key.ts';
import type { Scope } from '../scope.ts';
import { commanding, outputOf, stableOutput } from './call.ts';

export function child(scope: Scope): WorkflowContext['child'] {
  return (ref, input, { timeout, compensate, detached } = {}) => {
    if (ref.kind !== 'workflow') throw new TypeError(`${ref.type} is not a workflow; use wf.call`);
    if (detached && (timeout !== undefined || compensate))
      throw new TypeError('a detached child takes neither a timeout nor a compensation');
    const { begin, ...rest } = commanding(scope, ref, input, { timeout, compensate });
    return scope.step({
      op: 'child',
      name: ref.type,
      input,
      refuse: (refused) => ({ agent: ref.agent, refused }),
      begin: (step, changes) => {
        try {
          const begun = begin(step, changes);
          const given = changes && 'input' in changes ? changes.input : input;
          const run = runOf(scope, ref, toJson(given), step);
          return { ...begun, run, ...(detached && { detached: true as const }) };
        } catch (error) {
          return { agent: ref.agent, refused: toFailure(error, 'WorkflowFailed') };
        }
      },
      decode: (output) => (detached ? output : outputOf(ref, output)) as never,
      ...(!detached && { stable: (output) => stableOutput(ref, output) }),
      ...rest,
    });
  };
}

/** The run that the start will make: so that the child can be named before it is there, and is one however often it is started. */
function runOf(scope: Scope, ref: WorkflowRef, data: Json, step: string): ChildRef {
  const { name: workflow, key: field } = ref;
  const what = `the input of ${ref.type}`;
  const startedBy = `${scope.runName}:${step}`;
  const key =
    field === undefined
      ? messageKey({ source: sourceOf(scope.contract.name), id: namedId(startedBy) })
      : keyValueOf(parseAs(ref.input, data, 'SchemaMismatch', what), field, what);
  return { id: runIdOf(workflow, key), workflow, key, startedBy };
}

/** A `MessageRef` of whatever types. */
interface WorkflowRef {
  readonly name: string;
  readonly type: string;
  readonly key?: string;
  readonly input: Schema;
}
