import type { Database } from '../database.ts';
import { parseDatabaseName, parseName } from '../path.ts';
import type { FirestoreStore } from '../store.ts';

/** Who is waiting for an answer. */
export interface Caller {
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

/** The database of a name. @throws StatusError INVALID_ARGUMENT */
export function databaseOf(store: FirestoreStore, name = ''): Database {
  parseDatabaseName(name);
  return store.named(name);
}

/** The database and the path of a document's, or the root's, name. @throws StatusError INVALID_ARGUMENT */
export function placeOf(store: FirestoreStore, name = ''): { database: Database; path: string } {
  const resource = parseName(name);
  return { database: store.named(resource.database), path: resource.path };
}

/** The answer that tells of the transaction that a read began. */
export function begun(transaction: string | undefined): object[] {
  return transaction === undefined ? [] : [{ transaction: Buffer.from(transaction) }];
}
