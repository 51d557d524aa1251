import type { Document } from '../document.ts';
import { type IndexPart, keyOf, OrderedIndex } from './ordered-index.ts';

/** Kept for one scope; what was not asked for the longest makes room. */
const MOST_INDEXES = 64;

/**
 * The indexes over the documents of one scope. An index comes to be with the first query that needs it, which reads the whole
 * scope for it once, and is kept up to date from then on: so a field that nobody asks for costs nothing, and a query never
 * more than once reads what it does not return.
 */
export class IndexSet {
  readonly #indexes = new Map<string, OrderedIndex>();

  /** The index of these parts; `documents` are those of the scope, for when it has to be made. */
  get(parts: readonly IndexPart[], documents: () => Iterable<Document>): OrderedIndex {
    const key = keyOf(parts);
    const index = this.#indexes.get(key) ?? new OrderedIndex(parts, documents());
    this.#indexes.delete(key);
    this.#indexes.set(key, index);
    const [oldest] = this.#indexes.keys();
    if (this.#indexes.size > MOST_INDEXES && oldest !== undefined) this.#indexes.delete(oldest);
    return index;
  }

  /** A document of the scope has come, changed or gone. */
  replace(before: Document | undefined, after: Document | undefined): void {
    for (const index of this.#indexes.values()) index.replace(before, after);
  }
}
