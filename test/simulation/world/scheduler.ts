import type { Clock } from '../../../shared/contract/clock.ts';
import type { Random } from './random.ts';
import { resultOf, withinOneTurn } from './stillness.ts';

interface Event {
  readonly at: number;
  /** Drawn by the seed: which of the events of one instant comes first. */
  readonly tie: number;
  readonly label: string;
  task: (() => unknown) | undefined;
}

const EPOCH = Date.parse('2026-01-01T00:00:00.000Z');

/**
 * The one source of order and time in a simulated world. Every asynchronous step is an event at an instant of virtual time; which of
 * several comes first, and how long each takes, is drawn from the seed. Between two events everything that can go on by itself does.
 * So a seed is a schedule: nothing else decides.
 */
export class Scheduler implements Clock {
  /** Events that have run. */
  count = 0;
  /** A digest of all that has happened: equal for equal schedules. */
  digest = 0x811c9dc5;
  /** What happened, in order; kept only for a replay. */
  readonly trace: string[] | undefined;
  readonly #random: Random;
  readonly #heap: Event[] = [];
  #now = EPOCH;

  constructor(random: Random, traced: boolean) {
    this.#random = random;
    this.trace = traced ? [] : undefined;
  }

  now(): number {
    return this.#now;
  }

  /** Virtual time since the beginning, in milliseconds. */
  get elapsed(): number {
    return this.#now - EPOCH;
  }

  after(delayMs: number, task: () => unknown, label = 'alarm'): () => void {
    const at = this.#now + Math.max(0, Math.ceil(delayMs));
    const event: Event = { at, tie: this.#random.next(), label, task };
    push(this.#heap, event);
    return () => {
      event.task = undefined;
    };
  }

  /** How long a step over the network takes: mostly some milliseconds, now and then seconds. */
  latency(): number {
    return this.#random.chance(0.03) ? this.#random.between(50, 3_000) : this.#random.between(1, 25);
  }

  note(text: string): void {
    // Of the text its length tells much for little; the trace holds all of it.
    this.digest = Math.imul(this.digest ^ (this.elapsed + text.length), 0x01000193);
    this.trace?.push(`${this.elapsed} ${text}`);
  }

  /** When the next event is; `Infinity` where there is none. */
  get quietUntil(): number {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (top.task) return top.at;
      pop(this.#heap);
    }
    return Number.POSITIVE_INFINITY;
  }

  /**
   * Runs events until none is left, `stop` says so, or there were `most` of them: then the world does not come to rest. Before nothing
   * happens for a long time, and at the end, `lull` is asked whether it has something to do.
   */
  run(
    most: number,
    stop: () => boolean,
    lull: () => Promise<number>,
  ): Promise<'settled' | 'stopped' | 'restless'> {
    return withinOneTurn((settle) => this.#run(most, stop, () => resultOf(lull(), settle), settle));
  }

  #run(
    most: number,
    stop: () => boolean,
    lull: () => number,
    settle: () => void,
  ): 'settled' | 'stopped' | 'restless' {
    for (const end = this.count + most; this.count < end; ) {
      if (this.quietUntil > this.#now + LULL_MS && lull() > 0) continue;
      const event = pop(this.#heap);
      if (!event) return 'settled';
      if (!event.task) continue;
      this.count += 1;
      this.#now = event.at;
      if (event.label !== 'alarm') this.note(event.label);
      event.task();
      settle();
      if (stop()) return 'stopped';
    }
    return 'restless';
  }
}

/** A day: well within the time for which Pub/Sub keeps what nobody takes. */
const LULL_MS = 86_400_000;

const isBefore = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.tie < b.tie);

function push(heap: Event[], event: Event): void {
  let index = heap.length;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as Event;
    if (!isBefore(event, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = event;
}

function pop(heap: Event[]): Event | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (!last || heap.length === 0) return top;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    const right = child + 1;
    if (right < heap.length && isBefore(heap[right] as Event, heap[child] as Event)) child = right;
    if (!isBefore(heap[child] as Event, last)) break;
    heap[index] = heap[child] as Event;
    index = child;
  }
  heap[index] = last;
  return top;
}
