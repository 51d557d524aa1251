import type { Contract } from '../../contract/agent.ts';
import { type PayloadLimits, payloadBytes, tooLarge } from '../../contract/claim-check.ts';
import { type Duration, milliseconds } from '../../contract/duration.ts';
import { MeshError } from '../../contract/errors.ts';
import { toFailure } from '../../contract/failure.ts';
import { type Json, toJson } from '../../contract/json.ts';
import { parseAs } from '../../contract/parse.ts';
import type { Schema } from '../../contract/schema.ts';
import { stableValue } from '../../contract/stable-value.ts';
import type { OperationChanges } from '../../kernel/interceptor.ts';
import type { Compensation } from '../call-options.ts';
import type { CommandRef } from '../command-ref.ts';
import type { WorkflowContext } from '../context.ts';
import type { CallEntry } from '../entry.ts';
import type { Scope } from '../scope.ts';
import { retryPolicy } from './retry-policy.ts';

export function call(scope: Scope): WorkflowContext['call'] {
  return (ref, input, { retry, ...options } = {}) => {
    const policy = retry && retryPolicy(retry);
    const { begin, ...rest } = commanding(scope, ref, input, options);
    return scope.step({
      op: 'call',
      name: ref.type,
      input,
      begin: (step, changes) => {
        try {
          return { ...begin(step, changes), ...(policy && { retry: policy }) };
        } catch (error) {
          return { agent: ref.agent, refused: toFailure(error, 'WorkflowFailed') };
        }
      },
      refuse: (refused) => ({ agent: ref.agent, refused }),
      decode: (output) => outputOf(ref, output),
      stable: (output) => stableOutput(ref, output),
      ...rest,
    });
  };
}

/** What a call and a child have in common: an input, a timeout, and an undo. */
interface Commanding {
  /**
   * The beginning of the step, as far as both have it. The input of the undo is made with it, before the step is dispatched, for the case
   * that its outcome stays unknown (I8): one that can't be made stops the step, rather than being found out when the undo is needed.
   *
   * @throws what the contract has against the input
   */
  begin(
    step: string,
    changes?: OperationChanges,
  ): Pick<CallEntry, 'agent' | 'input' | 'timeoutAt' | 'undo' | 'baggage'>;
  /** Makes the input of the undo once the output is known; left out where there is none. */
  readonly undoInput?: (output: Json | undefined) => Json;
}

export function commanding(
  scope: Scope,
  ref: CommandRef,
  input: unknown,
  options: {
    readonly timeout?: Duration | undefined;
    readonly compensate?: Compensation<never, never> | undefined;
  },
): Commanding {
  const { timeout, compensate } = options;
  const timeoutMs = timeout === undefined ? undefined : milliseconds(timeout, 'timeout');
  let id = '';
  const undoInput =
    compensate &&
    ((output: Json | undefined): Json => {
      const made = compensate.input({ input: input as never, output: output as never, stepId: id });
      return command(scope, compensate.with, made);
    });
  return {
    begin: (step, changes) => {
      id = step;
      const data = command(scope, ref, changes && 'input' in changes ? changes.input : input);
      const { baggage = [] } = changes ?? {};
      return {
        agent: ref.agent,
        input: data,
        ...(baggage.length > 0 && { baggage }),
        ...(timeoutMs !== undefined && { timeoutAt: scope.ledger.time + timeoutMs }),
        ...(compensate &&
          undoInput && {
            undo: { agent: compensate.with.agent, name: compensate.with.type, input: undoInput(undefined) },
          }),
      };
    },
    ...(undoInput && { undoInput }),
  };
}

/** The output of a command as the code gets it. Throws `OutputInvalid`. */
export function outputOf<Output>(
  { type, output: schema }: { readonly type: string; readonly output: Schema<Output> | undefined },
  output: Json | undefined,
): Output {
  return schema ? parseAs(schema, output, 'OutputInvalid', `the output of ${type}`) : (undefined as never);
}

/** The output as it is recorded. Throws `OutputInvalid`. */
export function stableOutput(
  { type, output: schema }: { readonly type: string; readonly output: Schema | undefined },
  output: Json | undefined,
): Json | undefined {
  return schema ? stableValue(schema, output, 'OutputInvalid', `the output of ${type}`) : output;
}

/** The data of a command, as it goes on the wire: the input, or its claim check. Throws what the contract has against it. */
export function command({ contract, payloads }: Callable, ref: CommandRef, input: unknown): Json {
  const data = dataOf(contract, ref, input);
  return payloads.checkIn(data, limitsOf(contract, ref), `the input of ${ref.type}`);
}

/** Throws what the contract has against the input of a command. */
export function checkCommand(contract: Contract, ref: CommandRef, input: unknown): void {
  checkSize(dataOf(contract, ref, input), limitsOf(contract, ref), `the input of ${ref.type}`);
}

type Callable = Pick<Scope, 'contract' | 'payloads'>;

/** Inline by the contract of who sends it, by claim check by that of who takes it. */
function limitsOf({ limits }: Contract, { claimCheckBytes = 0 }: CommandRef): PayloadLimits {
  return { inlineBytes: limits.inlineBytes, claimCheckBytes };
}

function dataOf(contract: Contract, ref: CommandRef, input: unknown): Json {
  // A child may be a run of the agent's own.
  if (ref.agent !== contract.name && !contract.calls.includes(ref.agent)) {
    const message = `${contract.name} commands ${ref.agent}, which its contract does not list in calls`;
    throw new MeshError('CallNotDeclared', message, { field: 'calls' });
  }
  const what = `the input of ${ref.type}`;
  const data = toJson(input, 'SchemaMismatch', what);
  parseAs(ref.input, data, 'SchemaMismatch', what);
  // A run takes its input by itself, under the key that its input gives.
  return ref.kind === 'workflow' ? data : filledIn(ref.input, data, what);
}

/** Each delivery of the command has the same of what its schema fills in; what can't be fixed here is left to who takes it. */
function filledIn(schema: Schema, data: Json, what: string): Json {
  try {
    return stableValue(schema, data, 'SchemaMismatch', what) ?? null;
  } catch {
    return data;
  }
}

export function checkSize(data: Json, limits: PayloadLimits, what: string): void {
  const bytes = payloadBytes(data);
  if (bytes > Math.max(limits.inlineBytes, limits.claimCheckBytes)) throw tooLarge(bytes, limits, what);
}
