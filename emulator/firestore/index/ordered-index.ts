import { type Document, fieldAt } from '../document.ts';
import { type FieldPath, formatFieldPath } from '../field-path.ts';
import { classOf, compareValues } from '../order.ts';
import { compareNames } from '../path.ts';
import { NULL, type Value } from '../value.ts';
import { rankOf } from './rank.ts';
import { type Outside, SortedList } from './sorted-list.ts';

/** How an index sorts one field; `contains` has an entry for each element of an array. At most one such field. */
export interface IndexPart {
  readonly field: FieldPath;
  readonly mode: 'asc' | 'desc' | 'contains';
}

/** The place of an element of a document's array in an index. */
interface ElementEntry {
  readonly document: Document;
  readonly element: Value;
}

/** The place of a document in an index: the document itself where it can be, which costs no more than a pointer. */
export type IndexEntry = Document | ElementEntry;

/** An entry while an index is made. */
interface Row {
  readonly entry: IndexEntry;
  readonly values: readonly Value[];
  /** The class and the rank of the first value. */
  readonly kind: number;
  readonly rank: number;
}

/** The documents of one scope that have all the fields of the index, in the order of these, then of their names ascending. */
export class OrderedIndex {
  readonly #parts: readonly IndexPart[];
  readonly #contains: FieldPath | undefined;
  readonly #list: SortedList<IndexEntry>;

  constructor(parts: readonly IndexPart[], documents: Iterable<Document>) {
    this.#parts = parts;
    this.#contains = parts.find(({ mode }) => mode === 'contains')?.field;
    this.#list = new SortedList((a, b) => this.#compare(a, b), this.#sorted(documents));
  }

  /** A document has come, changed or gone. */
  replace(before: Document | undefined, after: Document | undefined): void {
    if (before) for (const entry of this.#entriesOf(before)) this.#list.remove(entry);
    if (after) for (const entry of this.#entriesOf(after)) this.#list.add(entry);
  }

  /** The documents of a range, in order or backwards; `before` and `after` as `SortedList.scan` takes them. */
  *scan(before: Outside<IndexEntry>, after: Outside<IndexEntry>, reverse: boolean): Generator<Document> {
    for (const entry of this.#list.scan(before, after, reverse)) yield documentOf(entry);
  }

  /** The values of each entry are taken from it once, not with every comparison. */
  #sorted(documents: Iterable<Document>): IndexEntry[] {
    const [first] = this.#parts;
    const sign = first?.mode === 'desc' ? -1 : 1;
    const rows: Row[] = [];
    for (const document of documents)
      for (const entry of this.#entriesOf(document)) {
        const values = this.#parts.map((part) => partValue(entry, part));
        const [value = NULL] = values;
        rows.push({ entry, values, kind: classOf(value), rank: rankOf(value) });
      }
    rows.sort((a, b) => {
      if (a.kind !== b.kind) return sign * (a.kind - b.kind);
      if (a.rank !== b.rank) return a.rank < b.rank ? -sign : sign;
      for (const [at, { mode }] of this.#parts.entries()) {
        const order = compareValues(a.values[at] as Value, b.values[at] as Value);
        if (order !== 0) return mode === 'desc' ? -order : order;
      }
      return compareNames(documentOf(a.entry).path, documentOf(b.entry).path);
    });
    return rows.map(({ entry }) => entry);
  }

  *#entriesOf(document: Document): Generator<IndexEntry> {
    for (const { field } of this.#parts) if (!fieldAt(document.fields, field)) return;
    if (!this.#contains) {
      yield document;
      return;
    }
    const array = fieldAt(document.fields, this.#contains);
    if (array?.type !== 'array') return;
    const elements = [...array.values].sort(compareValues);
    for (const [at, element] of elements.entries())
      if (at === 0 || compareValues(elements[at - 1] as Value, element) !== 0) yield { document, element };
  }

  #compare(a: IndexEntry, b: IndexEntry): number {
    for (const part of this.#parts) {
      const order = compareValues(partValue(a, part), partValue(b, part));
      if (order !== 0) return part.mode === 'desc' ? -order : order;
    }
    return compareNames(documentOf(a).path, documentOf(b).path);
  }
}

/** The value that an entry has at a part of its index. */
export function partValue(entry: IndexEntry, { field, mode }: IndexPart): Value {
  if (mode === 'contains' && 'element' in entry) return entry.element;
  return fieldAt(documentOf(entry).fields, field) as Value;
}

export function documentOf(entry: IndexEntry): Document {
  return 'element' in entry ? entry.document : entry;
}

/** The name of an index of these parts, the same for all that are alike. */
export function keyOf(parts: readonly IndexPart[]): string {
  return parts.map(({ field, mode }) => `${formatFieldPath(field)} ${mode}`).join(',');
}
