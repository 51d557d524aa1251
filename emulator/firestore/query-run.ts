import type { Document } from './document.ts';
import { queryValue } from './filter.ts';
import { documentOf, type IndexEntry, partValue } from './index/ordered-index.ts';
import { type IndexScan, type Plan, plansFor } from './index/plan.ts';
import { nearestOf } from './nearest.ts';
import { compareValues } from './order.ts';
import { collectionOf } from './path.ts';
import type { PreparedQuery } from './prepared-query.ts';
import { collectionInScope, type Storage } from './storage.ts';
import type { Micros } from './time.ts';
import type { Value } from './value.ts';

export interface QueryResult {
  /** In the order of the query, whole (not projected). */
  readonly documents: Document[];
  /** How many the offset left out. */
  readonly skipped: number;
  /** How many documents were looked at, found or not. */
  readonly scanned: number;
}

/** Runs a query on what is stored, now or at a time: reads ranges of indexes, merged in order, and no further than the limit. */
export function runQuery(
  prepared: PreparedQuery,
  storage: Storage,
  root: string,
  time?: Micros,
): QueryResult {
  const { offset = 0, limit = Number.POSITIVE_INFINITY, findNearest } = prepared.query;
  const run = new QueryRun(prepared, storage, root, time);
  const documents: Document[] = [];
  let skipped = 0;
  if (limit > 0)
    for (const document of run.results()) {
      if (skipped < offset) {
        skipped += 1;
        continue;
      }
      documents.push(document);
      if (documents.length === limit) break;
    }
  const nearest = findNearest && nearestOf(documents, findNearest);
  return { documents: nearest ?? documents, skipped, scanned: run.scanned };
}

class QueryRun {
  scanned = 0;
  readonly #prepared: PreparedQuery;
  readonly #storage: Storage;
  readonly #root: string;
  readonly #past: ReadonlyMap<string, Document | undefined>;

  constructor(prepared: PreparedQuery, storage: Storage, root: string, time: Micros | undefined) {
    this.#prepared = prepared;
    this.#storage = storage;
    this.#root = root;
    this.#past = time === undefined ? new Map() : storage.changedSince(prepared.query.scope, time);
  }

  /** All that the query selects, in its order, but for offset and limit. */
  *results(): Generator<Document> {
    const { compare } = this.#prepared;
    const found = plansFor(this.#prepared, this.#root).map((plan) => this.#judged(this.#candidates(plan)));
    if (this.#past.size > 0) found.push(this.#asTheyWere());
    // Documents that more than one part selects come from each of them, one right after the other.
    let last: Document | undefined;
    for (const document of merged(found, compare)) {
      if (last?.path !== document.path) yield document;
      last = document;
    }
  }

  /** What the indexes hold of today was not there then, where it has changed since. */
  *#judged(candidates: Iterable<Document>): Generator<Document> {
    for (const document of candidates) {
      this.scanned += 1;
      if (!this.#past.has(document.path) && this.#prepared.selects(document)) yield document;
    }
  }

  #asTheyWere(): Generator<Document> {
    const documents = [...this.#past.values()].filter((document) => document !== undefined);
    this.scanned += documents.length;
    const selected = documents.filter((document) => this.#prepared.selects(document));
    return selected.sort(this.#prepared.compare).values() as Generator<Document>;
  }

  *#candidates(plan: Plan): Generator<Document> {
    if (plan.kind === 'scan') {
      for (const interval of plan.intervals.keys()) yield* this.#range(plan, interval);
      return;
    }
    const path = plan.name.startsWith(`${this.#root}/`) ? plan.name.slice(this.#root.length + 1) : '';
    if (!collectionInScope(this.#prepared.query.scope, collectionOf(path))) return;
    const document = this.#storage.get(path);
    if (document) yield document;
  }

  #range({ parts, prefix, main, intervals, reverse }: IndexScan, at: number): Iterable<Document> {
    const { scope } = this.#prepared.query;
    const interval = intervals[at];
    const [tooSoon, tooLate] =
      main.direction === 'asc' ? [interval?.below, interval?.beyond] : [interval?.beyond, interval?.below];
    const direction = reverse ? -1 : 1;
    const beside = (entry: IndexEntry) => direction * comparePrefix(entry, parts, prefix);
    const mainValue = (entry: IndexEntry) => queryValue(documentOf(entry), main.field, this.#root) as Value;
    return this.#storage.scan(
      scope,
      parts,
      (entry) => {
        const side = beside(entry);
        if (side !== 0) return side < 0;
        return tooSoon?.(mainValue(entry)) || this.#prepared.startsAfter(documentOf(entry));
      },
      (entry) => {
        const side = beside(entry);
        if (side !== 0) return side > 0;
        return tooLate?.(mainValue(entry)) || this.#prepared.endsBefore(documentOf(entry));
      },
      reverse,
    );
  }
}

function comparePrefix(entry: IndexEntry, parts: IndexScan['parts'], prefix: readonly Value[]): number {
  for (const [at, value] of prefix.entries()) {
    const order = compareValues(partValue(entry, parts[at] as IndexScan['parts'][number]), value);
    if (order !== 0) return order;
  }
  return 0;
}

/** One ordered sequence of several. */
function* merged(
  sequences: readonly Generator<Document>[],
  compare: (a: Document, b: Document) => number,
): Generator<Document> {
  if (sequences.length === 1) {
    yield* sequences[0] as Generator<Document>;
    return;
  }
  const heads = sequences.flatMap((rest) => {
    const first = rest.next();
    return first.done ? [] : [{ document: first.value, rest }];
  });
  while (heads.length > 0) {
    let least = heads[0] as (typeof heads)[number];
    for (const head of heads) if (compare(head.document, least.document) < 0) least = head;
    yield least.document;
    const next = least.rest.next();
    if (next.done) heads.splice(heads.indexOf(least), 1);
    else least.document = next.value;
  }
}
