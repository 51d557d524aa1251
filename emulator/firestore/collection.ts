import type { Document } from './document.ts';
import { IndexSet } from './index/index-set.ts';
import type { IndexPart, OrderedIndex } from './index/ordered-index.ts';
import { type Outside, SortedList } from './index/sorted-list.ts';
import { compareIds, compareNames, idOf, parentOf } from './path.ts';
import { SortedMap } from './sorted-map.ts';
import type { Micros } from './time.ts';

/** A version that was superseded: what a document was (undefined: it did not exist) before the commit at `until`. */
export interface PastVersion {
  readonly document: Document | undefined;
  readonly until: Micros;
}

/** The documents of one collection, in order of their ids, the versions that they had, for reads at a time, and their indexes. */
export class Collection {
  readonly path: string;
  readonly id: string;
  /** The document that the collection belongs to; empty at the root. */
  readonly parent: string;
  /** Ids, of documents or of missing ones, under which there are collections. */
  readonly branches = new SortedMap<string, Set<string>>(compareIds);
  readonly #documents: SortedList<Document>;
  readonly #past = new Map<string, PastVersion[]>();
  #indexes: IndexSet | undefined;
  #lastChange: Micros = 0;

  constructor(path: string) {
    this.path = path;
    this.id = idOf(path);
    this.parent = parentOf(path);
    const begin = path.length + 1;
    this.#documents = new SortedList((a, b) => compareNames(a.path, b.path, begin));
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

  /** The document at a path of this collection. */
  get(path: string): Document | undefined {
    const begin = this.path.length + 1;
    return this.#documents.find((document) => compareNames(document.path, path, begin));
  }

  /** As it was at a time, as far back as history is kept. */
  getAt(path: string, time: Micros): Document | undefined {
    if (this.#lastChange > time) {
      const version = this.#past.get(path)?.find(({ until }) => until > time);
      if (version) return version.document;
    }
    return this.get(path);
  }

  /** Documents in order of their ids (or backwards), within what `before` and `after` leave (`SortedList.scan`). */
  scan(before: Outside<Document>, after: Outside<Document>, reverse: boolean): Generator<Document> {
    return this.#documents.scan(before, after, reverse);
  }

  all(): Generator<Document> {
    return this.#documents.scan(never, never);
  }

  /** The index of the documents by these parts. */
  index(parts: readonly IndexPart[]): OrderedIndex {
    this.#indexes ??= new IndexSet();
    return this.#indexes.get(parts, () => this.all());
  }

  /** The paths of the documents that were written since a time. */
  *changedSince(time: Micros): Generator<string> {
    if (this.#lastChange <= time) return;
    for (const [path, versions] of this.#past) if ((versions.at(-1)?.until ?? 0) > time) yield path;
  }

  /** The documents' ids together with those of missing documents that have collections, in order, from `after` on. */
  *ids(after?: string): Generator<string> {
    const range = after === undefined ? {} : { from: { key: after, inclusive: false } };
    const seen =
      after === undefined ? never : (document: Document) => compareIds(idOf(document.path), after) <= 0;
    const documents = this.#documents.scan(seen, never);
    const branches = this.branches.entries(range);
    let document = documents.next();
    let branch = branches.next();
    while (!document.done || !branch.done) {
      const id = document.done ? undefined : idOf(document.value.path);
      const fork = branch.done ? undefined : branch.value[0];
      const order = id === undefined ? 1 : fork === undefined ? -1 : compareIds(id, fork);
      yield (order <= 0 ? id : fork) as string;
      if (order <= 0) document = documents.next();
      if (order >= 0) branch = branches.next();
    }
  }

  /** Replaces a document (undefined: removes it) by a commit at `time`, which is later than all before. */
  put(path: string, document: Document | undefined, time: Micros): PastVersion {
    const before = document ? this.#documents.add(document) : this.get(path);
    if (!document && before) this.#documents.remove(before);
    const version = { document: before, until: time };
    const past = this.#past.get(path);
    if (past) past.push(version);
    else this.#past.set(path, [version]);
    this.#indexes?.replace(before, document);
    this.#lastChange = time;
    return version;
  }

  /** Drops the oldest past version of a document. */
  forget(path: string): void {
    const past = this.#past.get(path);
    past?.shift();
    if (past?.length === 0) this.#past.delete(path);
  }
}

const never = () => false;
