import type { MessageRef } from '../contract/agent.ts';
import type { Duration } from '../contract/duration.ts';
import type { Failure } from '../contract/failure.ts';
import type { CallOptions } from './call-options.ts';
import type { CommandRef } from './command-ref.ts';

/** One call of a gather. Made by `branch` or `each`, with types checked. */
export interface Branch<Output = unknown> {
  readonly ref: CommandRef & { readonly output: MessageRef<unknown, Output>['output'] };
  readonly input: unknown;
  readonly options: CallOptions<never, never>;
}

/** Any branches: a tuple of them keeps the type of each. */
export type Branches = readonly Branch[];

/** One call of a gather, with the timeout, retry and compensation of a call. */
export function branch<Input, Output, Wire>(
  ref: MessageRef<Input, Output, Wire>,
  input: NoInfer<Wire>,
  options: CallOptions<NoInfer<Wire>, Output> = {},
): Branch<Output> {
  return { ref, input, options: options as CallOptions<never, never> };
}

/**
 * A call of the same command for each input.
 *
 * @example
 * const { outputs } = await wf.gather(each(suppliers.quote, requests, { timeout: '5s' }), { quorum: 3 });
 */
export function each<Input, Output, Wire>(
  ref: MessageRef<Input, Output, Wire>,
  inputs: readonly NoInfer<Wire>[],
  options: CallOptions<NoInfer<Wire>, Output> = {},
): Branch<Output>[] {
  return inputs.map((input) => branch(ref, input, options));
}

export interface GatherOptions {
  /** Completes as soon as so many branches have succeeded. Left out: when all have come to their end. */
  readonly quorum?: number;
  /**
   * When to complete with what there is by then: branches that have not answered are `open` in the result, and no failures. With a
   * quorum that is not reached by then, it rejects.
   */
  readonly deadline?: Duration;
  /** How many branches may fail. Left out: none, or with a quorum as many as leave it within reach. */
  readonly tolerate?: Tolerance;
  /**
   * What becomes of a success that comes when the gather is complete, or after the branch's own timeout (I10): `compensate` undoes it
   * at once, where the branch has a compensation; `record` keeps it in the history, for its output to be used if the run is undone
   * later; `ignore` drops it. `compensate` undoes a branch that failed in doubt as well, where it may fail. While the run is being undone every success is undone, whatever is said here. Default `compensate`.
   */
  readonly lateReplies?: LateReplies;
  /** Branches under way at a time: the next is dispatched when one has come to its end. At most 1,000, the default. */
  readonly concurrency?: number;
}

export type LateReplies = 'ignore' | 'record' | 'compensate';

/** Where both are given, neither may be passed. */
export interface Tolerance {
  /** So many may fail. */
  readonly failures?: number;
  /** This share of all may fail: 0 to 1. */
  readonly share?: number;
}

/** What a gather came to. */
export interface Gathered<Given extends Branches> {
  /** Why it is complete: `all` have come to their end, the `quorum` was reached, or the `deadline` passed. */
  readonly reason: 'all' | 'quorum' | 'deadline';
  /** What each branch came to, in the order in which they were given. */
  readonly branches: { readonly [K in keyof Given]: BranchOutcome<OutputOf<Given[K]>> };
  /** The outputs of those that succeeded, in the order of the branches. */
  readonly outputs: readonly OutputOf<Given[number]>[];
}

export type BranchOutcome<Output> =
  | { readonly status: 'done'; readonly output: Output }
  | { readonly status: 'failed'; readonly failure: Failure }
  /** It has not answered. `unstarted`: it was never dispatched. */
  | { readonly status: 'open' | 'unstarted' };

type OutputOf<Given> = Given extends Branch<infer Output> ? Output : never;
