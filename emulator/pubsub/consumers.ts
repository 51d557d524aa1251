import type { Consumer } from './consumer.ts';

/** The consumers of a subscription, which are served in turn. */
export class Consumers {
  #all: Consumer[] = [];
  #turn = 0;

  get count(): number {
    return this.#all.length;
  }

  /** The longest that any of them is to lag behind the publishers' answers. */
  get lagMs(): number {
    return this.#all.reduce((most, { lagMs = 0 }) => Math.max(most, lagMs), 0);
  }

  add(consumer: Consumer): void {
    this.#all.push(consumer);
  }

  remove(consumer: Consumer): void {
    this.#all = this.#all.filter((each) => each !== consumer);
  }

  /** Removes all, and returns them. */
  removeAll(): readonly Consumer[] {
    const all = this.#all;
    this.#all = [];
    return all;
  }

  /** Serves one after the other while there is more, until a whole round took nothing. */
  serve(more: { readonly hasReady: boolean }, serveOne: (consumer: Consumer) => boolean): void {
    for (let idle = 0; idle < this.#all.length && more.hasReady; ) {
      const consumer = this.#all[this.#turn++ % this.#all.length];
      idle = consumer && serveOne(consumer) ? 0 : idle + 1;
    }
  }
}
