/**
 * What workflow code may do in one turn, that is, between an event and the next rest. A turn is microtasks alone: code that loops
 * without ever awaiting an open step keeps everything else in the process from running.
 */
const MOST_REFUSALS = 1_000;
const MOST_OPERATIONS = 1_000_000;

export class TurnBudget {
  #refusals = 0;
  #operations = 0;

  /** A turn begins. */
  renew(): void {
    this.#refusals = 0;
    this.#operations = 0;
  }

  /** The code asked for a step that can't begin any more. False: it has been told so often enough. */
  refuse(): boolean {
    this.#refusals += 1;
    return this.#refusals <= MOST_REFUSALS;
  }

  /** Whether this is the refusal by which the budget is spent. */
  get spent(): boolean {
    return this.#refusals === MOST_REFUSALS + 1;
  }

  /** The code used an operation that answers at once. False: it has used too many. */
  operate(): boolean {
    this.#operations += 1;
    return this.#operations <= MOST_OPERATIONS;
  }
}
