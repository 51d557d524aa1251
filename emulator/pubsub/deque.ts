/** A queue with both ends open; every operation is O(1), amortised. */
export class Deque<T> {
  #front: T[] = [];
  #back: T[] = [];
  #head = 0;

  get length(): number {
    return this.#front.length + this.#back.length - this.#head;
  }

  pushBack(item: T): void {
    this.#back.push(item);
  }

  /** Puts `item` before everything else. */
  pushFront(item: T): void {
    this.#front.push(item);
  }

  peek(): T | undefined {
    return this.#front.length > 0 ? this.#front.at(-1) : this.#back[this.#head];
  }

  shift(): T | undefined {
    if (this.#front.length > 0) return this.#front.pop();
    if (this.#head === this.#back.length) return undefined;
    const item = this.#back[this.#head++];
    // Give the space back once half of it is dead: each item is then moved at most once for each shift.
    if (this.#head > 1024 && this.#head * 2 > this.#back.length) {
      this.#back = this.#back.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* this.#front.toReversed();
    yield* this.#back.slice(this.#head);
  }
}
