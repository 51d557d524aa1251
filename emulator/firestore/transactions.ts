import type { Clock } from '../../shared/contract/clock.ts';
import { StatusError } from '../wire/status.ts';
import { contention, type LockTable } from './lock-table.ts';
import type { Micros } from './time.ts';
import { Transaction, type TransactionId, type TransactionOptions } from './transaction.ts';

/** The open transactions of one database: begins them, finds them, ends them, and lets them expire. */
export class Transactions {
  readonly #clock: Clock;
  readonly #locks: LockTable;
  /** Until they end; an aborted one until its client has heard of it, or its time is up. */
  readonly #open = new Map<TransactionId, Transaction>();
  /** Active ones that have read queries. */
  readonly #querying = new Set<Transaction>();
  #issued = 0;

  constructor(clock: Clock, locks: LockTable) {
    this.#clock = clock;
    this.#locks = locks;
  }

  /** Active transactions that have read queries, other than `self`. */
  *querying(self: Transaction | undefined): Generator<Transaction> {
    for (const transaction of this.#querying) if (transaction !== self) yield transaction;
  }

  get size(): number {
    return this.#open.size;
  }

  /** A place in the order of ages for something new: it is younger than all before. */
  nextAge(): number {
    this.#issued += 1;
    return this.#issued;
  }

  begin(options: TransactionOptions, now: Micros): Transaction {
    const age = this.nextAge();
    const id = `${age}.${(options.mode === 'readWrite' && options.retry && ageOf(options.retry)) || age}`;
    const transaction = new Transaction(id, ageOf(id) ?? age, this.#clock.now(), options, now);
    this.#open.set(id, transaction);
    this.#watchExpiry(transaction);
    return transaction;
  }

  /**
   * The transaction, marked as used now.
   * @throws StatusError ABORTED when a conflict has ended it, INVALID_ARGUMENT when it has ended otherwise or never was.
   */
  use(id: TransactionId): Transaction {
    const transaction = this.#open.get(id);
    if (!transaction) throw this.#isIssued(id) ? expired() : invalid('Invalid transaction.');
    if (transaction.state === 'aborted') throw contention();
    transaction.lastUsed = this.#clock.now();
    return transaction;
  }

  /** Notes that a transaction has read a query. */
  markQuerying(transaction: Transaction): void {
    if (!transaction.readOnly) this.#querying.add(transaction);
  }

  /** Ends a transaction on its client's wish; one that has ended already stays so. @throws StatusError INVALID_ARGUMENT */
  rollback(id: TransactionId): void {
    const transaction = this.#open.get(id);
    if (transaction) this.close(transaction);
    else if (!this.#isIssued(id)) throw invalid('Invalid transaction.');
    this.#locks.settle();
  }

  /** Ends a transaction. Whoever waits for it is served by `LockTable.settle`. */
  close(transaction: Transaction): void {
    transaction.state = 'closed';
    transaction.cancelExpiry();
    this.#open.delete(transaction.id);
    this.#querying.delete(transaction);
    this.#locks.release(transaction, expired());
  }

  /** Ends every open transaction; their clients hear ABORTED, and begin anew. */
  abortAll(): void {
    for (const transaction of [...this.#open.values()])
      if (transaction.state === 'active') this.abort(transaction);
    this.#locks.settle();
  }

  /** Ends a transaction because of a conflict; its client hears ABORTED. */
  abort(transaction: Transaction): void {
    transaction.state = 'aborted';
    this.#querying.delete(transaction);
    this.#locks.release(transaction, contention());
  }

  #watchExpiry(transaction: Transaction): void {
    transaction.cancelExpiry = this.#clock.after(transaction.deadline - this.#clock.now(), () => {
      if (this.#clock.now() < transaction.deadline) {
        this.#watchExpiry(transaction);
        return;
      }
      this.close(transaction);
      this.#locks.settle();
    });
  }

  #isIssued(id: TransactionId): boolean {
    const [number = 0] = id.split('.').map(Number);
    return ageOf(id) !== undefined && number <= this.#issued;
  }
}

/** The age that an id holds; undefined when it is none of ours. */
function ageOf(id: TransactionId): number | undefined {
  const match = /^[1-9]\d*\.([1-9]\d*)$/.exec(id);
  return match ? Number(match[1]) : undefined;
}

/** The wording matters: clients try a transaction again on INVALID_ARGUMENT if the message says that it has expired. */
function expired(): StatusError {
  return invalid('The referenced transaction has expired or is no longer valid.');
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
