/**
 * How far a run may go before its code is ended (`HistoryTooLarge`): an instance that has not got it in memory reads the whole history,
 * and replays it. What is left to do then, its compensations, is not held to it.
 */
export interface RunLimits {
  readonly mostSteps: number;
  /** Of the history as JSON. */
  readonly mostBytes: number;
  /** Backoffs of side effects up to this are waited for in the process, in milliseconds. */
  readonly effectWaitMs: number;
}

export const RUN_LIMITS: RunLimits = { mostSteps: 100_000, mostBytes: 64_000_000, effectWaitMs: 1_000 };
