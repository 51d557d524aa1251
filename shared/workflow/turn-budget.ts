/**
 * What workflow code may do in one turn, that is, between an event and the next rest. A turn is microtasks alone: code that loops
 * without ever awaiting an open step keeps everything else in the process from running.
 */
const MOST_ROUNDS = 1_000;
/** As many as a run has steps: what it begins side by side is refused side by side. */
const MOST_REFUSALS = 100_000;
const MOST_OPERATIONS = 1_000_000;

export class TurnBudget {
  #refusals = 0;
  /** Refusals of one microtask are one round: code that asks again has awaited the refusal before. */
  #rounds = 0;
  #isInRound = false;
  #overruns = 0;
  #operations = 0;

  /** A turn begins. */
  renew(): void {
    this.#refusals = 0;
    this.#rounds = 0;
    this.#overruns = 0;
    this.#operations = 0;
  }

  /** The code asked for a step that can't begin any more. False: it has been told so often enough. */
  refuse(): boolean {
    this.#refusals += 1;
    if (!this.#isInRound) {
      this.#isInRound = true;
      this.#rounds += 1;
      queueMicrotask(() => {
        this.#isInRound = false;
      });
    }
    const within = this.#rounds <= MOST_ROUNDS && this.#refusals <= MOST_REFUSALS;
    if (!within) this.#overruns += 1;
    return within;
  }

  /** Whether this is the refusal by which the budget is spent. */
  get spent(): boolean {
    return this.#overruns === 1;
  }

  /** The code used an operation that answers at once. False: it has used too many. */
  operate(): boolean {
    this.#operations += 1;
    return this.#operations <= MOST_OPERATIONS;
  }
}
