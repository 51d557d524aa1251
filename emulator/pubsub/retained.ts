import type { Message } from './message.ts';

/** The acked messages that a subscription keeps for seeking, by their places in it. */
export class Retained {
  readonly #messages = new Map<number, Message>();

  add(place: number, message: Message): void {
    this.#messages.set(place, message);
  }

  all(): Iterable<Message> {
    return this.#messages.values();
  }

  clear(): void {
    this.#messages.clear();
  }

  /** Drops what was published before `from`. Returns when the oldest that is left was; infinity for none. */
  prune(from: number): number {
    for (const [place, { publishTimeMs }] of this.#messages) {
      if (publishTimeMs > from) return publishTimeMs;
      this.#messages.delete(place);
    }
    return Number.POSITIVE_INFINITY;
  }
}
