import type { Clock } from '../../shared/contract/clock.ts';
import { StatusError } from '../wire/status.ts';
import { type Aggregation, aggregate, aggregatedFields, checkAggregated } from './aggregate.ts';
import { type Change, type CommitOptions, type CommitResult, Committer } from './committer.ts';
import type { Document } from './document.ts';
import { type FieldPath, formatFieldPath, parseFieldPath } from './field-path.ts';
import { IndexCatalog } from './index/catalog.ts';
import type { CompositeIndex, IndexConfiguration } from './index/definition.ts';
import { type IndexUsed, indexesUsed } from './index/explain.ts';
import { checkIndexed } from './index/missing-index-error.ts';
import {
  type CollectionIdPage,
  type ListOptions,
  type ListPage,
  listCollectionIds,
  listDocuments,
} from './listing.ts';
import { LockTable } from './lock-table.ts';
import { checkDocumentPath, compareNames } from './path.ts';
import { PreparedQuery } from './prepared-query.ts';
import type { Query } from './query.ts';
import { type QueryResult, runQuery } from './query-run.ts';
import { Storage } from './storage.ts';
import { type Micros, VersionClock } from './time.ts';
import type { Transaction, TransactionId, TransactionOptions } from './transaction.ts';
import { Transactions } from './transactions.ts';
import { timestampValue, type Value } from './value.ts';
import { Watch, type WatchEvent } from './watch.ts';
import { checkWrite, type Write, type WriteResult } from './write.ts';

/** At which moment, or in which transaction, to read. At most one of them; none reads what is committed now. */
export interface ReadOptions {
  readonly transaction?: TransactionId | undefined;
  /** Begins a transaction with this read. */
  readonly newTransaction?: TransactionOptions | undefined;
  /** Up to an hour back. */
  readonly readTime?: Micros | undefined;
  /** Ends the transaction that the read began, if nobody is there any more to hear of it. */
  readonly signal?: AbortSignal | undefined;
}

export interface DatabaseSettings {
  readonly indexes?: IndexConfiguration | undefined;
  readonly requireIndexes?: boolean | undefined;
  readonly keeper?: DatabaseKeeper | undefined;
}

/** Who keeps what databases hold beyond the process: told of each change before whoever made it is answered. */
export interface DatabaseKeeper {
  committed(database: Database, changes: readonly Change[]): void;
  expires(database: Database, collectionGroup: string, field: string | undefined): void;
  /** Callers have changed its indexes. */
  indexed(database: Database): void;
  opened(database: Database): void;
  dropped(database: Database): void;
}

interface ReadResult {
  readonly readTime: Micros;
  /** The transaction that `newTransaction` began. */
  readonly transaction?: TransactionId | undefined;
}

const MAX_BATCH_WRITES = 500;
const OLDEST_READ_MICROS = 3600 * 1e6;

/**
 * One Firestore database, in memory: the whole behaviour of the service without its protocol. Every time in it is the injected
 * clock's, and all that does not have to wait for a lock happens within the call.
 * @throws StatusError from every method, with the status that the service gives
 */
export class Database {
  /** `projects/{project}/databases/{database}` */
  readonly name: string;
  /** `{name}/documents`, which names of documents begin with. */
  readonly root: string;
  readonly #clock: Clock;
  readonly #versions: VersionClock;
  readonly #storage = new Storage();
  readonly #locks: LockTable;
  readonly #transactions: Transactions;
  readonly #committer: Committer;
  readonly #watches = new Set<Watch>();
  readonly #ttl = new Map<string, FieldPath>();
  readonly #news: [readonly Change[], Micros][] = [];
  readonly #born: Micros;

  /** The indexes that it is said to have. */
  readonly indexes: IndexCatalog;
  #requiresIndexes: boolean;

  readonly #keeper: DatabaseKeeper | undefined;

  constructor(
    name: string,
    clock: Clock,
    { indexes, requireIndexes = false, keeper }: DatabaseSettings = {},
  ) {
    this.name = name;
    this.#keeper = keeper;
    this.indexes = new IndexCatalog(indexes, () => keeper?.indexed(this));
    for (const { collectionGroup, fieldPath, ttl } of this.indexes.overrides)
      if (ttl) this.#ttl.set(collectionGroup, parseFieldPath(fieldPath));
    this.#requiresIndexes = requireIndexes;
    this.root = `${name}/documents`;
    this.#clock = clock;
    this.#versions = new VersionClock(clock);
    this.#born = this.#versions.read();
    this.#locks = new LockTable(clock);
    this.#transactions = new Transactions(clock, this.#locks);
    this.#committer = new Committer({
      root: this.root,
      clock,
      versions: this.#versions,
      storage: this.#storage,
      locks: this.#locks,
      transactions: this.#transactions,
      onCommit: (changes, time) => {
        keeper?.committed(this, changes);
        this.#publish(changes, time);
      },
    });
  }

  /** The documents at the paths, in their order; undefined where there is none. */
  async get(
    paths: readonly string[],
    options: ReadOptions = {},
  ): Promise<ReadResult & { documents: (Document | undefined)[] }> {
    for (const path of paths) checkDocumentPath(path, this.root);
    return this.#read(options, async (time, transaction) => {
      if (transaction) await this.#lock(transaction, paths);
      const documents = paths.map((path) =>
        time === undefined ? this.#storage.get(path) : this.#storage.getAt(path, time),
      );
      return { documents };
    });
  }

  /** The results of a query, in its order, projected. */
  async query(query: Query, options: ReadOptions = {}): Promise<ReadResult & QueryResult> {
    const prepared = this.#prepare(query);
    return this.#read(options, async (time, transaction) => {
      const { documents, ...counts } = await this.#run(prepared, time, transaction);
      return { ...counts, documents: documents.map((document) => prepared.project(document)) };
    });
  }

  /** Aggregates over the results of a query, by alias. */
  async aggregate(
    query: Query,
    aggregations: readonly Aggregation[],
    options: ReadOptions = {},
  ): Promise<ReadResult & { values: Map<string, Value>; scanned: number }> {
    checkAggregated(aggregations, query);
    const prepared = this.#prepare(query, aggregations);
    return this.#read(options, async (time, transaction) => {
      const { documents, scanned } = await this.#run(prepared, time, transaction);
      return { values: aggregate(aggregations, documents), scanned };
    });
  }

  /**
   * The indexes that a query, or an aggregation over it, is answered by, in the form of the service's explanations.
   * @throws StatusError as the query would
   */
  explain(query: Query, aggregations: readonly Aggregation[] = []): IndexUsed[] {
    this.#prepare(query, aggregations);
    return indexesUsed(new PreparedQuery(query, this.root, aggregatedFields(aggregations)), this.root);
  }

  /** One page of a collection's documents by name, with those that are missing but have collections, if asked for. */
  async list(options: ListOptions, read: ReadOptions = {}): Promise<ReadResult & ListPage> {
    if (options.parent !== '') checkDocumentPath(options.parent, this.root);
    return this.#read(read, async (time, transaction) => {
      for (;;) {
        const page = listDocuments(this.#storage, options, time);
        const paths = page.entries.map(({ path }) => path);
        if (!transaction || paths.every((path) => transaction.locks.has(path))) return page;
        await this.#lock(transaction, paths);
      }
    });
  }

  /** One page of the ids of the collections right under a document, or under the root (''). */
  collectionIds(
    parent: string,
    page: CollectionIdPage & { readonly readTime?: Micros | undefined } = {},
  ): { ids: string[]; nextPageToken: string } {
    if (parent !== '') checkDocumentPath(parent, this.root);
    if (page.readTime !== undefined) this.#checkReadTime(page.readTime);
    return listCollectionIds(this.#storage, parent, page);
  }

  /** Applies all the writes at one time, or none. Waits for older transactions that have read what it writes. */
  async commit(writes: readonly Write[], options?: CommitOptions): Promise<CommitResult> {
    return this.#committer.commit(writes, options);
  }

  /** Applies each write by itself; each has its own outcome. */
  async batchWrite(writes: readonly Write[]): Promise<(WriteResult | StatusError)[]> {
    if (writes.length > MAX_BATCH_WRITES)
      throw invalid(`The maximum number of writes allowed in a batch is ${MAX_BATCH_WRITES}.`);
    if (new Set(writes.map(({ path }) => path)).size < writes.length)
      throw invalid('the same document cannot be written more than once in a single request');
    for (const write of writes) checkWrite(write, this.root);
    return Promise.all(
      writes.map(async (write) => {
        try {
          return (await this.commit([write])).results[0] as WriteResult;
        } catch (error) {
          if (error instanceof StatusError) return error;
          throw error;
        }
      }),
    );
  }

  begin(options: TransactionOptions = { mode: 'readWrite' }): TransactionId {
    if (options.mode === 'readOnly' && options.readTime !== undefined) this.#checkReadTime(options.readTime);
    return this.#transactions.begin(options, this.#versions.read()).id;
  }

  rollback(transaction: TransactionId): void {
    this.#transactions.rollback(transaction);
  }

  /** How many transactions have begun and not ended. */
  get openTransactions(): number {
    return this.#transactions.size;
  }

  /** How many listeners are open. */
  get openWatches(): number {
    return this.#watches.size;
  }

  /** Opens a listener; add targets to it. It lives until it is closed. */
  watch(listener: (event: WatchEvent) => void): Watch {
    const world = {
      root: this.root,
      clock: this.#clock,
      versions: this.#versions,
      storage: this.#storage,
      born: this.#born,
      prepare: (query: Query) => this.#prepare(query),
    };
    const watch = new Watch(world, listener, (closed) => this.#watches.delete(closed));
    this.#watches.add(watch);
    return watch;
  }

  /** Names the field that holds when a document of these collections expires; undefined: they no longer do. */
  setTtl(collectionGroup: string, field: string | undefined): void {
    if (field === undefined) this.#ttl.delete(collectionGroup);
    else this.#ttl.set(collectionGroup, parseFieldPath(field));
    this.#keeper?.expires(this, collectionGroup, field);
  }

  /**
   * Deletes the documents whose time has come by the clock, and returns their paths. As in the service, expired documents stay
   * readable until then; one that a transaction has read is left for the next time.
   */
  expire(): string[] {
    const now = timestampValue(this.#versions.read());
    const expired = [...this.#ttl].flatMap(([collectionId, field]) => {
      const scope = { parent: '', collectionId, allDescendants: true };
      const due = new PreparedQuery({ scope, where: { op: '<=', field, value: now } }, this.root);
      return runQuery(due, this.#storage, this.root).documents.map(({ path }) => path);
    });
    return this.#committer.sweep(expired);
  }

  /** From now on refuses the queries that production refuses for want of an index: besides those there are, it has these. */
  requireIndexes(indexes: readonly CompositeIndex[]): void {
    this.indexes.declare(indexes);
    this.#requiresIndexes = true;
  }

  /** Every document, in the order of their names. */
  documents(): Iterable<Document> {
    return [...this.#storage.documents()].sort((a, b) => compareNames(a.path, b.path));
  }

  /** The collection groups whose documents expire, with the field that says when. */
  *ttlFields(): Iterable<readonly [collectionGroup: string, field: string]> {
    for (const [group, field] of this.#ttl) yield [group, formatFieldPath(field)];
  }

  /** Puts a document back as it was kept; nobody is told. `undefined`: there is none. */
  restore(path: string, document: Document | undefined): void {
    const time = document?.updateTime ?? this.#versions.read();
    this.#versions.pass(time);
    this.#storage.put(path, document, time);
  }

  /** Takes up documents as they are, with their times, into an empty database. */
  fill(documents: readonly Document[]): void {
    for (const document of documents) this.restore(document.path, document);
    for (const after of documents)
      this.#keeper?.committed(this, [{ path: after.path, before: undefined, after }]);
  }

  /** Ends every transaction and deletes every document; listeners are told. */
  clear(): void {
    this.#transactions.abortAll();
    this.#committer.sweep(Array.from(this.documents(), ({ path }) => path));
  }

  /** @throws StatusError INVALID_ARGUMENT, or FAILED_PRECONDITION for want of an index */
  #prepare(query: Query, aggregations: readonly Aggregation[] = []): PreparedQuery {
    const prepared = new PreparedQuery(query, this.root);
    if (this.#requiresIndexes) {
      const needed = new PreparedQuery(query, this.root, aggregatedFields(aggregations));
      checkIndexed(this.name, needed, this.indexes);
    }
    return prepared;
  }

  async #read<T>(
    { transaction: id, newTransaction, readTime, signal }: ReadOptions,
    read: (time: Micros | undefined, transaction: Transaction | undefined) => Promise<T>,
  ): Promise<T & ReadResult> {
    if (readTime !== undefined) this.#checkReadTime(readTime);
    const begun = newTransaction && this.begin(newTransaction);
    const abandon = () => begun !== undefined && this.rollback(begun);
    signal?.addEventListener('abort', abandon, { once: true });
    try {
      const used = begun ?? id;
      const transaction = used === undefined ? undefined : this.#transactions.use(used);
      const time = transaction?.readTime ?? readTime;
      const result = await read(time, transaction?.readOnly ? undefined : transaction);
      return { ...result, readTime: time ?? this.#versions.read(), transaction: begun };
    } catch (error) {
      // The client never learns this transaction's name, so it cannot end it.
      abandon();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abandon);
    }
  }

  /** In one order for all, so that fewer reads wait crosswise. */
  async #lock(transaction: Transaction, paths: readonly string[]): Promise<void> {
    for (const path of [...paths].sort()) {
      const wait = this.#locks.share(transaction, path);
      if (!wait) continue;
      await wait;
      // It may have ended since: nothing more is locked for it then.
      this.#transactions.use(transaction.id);
    }
  }

  /**
   * Runs a query. In a read-write transaction its results are locked first, which may take time in which they change; so it is run
   * again until it finds all that it finds locked already.
   */
  async #run(
    prepared: PreparedQuery,
    time: Micros | undefined,
    transaction: Transaction | undefined,
  ): Promise<QueryResult> {
    for (;;) {
      const result = runQuery(prepared, this.#storage, this.root, time);
      if (!transaction) return result;
      const unlocked = result.documents.filter(({ path }) => !transaction.locks.has(path));
      if (unlocked.length === 0) {
        transaction.queries.push(prepared);
        this.#transactions.markQuerying(transaction);
        return result;
      }
      await this.#lock(
        transaction,
        unlocked.map(({ path }) => path),
      );
    }
  }

  #checkReadTime(time: Micros): void {
    const now = this.#versions.read();
    if (time > now) throw invalid("The requested 'read_time' cannot be in the future.");
    if (time < this.#storage.horizon || time < now - OLDEST_READ_MICROS)
      throw new StatusError('FAILED_PRECONDITION', 'The requested snapshot version is too old.');
  }

  /** Tells listeners of commits in the order of their times, even when a listener commits in turn. */
  #publish(changes: readonly Change[], time: Micros): void {
    if (this.#watches.size === 0) return;
    this.#news.push([changes, time]);
    if (this.#news.length > 1) return;
    for (let next = this.#news[0]; next; next = this.#news[0]) {
      for (const watch of this.#watches) watch.onCommit(...next);
      this.#news.shift();
    }
  }
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
