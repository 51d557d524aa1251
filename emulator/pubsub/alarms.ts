import type { Clock } from '../../shared/contract/clock.ts';

/** A task that waits for its time. */
export interface Alarm {
  readonly dueMs: number;
  /** The task then never runs. Cancelling twice, or after it ran, does nothing. */
  cancel(): void;
}

interface Slot extends Alarm {
  readonly order: number;
  task: (() => void) | undefined;
}

/**
 * Many alarms on one clock timer: setting and cancelling cost O(log n), and no timer stays armed when no alarm is live,
 * so that whoever moves a clock by hand sees only times at which something can happen. Alarms that are due together ring in
 * the order in which they were set.
 */
export class Alarms {
  readonly #clock: Clock;
  #heap: Slot[] = [];
  #live = 0;
  #made = 0;
  #armedFor = Number.POSITIVE_INFINITY;
  #disarm: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `task` once at `dueMs` (milliseconds since the epoch), never synchronously. */
  set(dueMs: number, task: () => void): Alarm {
    const slot: Slot = { dueMs, order: this.#made++, task, cancel: () => this.#cancel(slot) };
    this.#live += 1;
    this.#push(slot);
    if (dueMs < this.#armedFor) this.#arm(dueMs);
    return slot;
  }

  #cancel(slot: Slot): void {
    if (!slot.task) return;
    slot.task = undefined;
    this.#live -= 1;
    if (this.#live === 0) {
      this.#heap = [];
      this.#unarm();
    } else if (this.#heap.length > 64 && this.#heap.length > 2 * this.#live) {
      // A sorted array is a heap.
      this.#heap = this.#heap.filter(({ task }) => task).sort((a, b) => (isBefore(a, b) ? -1 : 1));
    }
  }

  #ring(): void {
    this.#unarm();
    const now = this.#clock.now();
    for (let top = this.#heap[0]; top && (top.dueMs <= now || !top.task); top = this.#heap[0]) {
      this.#pop();
      const task = top.task;
      if (!task) continue;
      top.task = undefined;
      this.#live -= 1;
      task();
    }
    const next = this.#heap[0];
    if (next && next.dueMs < this.#armedFor) this.#arm(next.dueMs);
  }

  #arm(dueMs: number): void {
    this.#unarm();
    this.#armedFor = dueMs;
    this.#disarm = this.#clock.after(dueMs - this.#clock.now(), () => this.#ring());
  }

  #unarm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #push(slot: Slot): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Slot;
      if (!isBefore(slot, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = slot;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Slot, heap[child] as Slot)) child = right;
      if (!isBefore(heap[child] as Slot, last)) break;
      heap[index] = heap[child] as Slot;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Slot, b: Slot): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
