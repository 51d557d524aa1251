import type { Document } from './document.ts';
import { compareIds, idOf, parentOf } from './path.ts';
import { type Range, SortedMap } from './sorted-map.ts';
import type { Micros } from './time.ts';

/** A version that was superseded: what a document was (undefined: it did not exist) before the commit at `until`. */
export interface PastVersion {
  readonly document: Document | undefined;
  readonly until: Micros;
}

/**
 * The documents of one collection, in order of their ids, and the versions that they had, for reads at a time.
 * Single-field indexes belong beside `#documents`: `put` is the only place where a document changes.
 */
export class Collection {
  readonly path: string;
  readonly id: string;
  /** The document that the collection belongs to; empty at the root. */
  readonly parent: string;
  readonly #documents = new SortedMap<string, Document>(compareIds);
  readonly #past = new Map<string, PastVersion[]>();
  /** Ids, of documents or of missing ones, under which there are collections. */
  readonly branches = new SortedMap<string, Set<string>>(compareIds);
  #lastChange: Micros = 0;

  constructor(path: string) {
    this.path = path;
    this.id = idOf(path);
    this.parent = parentOf(path);
  }

  /** Whether the collection is seen: it has a document, or one further down. */
  get present(): boolean {
    return this.#documents.size > 0 || this.branches.size > 0;
  }

  /** Whether nothing at all is kept here. */
  get forgotten(): boolean {
    return !this.present && this.#past.size === 0;
  }

  get size(): number {
    return this.#documents.size;
  }

  get(id: string): Document | undefined {
    return this.#documents.get(id);
  }

  /** As it was at a time, as far back as history is kept. */
  getAt(id: string, time: Micros): Document | undefined {
    if (this.#lastChange > time) {
      const version = this.#past.get(id)?.find(({ until }) => until > time);
      if (version) return version.document;
    }
    return this.#documents.get(id);
  }

  /** Documents in order of their ids, now or at a time. */
  *scan(range: Range<string>, reverse: boolean, time?: Micros): Generator<Document> {
    if (time === undefined || this.#lastChange <= time) {
      for (const [, document] of this.#documents.entries(range, reverse)) yield document;
      return;
    }
    const ids = new SortedMap<string, true>(compareIds);
    for (const [id] of this.#documents.entries(range)) ids.set(id, true);
    for (const id of this.#past.keys()) ids.set(id, true);
    for (const [id] of ids.entries(range, reverse)) {
      const document = this.getAt(id, time);
      if (document) yield document;
    }
  }

  /** The documents' ids together with those of missing documents that have collections, in order, from `after` on. */
  *ids(after?: string): Generator<string> {
    const range = after === undefined ? {} : { from: { key: after, inclusive: false } };
    const documents = this.#documents.entries(range);
    const branches = this.branches.entries(range);
    let document = documents.next();
    let branch = branches.next();
    while (!document.done || !branch.done) {
      const order = document.done ? 1 : branch.done ? -1 : compareIds(document.value[0], branch.value[0]);
      yield (order <= 0 ? document.value?.[0] : branch.value?.[0]) as string;
      if (order <= 0) document = documents.next();
      if (order >= 0) branch = branches.next();
    }
  }

  /** Replaces a document (undefined: removes it) by a commit at `time`, which is later than all before. */
  put(id: string, document: Document | undefined, time: Micros): PastVersion {
    const version = { document: this.#documents.get(id), until: time };
    const past = this.#past.get(id);
    if (past) past.push(version);
    else this.#past.set(id, [version]);
    if (document) this.#documents.set(id, document);
    else this.#documents.delete(id);
    this.#lastChange = time;
    return version;
  }

  /** Drops the oldest past version of a document. */
  forget(id: string): void {
    const past = this.#past.get(id);
    past?.shift();
    if (past?.length === 0) this.#past.delete(id);
  }
}
