import type { Json } from '../../contract/json.ts';

/** Results to be made one of, and the place of that one. */
export interface Reduction {
  readonly level: number;
  readonly index: number;
  readonly results: readonly Json[];
}

/**
 * Which results are reduced together: always those of neighbours, `fanIn` at a time, so that the result depends on nothing but
 * the items. The leaves are the shards; how many there are may be known only later.
 */
export class ReduceTree {
  readonly #fanIn: number;
  /** What has come to its end, by level and index. Without a value: nothing came of it. */
  readonly #ended = new Map<string, { readonly value?: Json }>();
  readonly #taken = new Set<string>();
  #leaves: number | undefined;

  constructor(fanIn: number) {
    this.#fanIn = fanIn;
  }

  /** A shard (level 0) or a reduction came to its end. What can be reduced now. */
  end(level: number, index: number, value: Json | undefined): Reduction[] {
    this.#ended.set(keyOf(level, index), value === undefined ? {} : { value });
    return this.#consider(level + 1, Math.floor(index / this.#fanIn));
  }

  /** There are so many shards and no more. What can be reduced now. */
  close(leaves: number): Reduction[] {
    this.#leaves = leaves;
    const ready: Reduction[] = [];
    // Every group but the last of a level is full, and needs no word that there is no more.
    for (let level = 1, count = leaves; count > 1; level++) {
      count = Math.ceil(count / this.#fanIn);
      ready.push(...this.#consider(level, count - 1));
    }
    return ready;
  }

  /** The one that is left of all, once there is one. */
  get root(): { readonly value?: Json } | undefined {
    if (this.#leaves === undefined) return undefined;
    if (this.#leaves === 0) return {};
    let level = 0;
    while (this.#count(level) > 1) level += 1;
    return this.#ended.get(keyOf(level, 0));
  }

  #consider(level: number, index: number): Reduction[] {
    const from = index * this.#fanIn;
    const below = this.#leaves === undefined ? Infinity : this.#count(level - 1);
    if (this.#taken.has(keyOf(level, index)) || below === 1) return [];
    const results: Json[] = [];
    for (let child = from; child < Math.min(from + this.#fanIn, below); child++) {
      const ended = this.#ended.get(keyOf(level - 1, child));
      if (!ended) return [];
      if (ended.value !== undefined) results.push(ended.value);
    }
    this.#taken.add(keyOf(level, index));
    for (let child = from; child < from + this.#fanIn; child++) this.#ended.delete(keyOf(level - 1, child));
    return results.length > 1 ? [{ level, index, results }] : this.end(level, index, results[0]);
  }

  #count(level: number): number {
    let count = this.#leaves ?? 0;
    for (let at = 0; at < level; at++) count = Math.ceil(count / this.#fanIn);
    return count;
  }
}

const keyOf = (level: number, index: number) => `${level}:${index}`;
