import type { Json } from '../contract/json.ts';

/** A signal that came, and that no step has taken. */
export interface EarlySignal {
  readonly arrival: number;
  readonly name: string;
  readonly payload: Json | undefined;
}

/** Signals that nobody waited for when they came, in the order in which they came. */
export class SignalBuffer {
  #left: EarlySignal[] = [];
  #arrivals = 0;

  get left(): readonly EarlySignal[] {
    return this.#left;
  }

  /** Counts a signal that came. Its place among all that did. */
  count(): number {
    return this.#arrivals++;
  }

  keep(signal: EarlySignal): void {
    this.#left.push(signal);
  }

  of(name: string): readonly EarlySignal[] {
    return this.#left.filter((signal) => signal.name === name);
  }

  /** The payload of a signal, which leaves the buffer. */
  take(arrival: number): Json | undefined {
    const at = this.#left.findIndex((signal) => signal.arrival === arrival);
    return this.#left.splice(at, at < 0 ? 0 : 1)[0]?.payload;
  }
}
