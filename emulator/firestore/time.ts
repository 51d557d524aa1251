import type { Clock } from '../../shared/contract/clock.ts';

/** Microseconds since the Unix epoch: Firestore's own resolution. Exact in a double until the year 2255. */
export type Micros = number;

/**
 * Hands out the times of one database. Invariants: commit times strictly increase, so that an update-time precondition
 * names exactly one version; and every commit is later than every read time given out before it, so that a
 * read at a time never changes afterwards.
 */
export class VersionClock {
  readonly #clock: Clock;
  #last: Micros = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The time of a read of everything that is committed so far. */
  read(): Micros {
    this.#last = Math.max(this.#last, this.#now());
    return this.#last;
  }

  /** The time of a new commit. */
  commit(): Micros {
    this.#last = Math.max(this.#last + 1, this.#now());
    return this.#last;
  }

  /** Nothing is committed at this time or before it from now on. */
  pass(time: Micros): void {
    this.#last = Math.max(this.#last, time);
  }

  #now(): Micros {
    return Math.floor(this.#clock.now() * 1000);
  }
}
