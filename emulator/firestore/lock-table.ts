import type { Clock } from '../../shared/contract/clock.ts';
import { StatusError } from '../wire/status.ts';
import type { Transaction } from './transaction.ts';

/** How long a read is polite to one holder (L4). Ours: long against a transaction of two round trips, short to sit out. */
export const POLITE_MS = 100;

/** A commit that cannot go on until another transaction has ended. */
export interface CommitWait {
  /** None for a commit outside of transactions. */
  readonly transaction: Transaction | undefined;
  readonly age: number;
  readonly blocker: Transaction;
  readonly retry: () => void;
  readonly reject: (reason: StatusError) => void;
}

interface ReadWait {
  readonly transaction: Transaction;
  readonly path: string;
  readonly resolve: () => void;
  readonly reject: (reason: StatusError) => void;
}

/**
 * Owns who holds which document for a transaction's reads, and who waits for whom. Does not own what is stored.
 *
 * Reads share. A commit needs every document that it writes to be free of other transactions' reads, and conflicts are
 * settled by age (wound-wait): a commit ends the transactions younger than itself that are in its way, with ABORTED, and
 * waits for the older ones. Hence:
 *   L1 a commit waits for older transactions only, so commits never wait for one another in a circle;
 *   L2 the oldest transaction is never ended by a conflict, and a retry keeps its age, so all get through in the end.
 *
 * That alone would let n read-modify-writes of one document read together and end each other. So a read is polite: it queues
 * behind a transaction that read the document a moment ago, and which will most likely write it; when that one commits, the next
 * reads what it wrote. Politeness has limits, as nothing but a commit needs a document alone:
 *   L3 a read never queues behind a transaction that, in the end, waits for the reader;
 *   L4 a read queues behind one holder for no longer than `POLITE_MS`.
 */
export class LockTable {
  readonly #clock: Clock;
  readonly #holders = new Map<string, Set<Transaction>>();
  readonly #queues = new Map<string, ReadWait[]>();
  readonly #alarms = new Map<string, () => void>();
  /** Everything that a transaction waits for: parallel reads may wait for several documents. */
  readonly #waits = new Map<Transaction, Set<ReadWait | CommitWait>>();
  readonly #dependents = new Map<Transaction, Set<CommitWait>>();
  /** Documents whose queue, and commits whose wait, may be over: for `settle`. */
  readonly #released = new Set<string>();
  readonly #ready = new Set<CommitWait>();
  #settling = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Locks a document for a transaction's read: at once (undefined), or when the promise resolves. Rejects if the transaction ends. */
  share(transaction: Transaction, path: string): Promise<void> | undefined {
    if (transaction.locks.has(path)) return undefined;
    const queue = this.#queues.get(path);
    if (transaction.optimistic || (!queue && this.#admits(transaction, path))) {
      this.#grant(transaction, path);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const wait: ReadWait = { transaction, path, resolve, reject };
      this.#queues.set(path, [...(queue ?? []), wait]);
      this.#startWaiting(transaction, wait);
      this.#serve(path);
    });
  }

  /** The transactions other than `self` that hold one of the documents. */
  *holdersOf(paths: Iterable<string>, self: Transaction | undefined): Generator<Transaction> {
    for (const path of paths)
      for (const holder of this.#holders.get(path) ?? []) if (holder !== self) yield holder;
  }

  /** Whether no transaction holds the document. */
  isFree(path: string): boolean {
    return !this.#holders.has(path);
  }

  /** Has a commit try again when its blocker ends. */
  awaitEnd(wait: CommitWait): void {
    const dependents = this.#dependents.get(wait.blocker);
    if (dependents) dependents.add(wait);
    else this.#dependents.set(wait.blocker, new Set([wait]));
    if (wait.transaction) this.#startWaiting(wait.transaction, wait);
  }

  /** Takes back `awaitEnd`. */
  stopAwaiting(wait: CommitWait): void {
    this.#ready.delete(wait);
    const dependents = this.#dependents.get(wait.blocker);
    dependents?.delete(wait);
    if (dependents?.size === 0) this.#dependents.delete(wait.blocker);
    if (wait.transaction) this.#stopWaiting(wait.transaction, wait);
  }

  /** Gives up all that a transaction holds and waits for; what it waits for rejects. Nobody is served before `settle`. */
  release(transaction: Transaction, reason: StatusError): void {
    for (const wait of this.#waits.get(transaction) ?? []) {
      if ('path' in wait) this.#leaveQueue(wait);
      else this.stopAwaiting(wait);
      wait.reject(reason);
    }
    this.#waits.delete(transaction);
    for (const path of transaction.locks.keys()) {
      const holders = this.#holders.get(path);
      holders?.delete(transaction);
      if (holders?.size === 0) this.#holders.delete(path);
      this.#released.add(path);
    }
    transaction.locks.clear();
    for (const wait of this.#dependents.get(transaction) ?? []) this.#ready.add(wait);
    this.#dependents.delete(transaction);
  }

  /** Serves those who waited for what was released: commits first, oldest first, then reads in their order. */
  settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    try {
      while (this.#ready.size > 0 || this.#released.size > 0) {
        for (const commit of [...this.#ready].sort((a, b) => a.age - b.age)) {
          if (!this.#ready.has(commit)) continue;
          this.stopAwaiting(commit);
          commit.retry();
        }
        for (const path of this.#released) {
          if (this.#ready.size > 0) break;
          this.#released.delete(path);
          this.#serve(path);
        }
      }
    } finally {
      this.#settling = false;
    }
  }

  #grant(transaction: Transaction, path: string): void {
    const holders = this.#holders.get(path);
    if (holders) holders.add(transaction);
    else this.#holders.set(path, new Set([transaction]));
    transaction.locks.set(path, this.#clock.now());
  }

  /** Whether nobody holds the document to whom the reader should be polite. */
  #admits(reader: Transaction, path: string): boolean {
    for (const holder of this.#holders.get(path) ?? []) {
      if (holder === reader || holder.optimistic || this.#patience(holder, path) <= 0) continue;
      if (!this.#waitsFor(holder, reader)) return false;
    }
    return true;
  }

  /** Milliseconds for which readers are still polite to a holder. */
  #patience(holder: Transaction, path: string): number {
    const now = this.#clock.now();
    return (holder.locks.get(path) ?? now) + POLITE_MS - now;
  }

  /** Whether `from` waits, directly or through others, for `target`. */
  #waitsFor(from: Transaction, target: Transaction, seen = new Set<Transaction>()): boolean {
    if (seen.has(from)) return false;
    seen.add(from);
    for (const wait of this.#waits.get(from) ?? []) {
      const blockers = 'path' in wait ? (this.#holders.get(wait.path) ?? []) : [wait.blocker];
      for (const blocker of blockers)
        if (blocker === target || this.#waitsFor(blocker, target, seen)) return true;
    }
    return false;
  }

  /** A transaction that begins to wait may close a circle: those who queue behind it look again (L3). */
  #startWaiting(transaction: Transaction, wait: ReadWait | CommitWait): void {
    const waits = this.#waits.get(transaction);
    if (waits) waits.add(wait);
    else this.#waits.set(transaction, new Set([wait]));
    for (const path of transaction.locks.keys()) if (this.#queues.has(path)) this.#serve(path);
  }

  #stopWaiting(transaction: Transaction, wait: ReadWait | CommitWait): void {
    const waits = this.#waits.get(transaction);
    waits?.delete(wait);
    if (waits?.size === 0) this.#waits.delete(transaction);
  }

  /** Grants the document to those in its queue who are admitted, in their order, and looks again when L4 says so. */
  #serve(path: string): void {
    this.#alarms.get(path)?.();
    this.#alarms.delete(path);
    const left: ReadWait[] = [];
    for (const wait of this.#queues.get(path) ?? []) {
      // Whoever gets it is one more to be polite to; so after the first, only those of L3 go on.
      if (this.#admits(wait.transaction, path)) {
        this.#stopWaiting(wait.transaction, wait);
        this.#grant(wait.transaction, path);
        wait.resolve();
      } else left.push(wait);
    }
    if (left.length === 0) {
      this.#queues.delete(path);
      return;
    }
    this.#queues.set(path, left);
    const patience = [...(this.#holders.get(path) ?? [])].map((holder) => this.#patience(holder, path));
    const soonest = Math.min(POLITE_MS, ...patience.filter((left) => left > 0));
    this.#alarms.set(
      path,
      this.#clock.after(soonest, () => this.#serve(path)),
    );
  }

  #leaveQueue(wait: ReadWait): void {
    const queue = this.#queues.get(wait.path);
    const index = queue?.indexOf(wait) ?? -1;
    if (index >= 0) queue?.splice(index, 1);
    this.#released.add(wait.path);
  }
}

/** What a client is told that has to try its transaction again. */
export function contention(): StatusError {
  return new StatusError('ABORTED', 'Too much contention on these documents. Please try again.');
}
