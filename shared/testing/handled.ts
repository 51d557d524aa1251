import { hasCode, MeshError } from '../contract/errors.ts';
import { type Failure, toError } from '../contract/failure.ts';
import { parseAs } from '../contract/parse.ts';
import type { Reply } from '../contract/reply.ts';
import type { Schema } from '../contract/schema.ts';
import type { Outcome } from '../kernel/outcome.ts';

/** How the delivery of a message ended. */
export interface Handled<Output = unknown> {
  /** The kernel's outcome; undefined where the process died. */
  readonly outcome: Outcome | undefined;
  /** What the reply carries. Left out: there was none, or it is a failure. */
  readonly output?: Output;
  /** Why the message was refused, deferred, tried again or given up on. */
  readonly error?: MeshError;
}

/** `thrown`: what the handler threw, which is the cause of the error. */
export function handledOf<Output>(
  outcome: Outcome | undefined,
  thrown: unknown,
  reply: Reply | undefined,
  output: Schema<Output> | undefined,
): Handled<Output> {
  const failure = failureOf(outcome, reply, thrown);
  if (failure) return { outcome, error: failure };
  if (outcome?.kind !== 'ack' || !reply?.ok || !output) return { outcome };
  return { outcome, output: parseAs(output, reply.output, 'OutputInvalid', 'the output') };
}

/** The output of a delivery that was to succeed. */
export function outputOf<Output>({ outcome, output, error }: Handled<Output>): Output {
  if (error) throw error;
  if (!outcome) throw new Error('the process died');
  // A command without an output gives none.
  return output as Output;
}

function failureOf(
  outcome: Outcome | undefined,
  reply: Reply | undefined,
  thrown: unknown,
): MeshError | undefined {
  if (!outcome) return undefined;
  if (outcome.kind === 'ack') return reply && !reply.ok ? errorOf(reply.error, thrown) : undefined;
  if (outcome.kind !== 'defer') return errorOf(outcome.failure, thrown);
  if (thrown instanceof MeshError) return thrown;
  return new MeshError('LeaseHeld', `deferred (${outcome.why}) until ${outcome.until.toISOString()}`, {
    retryAfterMs: 0,
  });
}

/** The failure as production tells it, with what the handler threw as its cause. */
function errorOf(failure: Failure, thrown: unknown): MeshError {
  const error = toError(failure);
  const { code, message, field, reason, details } = error;
  return new MeshError(code, message, {
    ...(field !== undefined && { field }),
    ...(reason !== undefined && { reason }),
    ...(details !== undefined && { details }),
    ...(hasCode(thrown, code) && thrown.retryAfterMs !== undefined && { retryAfterMs: thrown.retryAfterMs }),
    ...(thrown !== undefined && { cause: thrown }),
  });
}
