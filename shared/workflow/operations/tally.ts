import type { Failure } from '../../contract/failure.ts';

/**
 * How ends of branches are counted. `once`: the first end of a branch counts. `by-answer`: so does each later answer, as histories
 * from before this distinction were made; they must replay to the same result (I7).
 */
export type Counting = 'once' | 'by-answer';

/** How the branches of a group ended: an idempotent count, whatever comes for a branch after its end. */
export class Tally<Branch> {
  readonly #counting: Counting;
  readonly #ended = new Set<Branch>();
  done = 0;
  failed = 0;
  firstFailure: Failure | undefined;

  constructor(counting: Counting) {
    this.#counting = counting;
  }

  /** Counts the end of a branch. False: it was counted before, and nothing changes. */
  count(branch: Branch, outcome: 'done' | 'failed', failure?: Failure): boolean {
    if (this.#counting === 'once' && this.#ended.has(branch)) return false;
    this.#ended.add(branch);
    this[outcome] += 1;
    if (outcome === 'failed') this.firstFailure ??= failure;
    return true;
  }
}
