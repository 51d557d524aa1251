import type { Clock } from '../../shared/contract/clock.ts';
import { StatusError } from '../wire/status.ts';
import type { Document } from './document.ts';
import { type CommitWait, contention, type LockTable } from './lock-table.ts';
import type { Storage } from './storage.ts';
import type { Micros, VersionClock } from './time.ts';
import type { Transaction, TransactionId } from './transaction.ts';
import type { Transactions } from './transactions.ts';
import { applyWrite, checkWrite, type Write, type WriteResult } from './write.ts';

export interface CommitResult {
  readonly commitTime: Micros;
  /** One for each write, in order. */
  readonly results: readonly WriteResult[];
}

export interface CommitOptions {
  readonly transaction?: TransactionId | undefined;
  /** Withdraws a commit that still waits for a lock; it then has no effect. */
  readonly signal?: AbortSignal | undefined;
}

/** One document that a commit changed. */
export interface Change {
  readonly path: string;
  readonly before: Document | undefined;
  readonly after: Document | undefined;
}

interface World {
  readonly root: string;
  readonly clock: Clock;
  readonly versions: VersionClock;
  readonly storage: Storage;
  readonly locks: LockTable;
  readonly transactions: Transactions;
  /** Hears of every commit, in order, once it is stored. */
  readonly onCommit: (changes: readonly Change[], time: Micros) => void;
}

/** Ours: how long a commit waits for older transactions before it is told of contention. */
const MAX_LOCK_WAIT_MS = 20_000;

/**
 * Applies writes, all or none, at one time. What a commit checks it checks in the same turn in which it stores, so nothing can come
 * between.
 */
export class Committer {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * @throws StatusError of a precondition (see `checkPrecondition`), ABORTED on contention, INVALID_ARGUMENT for a bad write or a
   * transaction that has ended. A transaction ends with its commit, however that goes.
   */
  commit(writes: readonly Write[], { transaction: id, signal }: CommitOptions = {}): Promise<CommitResult> {
    const { transactions, locks, clock } = this.#world;
    return new Promise((resolve, reject) => {
      const transaction = id === undefined ? undefined : transactions.use(id);
      const age = transaction?.age ?? transactions.nextAge();
      const paths = new Set(writes.map(({ path }) => path));
      let waiting: CommitWait | undefined;
      let cancelTimeout = () => {};
      // Serves nobody yet: a commit may be ended in the middle of another one (see `abort`), which settles when it is done.
      const finish = (report: () => void) => {
        waiting = undefined;
        cancelTimeout();
        signal?.removeEventListener('abort', onAbort);
        if (transaction?.state === 'active') transactions.close(transaction);
        report();
      };
      const giveUp = (reason: StatusError) => {
        if (waiting) locks.stopAwaiting(waiting);
        finish(() => reject(reason));
        locks.settle();
      };
      const onAbort = () => giveUp(new StatusError('CANCELLED', 'The commit was cancelled.'));
      const attempt = () => {
        try {
          const outcome = this.#tryCommit(writes, paths, transaction, age);
          if ('blocker' in outcome) {
            const refuse = (reason: StatusError) => finish(() => reject(reason));
            waiting = { transaction, age, blocker: outcome.blocker, retry: attempt, reject: refuse };
            locks.awaitEnd(waiting);
          } else finish(() => resolve(outcome));
        } catch (error) {
          finish(() => reject(error));
        }
        locks.settle();
      };
      attempt();
      if (waiting) {
        signal?.addEventListener('abort', onAbort, { once: true });
        cancelTimeout = clock.after(MAX_LOCK_WAIT_MS, () => giveUp(contention()));
      }
    });
  }

  /** Deletes documents whatever they are, leaving out those that a transaction has read. Returns what was deleted. */
  sweep(paths: readonly string[]): string[] {
    const { locks, storage, transactions } = this.#world;
    const readers = [...transactions.querying(undefined)];
    const free = paths.filter((path) => {
      const change = { path, before: storage.get(path), after: undefined };
      return locks.isFree(path) && !readers.some((reader) => readsChange(reader, change));
    });
    const { changes, commitTime } = this.#stage(free.map((path) => ({ op: 'delete', path })));
    this.#store(changes, commitTime);
    return free;
  }

  #tryCommit(
    writes: readonly Write[],
    paths: ReadonlySet<string>,
    transaction: Transaction | undefined,
    age: number,
  ): CommitResult | { blocker: Transaction } {
    for (const write of writes) checkWrite(write, this.#world.root);
    if (transaction?.readOnly) {
      if (writes.length > 0) throw readOnlyWrite();
      return { commitTime: this.#world.versions.read(), results: [] };
    }
    // Locks first: what holds them may yet change whether the preconditions hold.
    const blocker = firstOlder(this.#world.locks.holdersOf(paths, transaction), age);
    if (blocker) return { blocker };
    const { changes, results, commitTime } = this.#stage(writes);
    const conflicts = [...this.#conflicts(paths, changes, transaction)];
    const reader = firstOlder(conflicts, age);
    if (reader) return { blocker: reader };
    for (const younger of new Set(conflicts)) this.#world.transactions.abort(younger);
    this.#store(changes, commitTime);
    return { commitTime, results };
  }

  /** What the writes would do, one after the other, with nothing done yet. */
  #stage(writes: readonly Write[]): { changes: Change[]; results: WriteResult[]; commitTime: Micros } {
    const { storage, versions, root } = this.#world;
    const commitTime = versions.commit();
    const staged = new Map<string, Change>();
    const results: WriteResult[] = [];
    for (const write of writes) {
      const { path } = write;
      const earlier = staged.get(path);
      const current = earlier ? earlier.after : storage.get(path);
      const { after, result } = applyWrite(write, current, commitTime, root);
      staged.set(path, { path, before: earlier ? earlier.before : current, after });
      results.push(result);
    }
    const changes = [...staged.values()].filter(({ before, after }) => before !== after);
    return { changes, results, commitTime };
  }

  *#conflicts(
    paths: Iterable<string>,
    changes: readonly Change[],
    self: Transaction | undefined,
  ): Generator<Transaction> {
    const { locks, transactions } = this.#world;
    yield* locks.holdersOf(paths, self);
    for (const reader of transactions.querying(self))
      if (changes.some((change) => readsChange(reader, change))) yield reader;
  }

  #store(changes: readonly Change[], commitTime: Micros): void {
    for (const { path, after } of changes) this.#world.storage.put(path, after, commitTime);
    if (changes.length > 0) this.#world.onCommit(changes, commitTime);
  }
}

function readsChange({ queries }: Transaction, { before, after }: Change): boolean {
  return queries.some((query) => (before && query.selects(before)) || (after && query.selects(after)));
}

/** The one to wait for. Optimistic transactions are never waited for. */
function firstOlder(others: Iterable<Transaction>, age: number): Transaction | undefined {
  for (const other of others) if (!other.optimistic && other.age < age) return other;
  return undefined;
}

function readOnlyWrite(): StatusError {
  return new StatusError('INVALID_ARGUMENT', 'Cannot modify entities in a read-only transaction.');
}
