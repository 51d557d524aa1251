import type { PreparedQuery } from './prepared-query.ts';
import type { Micros } from './time.ts';

/** Names a transaction to its client. Holds its age too, so that a retry keeps its place (see `LockTable`). */
export type TransactionId = string;

export type TransactionOptions =
  | {
      readonly mode: 'readWrite';
      /** The attempt that this one repeats. */
      readonly retry?: TransactionId | undefined;
      /** Take no locks: fail at the commit if anything read has changed. */
      readonly optimistic?: boolean | undefined;
    }
  /** Reads at one time, now if none is given; takes no locks. */
  | { readonly mode: 'readOnly'; readonly readTime?: Micros | undefined };

/** A transaction of which nobody heard for so long is ended (https://cloud.google.com/firestore/quotas#writes_and_transactions). */
const IDLE_LIMIT_MS = 60_000;
/** No transaction lives longer. */
const TOTAL_LIMIT_MS = 270_000;

export type TransactionState =
  | 'active'
  /** Ended because of a conflict; its client is yet to hear. */
  | 'aborted'
  | 'closed';

/** One transaction: what it has read and how it stands. Locks are granted and taken by the `LockTable`. */
export class Transaction {
  readonly id: TransactionId;
  /** Lower is older; the older of two wins a conflict. */
  readonly age: number;
  /** The time that a read-only transaction reads at; undefined for a read-write transaction. */
  readonly readTime: Micros | undefined;
  readonly optimistic: boolean;
  readonly startedAt: number;
  lastUsed: number;
  state: TransactionState = 'active';
  /** Documents read, and when (milliseconds) each was locked. */
  readonly locks = new Map<string, number>();
  /** Queries read: a write of a document that one of them selects conflicts. */
  readonly queries: PreparedQuery[] = [];
  cancelExpiry: () => void = () => {};

  constructor(id: TransactionId, age: number, startedAt: number, options: TransactionOptions, now: Micros) {
    this.id = id;
    this.age = age;
    this.startedAt = startedAt;
    this.lastUsed = startedAt;
    this.optimistic = options.mode === 'readWrite' && options.optimistic === true;
    this.readTime = options.mode === 'readOnly' ? (options.readTime ?? now) : undefined;
  }

  get readOnly(): boolean {
    return this.readTime !== undefined;
  }

  /** When it ends by itself if it is not used again, in milliseconds since the epoch. */
  get deadline(): number {
    return Math.min(this.lastUsed + IDLE_LIMIT_MS, this.startedAt + TOTAL_LIMIT_MS);
  }
}
