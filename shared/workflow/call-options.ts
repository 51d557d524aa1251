import type { MessageRef } from '../contract/agent.ts';
import type { Duration } from '../contract/duration.ts';
import type { ErrorCode } from '../contract/errors.ts';

export interface CallOptions<Wire = unknown, Output = unknown> {
  /** From dispatch to reply, all attempts together. Left out: until the agent replies or its message is given up on. */
  readonly timeout?: Duration;
  /** Sends the command anew after a failure that is not `Rejected`. Left out: no further attempt. */
  readonly retry?: StepRetry;
  /**
   * The undo: registered durably before the command is dispatched (I8), and run, in reverse order of step start, when the run
   * fails or is cancelled; `output` is undefined where the outcome is unknown. Not run for a step that was `Rejected`.
   */
  readonly compensate?: Compensation<Wire, Output>;
}

export interface ChildOptions<Wire = unknown, Output = unknown, Detached extends boolean = false> {
  /** Left out: until the child ends. */
  readonly timeout?: Duration;
  /**
   * The undo of a child that completed: run when this run fails or is cancelled later. A child that failed or was cancelled has
   * undone what it did by itself; `output` is undefined where its outcome is unknown.
   */
  readonly compensate?: Compensation<Wire, Output>;
  /** `true`: it is started and not awaited, and nothing that becomes of this run touches it. */
  readonly detached?: Detached;
}

/** A child that is not awaited. */
export interface ChildRun {
  readonly runId: string;
}

export interface SideEffectOptions {
  /** Runs the function again after a failure that is not `Rejected`: after a short wait at once, after a long one by a timer. Left out: it runs once. */
  readonly retry?: StepRetry;
  /**
   * How long one attempt may take: then `signal` aborts, and the attempt fails with `StepTimeout`. At most half of the contract's
   * `limits.timeout`. Left out: almost all of that.
   */
  readonly timeout?: Duration;
}

/** What the function of a side effect is given. */
export interface EffectAttempt {
  /** Aborts when the time of the attempt is up. Hand it to every call to the outside. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly attempt: number;
}

export interface StepRetry {
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** Before the second attempt; doubles each time. Default `1s`. */
  readonly minBackoff?: Duration;
  /** Default `60s`. */
  readonly maxBackoff?: Duration;
  /**
   * Codes (`ProviderFailed`) and reasons (`rate_limited`) of the failures that are tried again, and no others: even a `Rejected`
   * is, where it or its reason is named. Left out: every failure but `Rejected`.
   */
  readonly on?: readonly (ErrorCode | (string & {}))[];
  /** Codes and reasons of failures that are not tried again, whatever `on` says. */
  readonly unless?: readonly (ErrorCode | (string & {}))[];
}

/** A command that undoes a step, and how its input is made from what the step was given and what it returned. */
export interface Compensation<Wire = unknown, Output = unknown> {
  // A reference of any input: the pair of `with` and `input` is checked by `undo`.
  readonly with: MessageRef<never, unknown, never>;
  readonly input: (step: {
    readonly input: Wire;
    readonly output: Output | undefined;
    readonly stepId: string;
  }) => unknown;
}

/**
 * Pairs a compensating command with the input made for it, with types checked.
 *
 * @example
 * wf.call(payments.charge, order, { compensate: undo(payments.refund, ({ input }) => ({ orderId: input.orderId })) })
 */
export function undo<Input, Result, UndoWire, Wire, Output>(
  ref: MessageRef<Input, Result, UndoWire>,
  input: (step: {
    readonly input: Wire;
    readonly output: Output | undefined;
    readonly stepId: string;
  }) => NoInfer<UndoWire>,
): Compensation<Wire, Output> {
  return { with: ref as never, input };
}
