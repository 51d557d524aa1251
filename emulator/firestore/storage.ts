import { Collection } from './collection.ts';
import type { Document } from './document.ts';
import { collectionOf, compareNames, idOf, parentOf } from './path.ts';
import type { Range } from './sorted-map.ts';
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

interface Superseded {
  readonly collection: Collection;
  readonly id: string;
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
  readonly #groups = new Map<string, Set<Collection>>();
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
    return this.#collections.get(collectionOf(path))?.get(idOf(path));
  }

  getAt(path: string, time: Micros): Document | undefined {
    return this.#collections.get(collectionOf(path))?.getAt(idOf(path), time);
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
    const id = idOf(path);
    const version = collection.put(id, document, time);
    if (collection.present !== wasPresent) this.#graft(collection);
    const size = version.document?.size ?? 0;
    this.#superseded.push({ collection, id, until: time, size });
    this.#supersededBytes += size;
    this.#trim(time - HISTORY_MICROS);
  }

  /** The documents in scope, in order of their names (or backwards). `range` holds for the ids of a single collection only. */
  *scan(scope: Scope, range: Range<string>, reverse: boolean, time?: Micros): Generator<Document> {
    const single = singleCollection(scope);
    if (single !== undefined) {
      const collection = this.#collections.get(single);
      if (collection) yield* collection.scan(range, reverse, time);
      return;
    }
    const documents: Document[] = [];
    for (const collection of this.#inScope(scope))
      for (const document of collection.scan({}, false, time)) documents.push(document);
    documents.sort((a, b) => compareNames(a.path, b.path));
    yield* reverse ? documents.reverse() : documents;
  }

  *#inScope(scope: Scope): Generator<Collection> {
    const candidates =
      scope.collectionId === undefined
        ? this.#collections.values()
        : (this.#groups.get(scope.collectionId) ?? []);
    for (const collection of candidates) if (collectionInScope(scope, collection.path)) yield collection;
  }

  #open(path: string): Collection {
    const collection = new Collection(path);
    this.#collections.set(path, collection);
    const group = this.#groups.get(collection.id);
    if (group) group.add(collection);
    else this.#groups.set(collection.id, new Set([collection]));
    return collection;
  }

  #close(collection: Collection): void {
    this.#collections.delete(collection.path);
    const group = this.#groups.get(collection.id);
    group?.delete(collection);
    if (group?.size === 0) this.#groups.delete(collection.id);
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
      oldest.collection.forget(oldest.id);
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
