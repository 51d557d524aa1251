import type { Clock } from '../../../shared/contract/clock.ts';
import type { Scheduler } from './scheduler.ts';

/** The clock of one instance: wrong by an offset of its own, which may jump. It stands still rather than go backwards. */
export class InstanceClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #alive: () => boolean;
  #offset: number;
  #latest = 0;

  constructor(scheduler: Scheduler, offset: number, alive: () => boolean) {
    this.#scheduler = scheduler;
    this.#offset = offset;
    this.#alive = alive;
  }

  now(): number {
    this.#latest = Math.max(this.#latest, this.#scheduler.now() + this.#offset);
    return this.#latest;
  }

  jump(ms: number): void {
    this.#offset += ms;
  }

  /** What was armed dies with the instance. */
  after(delayMs: number, task: () => void): () => void {
    return this.#scheduler.after(delayMs, () => {
      if (this.#alive()) task();
    });
  }
}
