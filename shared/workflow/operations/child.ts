import { milliseconds } from '../../contract/duration.ts';
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
import { command } from './call.ts';

export function child(scope: Scope): WorkflowContext['child'] {
  return (ref, input, { timeout, compensate, detached } = {}) => {
    if (ref.kind !== 'workflow') throw new TypeError(`${ref.type} is not a workflow; use wf.call`);
    if (detached && (timeout !== undefined || compensate))
      throw new TypeError('a detached child takes neither a timeout nor a compensation');
    const timeoutMs = timeout === undefined ? undefined : milliseconds(timeout);
    let id = '';
    const undoInput = (output: Json | undefined): Json => {
      if (!compensate) return null;
      const made = compensate.input({ input, output: output as never, stepId: id });
      return command(scope, compensate.with, made);
    };
    return scope.step({
      op: 'child',
      name: ref.type,
      begin: (step) => {
        id = step;
        try {
          const data = command(scope, ref, input);
          return {
            agent: ref.agent,
            input: data,
            run: runOf(scope, ref, toJson(input), step),
            ...(detached && { detached: true as const }),
            ...(timeoutMs !== undefined && { timeoutAt: scope.ledger.time + timeoutMs }),
            ...(compensate && {
              // Made before the child is started, as that of a call (I8).
              undo: {
                agent: compensate.with.agent,
                name: compensate.with.type,
                input: undoInput(undefined),
              },
            }),
          };
        } catch (error) {
          return { agent: ref.agent, refused: toFailure(error, 'WorkflowFailed') };
        }
      },
      decode: (output) => {
        if (detached) return output as never;
        if (!ref.output) return undefined as never;
        return parseAs(ref.output, output, 'OutputInvalid', `the output of ${ref.type}`) as never;
      },
      ...(compensate && { undoInput }),
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
