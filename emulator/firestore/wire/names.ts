import { StatusError } from '../../wire/status.ts';
import type { Database } from '../database.ts';
import { DATABASE_ID_FORM, isDatabaseId, parseDatabaseName, parseName } from '../path.ts';
import type { FirestoreStore } from '../store.ts';

/** Who is waiting for an answer. */
export interface Caller {
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

/** The database of a name. @throws StatusError INVALID_ARGUMENT */
export function databaseOf(store: FirestoreStore, name = ''): Database {
  return store.find(name) ?? opened(store, name);
}

/** The database and the path of a document's, or the root's, name. @throws StatusError INVALID_ARGUMENT */
export function placeOf(store: FirestoreStore, name = ''): { database: Database; path: string } {
  const resource = parseName(name);
  return { database: databaseOf(store, resource.database), path: resource.path };
}

/** A database comes to be when it is first spoken of, if one of that id may be. @throws StatusError INVALID_ARGUMENT */
function opened(store: FirestoreStore, name: string): Database {
  const { id } = parseDatabaseName(name);
  if (!isDatabaseId(id))
    throw new StatusError(
      'INVALID_ARGUMENT',
      `The database id "${id}" is invalid: it must be ${DATABASE_ID_FORM}.`,
    );
  return store.named(name);
}

/** The answer that tells of the transaction that a read began. */
export function begun(transaction: string | undefined): object[] {
  return transaction === undefined ? [] : [{ transaction: Buffer.from(transaction) }];
}
