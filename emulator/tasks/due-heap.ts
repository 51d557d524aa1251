interface Entry<T> {
  readonly dueMs: number;
  /** Ties are kept in the order in which they were pushed. */
  readonly order: number;
  readonly item: T;
}

/** A binary min-heap of items by due time: the schedule of a queue with many thousand timers in it. */
export class DueHeap<T> {
  readonly #entries: Entry<T>[] = [];
  #pushed = 0;

  push(item: T, dueMs: number): void {
    const entries = this.#entries;
    let child = entries.push({ dueMs, order: this.#pushed++, item }) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#before(child, parent)) break;
      this.#swap(child, parent);
      child = parent;
    }
  }

  /** The first item due, left in place. */
  peek(): { readonly item: T; readonly dueMs: number } | undefined {
    return this.#entries[0];
  }

  /** Removes the first item due. */
  pop(): void {
    const entries = this.#entries;
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return;
    entries[0] = last;
    for (let parent = 0; ; ) {
      let first = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < entries.length && this.#before(child, first)) first = child;
      }
      if (first === parent) return;
      this.#swap(first, parent);
      parent = first;
    }
  }

  clear(): void {
    this.#entries.length = 0;
  }

  #before(a: number, b: number): boolean {
    const left = this.#entries[a] as Entry<T>;
    const right = this.#entries[b] as Entry<T>;
    return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    const held = this.#entries[a] as Entry<T>;
    this.#entries[a] = this.#entries[b] as Entry<T>;
    this.#entries[b] = held;
  }
}
