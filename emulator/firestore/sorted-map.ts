interface Chunk<K, V> {
  readonly keys: K[];
  readonly values: V[];
}

/** One end of a range of keys. */
export interface Bound<K> {
  readonly key: K;
  readonly inclusive: boolean;
}

export interface Range<K> {
  readonly from?: Bound<K> | undefined;
  readonly to?: Bound<K> | undefined;
}

const CHUNK = 512;

/**
 * A map in order of its keys: a list of sorted chunks, none empty. Finding, adding and removing one entry cost the logarithm of the
 * size and a move within one chunk, so that neither reads nor writes slow down as a collection grows.
 */
export class SortedMap<K, V> {
  readonly #compare: (a: K, b: K) => number;
  readonly #chunks: Chunk<K, V>[] = [];
  #size = 0;

  constructor(compare: (a: K, b: K) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (!chunk) return undefined;
    const index = this.#indexIn(chunk, key);
    return this.#holds(chunk, index, key) ? chunk.values[index] : undefined;
  }

  has(key: K): boolean {
    const chunk = this.#chunks[this.#chunkOf(key)];
    return chunk !== undefined && this.#holds(chunk, this.#indexIn(chunk, key), key);
  }

  set(key: K, value: V): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#chunks.push({ keys: [key], values: [value] });
      this.#size += 1;
      return;
    }
    const index = this.#indexIn(chunk, key);
    if (this.#holds(chunk, index, key)) {
      chunk.values[index] = value;
      return;
    }
    chunk.keys.splice(index, 0, key);
    chunk.values.splice(index, 0, value);
    this.#size += 1;
    if (chunk.keys.length > CHUNK) this.#split(at, chunk, index);
  }

  delete(key: K): boolean {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (!chunk) return false;
    const index = this.#indexIn(chunk, key);
    if (!this.#holds(chunk, index, key)) return false;
    chunk.keys.splice(index, 1);
    chunk.values.splice(index, 1);
    if (chunk.keys.length === 0) this.#chunks.splice(at, 1);
    this.#size -= 1;
    return true;
  }

  /** The entries within a range, in order or, with `reverse`, backwards. The map must not change meanwhile. */
  *entries({ from, to }: Range<K> = {}, reverse = false): Generator<[K, V]> {
    const near = reverse ? to : from;
    const far = reverse ? from : to;
    const step = reverse ? -1 : 1;
    let at = near ? this.#chunkOf(near.key) : reverse ? this.#chunks.length - 1 : 0;
    let index: number | undefined = near && this.#start(at, near, reverse);
    for (; at >= 0 && at < this.#chunks.length; at += step, index = undefined) {
      const { keys, values } = this.#chunks[at] as Chunk<K, V>;
      for (let i = index ?? (reverse ? keys.length - 1 : 0); i >= 0 && i < keys.length; i += step) {
        const key = keys[i] as K;
        if (far) {
          const order = step * this.#compare(key, far.key);
          if (order > 0 || (order === 0 && !far.inclusive)) return;
        }
        yield [key, values[i] as V];
      }
    }
  }

  /** Where to begin in the chunk that `near` falls into; may be one past either end. */
  #start(at: number, near: Bound<K>, reverse: boolean): number {
    const chunk = this.#chunks[at];
    if (!chunk) return 0;
    const index = this.#indexIn(chunk, near.key);
    const found = this.#holds(chunk, index, near.key);
    if (reverse) return found && near.inclusive ? index : index - 1;
    return found && !near.inclusive ? index + 1 : index;
  }

  #holds(chunk: Chunk<K, V>, index: number, key: K): boolean {
    return index < chunk.keys.length && this.#compare(chunk.keys[index] as K, key) === 0;
  }

  /** The chunk whose range the key falls into: the last one that begins at or before it, else the first. */
  #chunkOf(key: K): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#compare((this.#chunks[middle] as Chunk<K, V>).keys[0] as K, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The first position in the chunk whose key is not less than `key`. */
  #indexIn({ keys }: Chunk<K, V>, key: K): number {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(keys[middle] as K, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** In half; but when the map grows at its end, as with ascending keys, the full chunk stays full. */
  #split(at: number, chunk: Chunk<K, V>, inserted: number): void {
    const appended = at === this.#chunks.length - 1 && inserted === chunk.keys.length - 1;
    const from = appended ? inserted : chunk.keys.length >>> 1;
    this.#chunks.splice(at + 1, 0, { keys: chunk.keys.splice(from), values: chunk.values.splice(from) });
  }
}
