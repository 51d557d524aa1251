import type { Clock } from '../../contract/clock.ts';
import { SharedDocument, type SharedDocumentOptions } from './shared-document.ts';

/** How many calls of a window are given out. Windows are counted from the epoch. */
interface Window {
  readonly number: number;
  readonly granted: number;
}

export type RateLimiterOptions = Pick<SharedDocumentOptions<Window>, 'path' | 'store' | 'log'> & {
  readonly limit: number;
  readonly windowMs: number;
  readonly clock: Clock;
};

/** What an instance takes at first, as a share of the whole window. */
const FIRST_SHARE = 0.1;
/** A call that others of its instance overtake so often, or whose windows end so often before its batch is there, comes again later. */
const MOST_BATCHES = 5;

/**
 * A rate limit that the instances of an agent share: so many calls in each window of time.
 *
 * An instance takes permits in batches, one commit for each (as many as it used in the window before, then as many again), and hands
 * them out by itself; a window that is used up is not asked about again. Clocks that differ make no window count twice: who finds a later
 * window in the document than its own clock says goes by that one from then on.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #window: SharedDocument<Window>;
  /** How far the furthest clock seen is ahead of this one, in milliseconds. */
  #aheadMs = 0;
  /** The window that the counts below are of. */
  #current = -1;
  #left = 0;
  #used = 0;
  #usedBefore = 0;
  #exhausted = false;
  #turnedAway = 0;
  #taking: Promise<void> | undefined;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    const { path, store, log } = options;
    this.#window = new SharedDocument({
      path,
      store,
      log,
      initial: { number: -1, granted: 0 },
      encode: ({ number, granted }) => ({ number, granted }),
      decode: ({ number, granted }) => ({
        number: typeof number === 'number' ? number : -1,
        granted: typeof granted === 'number' ? granted : 0,
      }),
    });
  }

  /** Takes a permit for one call. Returns undefined when it was given, else the time at which to ask again. */
  async take(): Promise<number | undefined> {
    for (let batches = 0; ; batches++) {
      this.#turn();
      if (this.#left > 0) {
        this.#left -= 1;
        this.#used += 1;
        return undefined;
      }
      if (this.#exhausted || batches >= MOST_BATCHES) return this.#later();
      this.#taking ??= this.#takeBatch().finally(() => {
        this.#taking = undefined;
      });
      await this.#taking;
    }
  }

  get #number(): number {
    return Math.floor((this.#options.clock.now() + this.#aheadMs) / this.#options.windowMs);
  }

  /** Begins a new window, where it is time. What is left of the old one is lost. */
  #turn(): void {
    const number = this.#number;
    if (number === this.#current) return;
    this.#usedBefore = number === this.#current + 1 ? this.#used : 0;
    this.#current = number;
    this.#left = 0;
    this.#used = 0;
    this.#exhausted = false;
    this.#turnedAway = 0;
  }

  async #takeBatch(): Promise<void> {
    const { limit, windowMs, clock } = this.#options;
    const wanted = Math.max(this.#usedBefore, this.#used, this.#share);
    let taken = 0;
    const changed = await this.#window.change((window) => {
      if (window.number > this.#number) this.#aheadMs = window.number * windowMs - clock.now();
      this.#turn();
      const granted = window.number === this.#current ? window.granted : 0;
      taken = Math.min(wanted, limit - granted);
      return taken > 0 ? { number: this.#current, granted: granted + taken } : undefined;
    });
    // A window that ended meanwhile: its permits are lost with it.
    if (this.#number !== this.#current) return;
    if (changed) this.#left = taken;
    else this.#exhausted = true;
  }

  get #share(): number {
    return Math.ceil(this.#options.limit * FIRST_SHARE);
  }

  /** The begin of a later window: the more are turned away, the later, so that they don't all come at once. */
  #later(): number {
    const { windowMs } = this.#options;
    const windows = 1 + Math.floor(this.#turnedAway++ / Math.max(this.#used, this.#share));
    return (this.#current + windows) * windowMs - this.#aheadMs;
  }
}
