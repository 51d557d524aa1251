/** How finely the window slides. */
const BUCKETS = 10;

interface Bucket {
  readonly slot: number;
  failed: number;
  answered: number;
}

/** How the calls of one instance went within the last so many milliseconds. */
export class Tally {
  readonly #slotMs: number;
  #buckets: Bucket[] = [];

  constructor(withinMs: number) {
    this.#slotMs = Math.max(1, withinMs / BUCKETS);
  }

  add(outcome: 'failed' | 'answered', now: number): void {
    const slot = Math.floor(now / this.#slotMs);
    let bucket = this.#buckets.at(-1);
    if (bucket?.slot !== slot) {
      bucket = { slot, failed: 0, answered: 0 };
      this.#buckets = [...this.#buckets.filter((each) => each.slot > slot - BUCKETS), bucket];
    }
    bucket[outcome] += 1;
  }

  counts(now: number): { readonly failed: number; readonly answered: number } {
    const oldest = Math.floor(now / this.#slotMs) - BUCKETS;
    let [failed, answered] = [0, 0];
    for (const bucket of this.#buckets) {
      if (bucket.slot <= oldest) continue;
      failed += bucket.failed;
      answered += bucket.answered;
    }
    return { failed, answered };
  }

  clear(): void {
    this.#buckets = [];
  }
}
