/** Whether an entry lies outside of what is wanted, at one end. Monotone: so it is found by halving. */
export type Outside<E> = (entry: E) => boolean;

const CHUNK = 512;

/**
 * Distinct entries in order: a list of sorted chunks, none empty. Adding, removing and finding the begin of a range cost the
 * logarithm of the size and a move within one chunk.
 */
export class SortedList<E> {
  readonly #compare: (a: E, b: E) => number;
  readonly #chunks: E[][] = [];
  #size = 0;

  /** `sorted` are entries to begin with, in order. */
  constructor(compare: (a: E, b: E) => number, sorted: readonly E[] = []) {
    this.#compare = compare;
    for (let from = 0; from < sorted.length; from += CHUNK)
      this.#chunks.push(sorted.slice(from, from + CHUNK));
    this.#size = sorted.length;
  }

  get size(): number {
    return this.#size;
  }

  /** The entry that `compare` says is level with what is looked for. */
  find(compare: (entry: E) => number): E | undefined {
    const chunk = this.#chunks[firstIn(this.#chunks, (each) => compare(each[each.length - 1] as E) >= 0)];
    const entry = chunk?.[firstIn(chunk, (each) => compare(each) >= 0)];
    return entry !== undefined && compare(entry) === 0 ? entry : undefined;
  }

  /** Takes the place of an entry that is equal, if there is one, and returns that. */
  add(entry: E): E | undefined {
    const at = this.#chunkFor(entry);
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#chunks.push([entry]);
      this.#size += 1;
      return undefined;
    }
    const index = firstIn(chunk, (each) => this.#compare(each, entry) >= 0);
    const equal = chunk[index];
    if (equal !== undefined && this.#compare(equal, entry) === 0) {
      chunk[index] = entry;
      return equal;
    }
    chunk.splice(index, 0, entry);
    this.#size += 1;
    if (chunk.length <= CHUNK) return undefined;
    // When entries come in order, the full chunk stays full.
    const appended = at === this.#chunks.length - 1 && index === chunk.length - 1;
    this.#chunks.splice(at + 1, 0, chunk.splice(appended ? index : chunk.length >>> 1));
    return undefined;
  }

  remove(entry: E): void {
    const at = this.#chunkFor(entry);
    const chunk = this.#chunks[at];
    if (!chunk) return;
    const index = firstIn(chunk, (each) => this.#compare(each, entry) >= 0);
    if (index === chunk.length || this.#compare(chunk[index] as E, entry) !== 0) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
    this.#size -= 1;
  }

  /**
   * The entries in order (or backwards), from the first that is not `before` what is wanted to the last that is not `after` it, both
   * as seen in the direction of the scan. The list must not change meanwhile.
   */
  *scan(before: Outside<E>, after: Outside<E>, reverse = false): Generator<E> {
    if (reverse) {
      let at = firstIn(this.#chunks, (chunk) => before(chunk[0] as E)) - 1;
      let index = firstIn(this.#chunks[at] ?? [], before) - 1;
      for (; at >= 0; at--, index = (this.#chunks[at]?.length ?? 0) - 1) {
        const chunk = this.#chunks[at] as E[];
        for (; index >= 0; index--) {
          if (after(chunk[index] as E)) return;
          yield chunk[index] as E;
        }
      }
      return;
    }
    let at = firstIn(this.#chunks, (chunk) => !before(chunk[chunk.length - 1] as E));
    let index = firstIn(this.#chunks[at] ?? [], (entry) => !before(entry));
    for (; at < this.#chunks.length; at++, index = 0) {
      const chunk = this.#chunks[at] as E[];
      for (; index < chunk.length; index++) {
        if (after(chunk[index] as E)) return;
        yield chunk[index] as E;
      }
    }
  }

  /** The chunk that the entry belongs into: the last one that begins at or before it, else the first. */
  #chunkFor(entry: E): number {
    return Math.max(0, firstIn(this.#chunks, (chunk) => this.#compare(chunk[0] as E, entry) > 0) - 1);
  }
}

/** The first position that `holds`; the length if none does. Whatever holds holds for all after it. */
function firstIn<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
