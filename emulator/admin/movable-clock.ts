import { type Clock, systemClock } from '../../shared/contract/clock.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly task: () => void;
  cancel: () => void;
}

/**
 * The machine's time, which can be moved on: what waits for a later time happens at once, in the order of the times that it waits for.
 * It is never moved back.
 */
export class MovableClock implements Clock {
  readonly #base: Clock;
  readonly #timers = new Set<Timer>();
  #ahead = 0;
  #made = 0;
  #moving: Promise<void> = Promise.resolve();

  constructor(base: Clock = systemClock) {
    this.#base = base;
  }

  now(): number {
    return this.#base.now() + this.#ahead;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer: Timer = {
      due: this.now() + Math.max(0, delayMs),
      order: this.#made++,
      task,
      cancel: () => {},
    };
    this.#arm(timer);
    this.#timers.add(timer);
    return () => this.#drop(timer);
  }

  /** How far this clock is ahead of the machine's, in milliseconds. */
  get ahead(): number {
    return this.#ahead;
  }

  /**
   * Moves time on by `ms`, at least 0, and resolves when what fell due has been begun. What that brings about, such as a request that is
   * sent, takes its own time. One move at a time: the next waits for the one before.
   */
  advance(ms: number): Promise<void> {
    const moved = this.#moving.then(() => this.#advance(ms));
    this.#moving = moved;
    return moved;
  }

  async #advance(ms: number): Promise<void> {
    const goal = this.#ahead + ms;
    const end = this.now() + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#ahead += Math.max(0, next.due - this.now());
      this.#run(next);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#ahead = Math.max(this.#ahead, goal);
    // The machine's clock knows nothing of the move: what waits on is waited for anew.
    for (const timer of this.#timers) {
      timer.cancel();
      this.#arm(timer);
    }
  }

  #arm(timer: Timer): void {
    timer.cancel = this.#base.after(timer.due - this.now(), () => this.#run(timer));
  }

  #run(timer: Timer): void {
    if (!this.#timers.has(timer)) return;
    this.#drop(timer);
    timer.task();
  }

  #drop(timer: Timer): void {
    timer.cancel();
    this.#timers.delete(timer);
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}
