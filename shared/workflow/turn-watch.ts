/**
 * Watches turns of workflow code from outside of the thread that runs them: a turn that never rests can't be noticed from inside. Turns
 * of one process take turns, so that the one under way is known to be the one that does not end.
 */
export interface TurnWatch {
  /** A turn of a run is to begin. A promise: another is under way, and it begins when that resolves. */
  enter(runId: string): undefined | Promise<void>;
  /** The turn came to rest. */
  leave(): void;
}

/** The mark that a watch leaves on the document of a run whose code did not come to rest. */
export interface Stuck {
  readonly at: Date;
  /** The build of the code that was cut off. Left out where builds have no names. */
  readonly build?: string;
  /** Where the code was cut off, as `file:line`. */
  readonly line?: string;
}
