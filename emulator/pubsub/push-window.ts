/** https://cloud.google.com/pubsub/docs/push#control_push_rate: slow start from a single digit, up to 3,000 a region. */
const INITIAL_SIZE = 5;
const LARGEST_SIZE = 3000;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 60_000;

/**
 * How fast a subscription pushes: how many requests may be under way, and how long it stops after a failure. The window grows
 * by one with each success (so it doubles each round trip) and halves on failure; the pause doubles with each failure and
 * falls back as successes come in.
 *
 * Requests that were under way together fail together, as when a server dies: they count as one failure. So each request
 * carries the `round` in which it was sent, and only the first failure of a round counts.
 */
export class PushWindow {
  #size = INITIAL_SIZE;
  #level = 0;
  #round = 0;

  /** How many requests may be under way. */
  get size(): number {
    return this.#size;
  }

  /** What a request that is sent now gives back with its result. */
  get round(): number {
    return this.#round;
  }

  succeeded(): void {
    this.#size = Math.min(LARGEST_SIZE, this.#size + 1);
    this.#level >>= 1;
  }

  /** Returns for how many milliseconds to stop pushing; 0 when this failure was already counted. */
  failed(round: number): number {
    if (round !== this.#round) return 0;
    this.#round += 1;
    this.#size = Math.max(1, this.#size >> 1);
    this.#level += 1;
    return Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** (this.#level - 1));
  }
}
