import { Collection } from './collection.ts';
import type { Document } from './document.ts';
import { IndexSet } from './index/index-set.ts';
import type { IndexEntry, IndexPart } from './index/ordered-index.ts';
import type { Outside } from './index/sorted-list.ts';
import { collectionOf, idOf, parentOf } from './path.ts';
import type { Micros } from './time.ts';

/** Which documents a query or listener is about. */
export interface Scope {
  /** A document's path, or empty for the root. */
  readonly parent: string;
  /** Absent: collections of every id. */
  readonly collectionId?: string | undefined;
  /** Not only the collections right under `parent`, but those at any depth: a collection group. */
  readonly allDescendants?: boolean | undefined;
}

interface Group {
  readonly collections: Set<Collection>;
  readonly indexes: IndexSet;
}

interface Superseded {
  readonly collection: Collection;
  readonly path: string;
  readonly until: Micros;
  readonly size: number;
}

/** How long superseded versions can be read: an hour, as in production without point-in-time recovery. */
const HISTORY_MICROS = 3600 * 1e6;
/** A local database remembers no more than this, however fast it is written to. */
const MAX_VERSIONS = 100_000;
const MAX_VERSION_BYTES = 64 * 1024 * 1024;

/** All documents of one database, by collection, with their recent history. */
export class Storage {
  readonly #collections = new Map<string, Collection>();
  /** Collections by their id, and their documents' indexes. */
  readonly #groups = new Map<string, Group>();
  /** Indexes of all the documents there are. */
  readonly #indexes = new IndexSet();
  readonly #roots = new Set<string>();
  #superseded: Superseded[] = [];
  #oldest = 0;
  #supersededBytes = 0;
  #horizon: Micros = 0;

  /** Reads at this time and later are exact. */
  get horizon(): Micros {
    return this.#horizon;
  }

  get(path: string): Document | undefined {
    return this.#collections.get(collectionOf(path))?.get(path);
  }

  getAt(path: string, time: Micros): Document | undefined {
    return this.#collections.get(collectionOf(path))?.getAt(path, time);
  }

  collection(path: string): Collection | undefined {
    return this.#collections.get(path);
  }

  /** Ids of the collections right under a document (or a missing one), in no order. */
  collectionIds(parent: string): Iterable<string> {
    if (parent === '') return this.#roots;
    return this.#collections.get(collectionOf(parent))?.branches.get(idOf(parent)) ?? [];
  }

  /** The document that a commit at `time` leaves at `path`; undefined removes it. */
  put(path: string, document: Document | undefined, time: Micros): void {
    const collectionPath = collectionOf(path);
    const collection = this.#collections.get(collectionPath) ?? this.#open(collectionPath);
    const wasPresent = collection.present;
    const version = collection.put(path, document, time);
    this.#groups.get(collection.id)?.indexes.replace(version.document, document);
    this.#indexes.replace(version.document, document);
    if (collection.present !== wasPresent) this.#graft(collection);
    const size = version.document?.size ?? 0;
    this.#superseded.push({ collection, path, until: time, size });
    this.#supersededBytes += size;
    this.#trim(time - HISTORY_MICROS);
  }

  /**
   * The documents in the order of an index of these parts (none: of their names), or backwards, within what `before` and `after` leave
   * (`SortedList.scan`). Those of a collection group come from all over the database, whatever the parent.
   */
  scan(
    scope: Scope,
    parts: readonly IndexPart[],
    before: Outside<IndexEntry>,
    after: Outside<IndexEntry>,
    reverse: boolean,
  ): Iterable<Document> {
    const single = singleCollection(scope);
    if (single === undefined) {
      const group =
        scope.collectionId === undefined ? this.#indexes : this.#groups.get(scope.collectionId)?.indexes;
      const documents = () => this.#documentsOf(scope.collectionId);
      return group?.get(parts, documents).scan(before, after, reverse) ?? [];
    }
    const collection = this.#collections.get(single);
    if (parts.length === 0) return collection?.scan(before, after, reverse) ?? [];
    return collection?.index(parts).scan(before, after, reverse) ?? [];
  }

  /** The documents in scope that were written since a time, as they were then; undefined for those that were not. */
  changedSince(scope: Scope, time: Micros): Map<string, Document | undefined> {
    const changed = new Map<string, Document | undefined>();
    const single = singleCollection(scope);
    const collections =
      single === undefined ? this.#collectionsOf(scope.collectionId) : [this.#collections.get(single)];
    for (const collection of collections) {
      if (!collection || !collectionInScope(scope, collection.path)) continue;
      for (const path of collection.changedSince(time)) changed.set(path, collection.getAt(path, time));
    }
    return changed;
  }

  #collectionsOf(id: string | undefined): Iterable<Collection> {
    return id === undefined ? this.#collections.values() : (this.#groups.get(id)?.collections ?? []);
  }

  /** All of them, in no order. */
  documents(): Generator<Document> {
    return this.#documentsOf(undefined);
  }

  *#documentsOf(id: string | undefined): Generator<Document> {
    for (const collection of this.#collectionsOf(id)) yield* collection.all();
  }

  #open(path: string): Collection {
    const collection = new Collection(path);
    this.#collections.set(path, collection);
    const group = this.#groups.get(collection.id);
    if (group) group.collections.add(collection);
    else this.#groups.set(collection.id, { collections: new Set([collection]), indexes: new IndexSet() });
    return collection;
  }

  #close(collection: Collection): void {
    this.#collections.delete(collection.path);
    const group = this.#groups.get(collection.id);
    group?.collections.delete(collection);
    if (group?.collections.size === 0) this.#groups.delete(collection.id);
  }

  /** Tells the parents of a collection that has appeared or vanished. The path is short: at most a hundred steps. */
  #graft(collection: Collection): void {
    const { parent, id, present } = collection;
    if (parent === '') {
      if (present) this.#roots.add(id);
      else this.#roots.delete(id);
      return;
    }
    const abovePath = collectionOf(parent);
    const above = this.#collections.get(abovePath) ?? this.#open(abovePath);
    const wasPresent = above.present;
    const branch = above.branches.get(idOf(parent)) ?? new Set();
    if (present) branch.add(id);
    else branch.delete(id);
    if (branch.size > 0) above.branches.set(idOf(parent), branch);
    else above.branches.delete(idOf(parent));
    if (above.present !== wasPresent) this.#graft(above);
    if (above.forgotten) this.#close(above);
  }

  #trim(horizon: Micros): void {
    for (;;) {
      const oldest = this.#superseded[this.#oldest];
      if (!oldest) break;
      const kept = this.#superseded.length - this.#oldest;
      if (oldest.until > horizon && kept <= MAX_VERSIONS && this.#supersededBytes <= MAX_VERSION_BYTES) break;
      oldest.collection.forget(oldest.path);
      if (oldest.collection.forgotten) this.#close(oldest.collection);
      this.#supersededBytes -= oldest.size;
      this.#horizon = oldest.until;
      this.#oldest += 1;
    }
    // The queue is cut only when half of it is gone, which keeps a trim constant on average.
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#superseded.length) {
      this.#superseded = this.#superseded.slice(this.#oldest);
      this.#oldest = 0;
    }
  }
}

/** The one collection that a scope is about, if it is about one. */
export function singleCollection(scope: Scope): string | undefined {
  if (scope.collectionId === undefined || scope.allDescendants) return undefined;
  return scope.parent === '' ? scope.collectionId : `${scope.parent}/${scope.collectionId}`;
}

/** Whether documents of the collection at `path` are in scope. */
export function collectionInScope(scope: Scope, path: string): boolean {
  if (scope.collectionId !== undefined && idOf(path) !== scope.collectionId) return false;
  if (!scope.allDescendants) return parentOf(path) === scope.parent;
  return scope.parent === '' || path.startsWith(`${scope.parent}/`);
}
