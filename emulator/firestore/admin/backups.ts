import { randomUUID } from 'node:crypto';
import { StatusError } from '../../wire/status.ts';
import { toProtoTime } from '../../wire/time.ts';
import type { Database } from '../database.ts';
import type { Document } from '../document.ts';
import { collectionOf, idOf } from '../path.ts';
import type { FirestoreStore } from '../store.ts';
import { uidOf } from './database-methods.ts';

/** What a database was at a moment. Documents are immutable, so a copy of it is a list of them. */
interface Snapshot {
  readonly documents: readonly Document[];
}

interface Backup extends Snapshot {
  readonly name: string;
  readonly database: string;
  readonly taken: number;
  readonly expires: number;
}

/** Backups, and exports by the place that they were written to: in memory, as all of this is. */
export class Backups {
  readonly #store: FirestoreStore;
  readonly #backups = new Map<string, Backup>();
  readonly #exports = new Map<string, Snapshot>();

  constructor(store: FirestoreStore) {
    this.#store = store;
  }

  /** Takes a backup that is kept for so many milliseconds. */
  take(database: Database, location: string, retentionMs: number): void {
    const project = database.name.split('/')[1] ?? '';
    const name = `projects/${project}/locations/${location}/backups/${randomUUID()}`;
    const taken = this.#store.clock.now();
    const documents = [...database.documents()];
    this.#backups.set(name, {
      name,
      database: database.name,
      documents,
      taken,
      expires: taken + retentionMs,
    });
  }

  /** @throws StatusError NOT_FOUND */
  get(name: string): Backup {
    const found = this.#live().find((each) => each.name === name);
    if (!found) throw new StatusError('NOT_FOUND', `Backup "${name}" not found.`);
    return found;
  }

  /** Those of a project, at one location or, for `-`, anywhere. @throws StatusError INVALID_ARGUMENT */
  list(parent: string): Backup[] {
    const [, project, location] = /^projects\/([^/]+)\/locations\/([^/]+)$/.exec(parent) ?? [];
    if (project === undefined)
      throw new StatusError(
        'INVALID_ARGUMENT',
        `Resource name "${parent}" is not of the form "projects/{project}/locations/{location}".`,
      );
    return this.#live().filter(({ name }) => {
      const parts = name.split('/');
      return parts[1] === project && (location === '-' || parts[3] === location);
    });
  }

  remove(name: string): void {
    this.get(name);
    this.#backups.delete(name);
  }

  /** Writes what a database holds, of the named collections if there are any, to a place. */
  export(database: Database, uri: string, collectionIds: readonly string[]): void {
    this.#exports.set(uri, {
      documents: [...database.documents()].filter((each) => isIn(each, collectionIds)),
    });
  }

  /** What was exported to a place. @throws StatusError NOT_FOUND */
  exported(uri: string): Snapshot {
    const found = this.#exports.get(uri.replace(/\/$/, ''));
    if (!found) throw new StatusError('NOT_FOUND', `Nothing was exported to "${uri}" by this emulator.`);
    return found;
  }

  #live(): Backup[] {
    const now = this.#store.clock.now();
    for (const { name, expires } of this.#backups.values()) if (expires <= now) this.#backups.delete(name);
    return [...this.#backups.values()];
  }
}

/** Whether a document is of one of these collections; of any if there are none. */
export function isIn({ path }: Document, collectionIds: readonly string[]): boolean {
  return collectionIds.length === 0 || collectionIds.includes(idOf(collectionOf(path)));
}

/** google.firestore.admin.v1.Backup */
export function writeBackup({ name, database, documents, taken, expires }: Backup) {
  const sizeBytes = documents.reduce((sum, { size }) => sum + size, 0);
  return {
    name,
    database,
    databaseUid: uidOf(database),
    snapshotTime: toProtoTime(taken),
    expireTime: toProtoTime(expires),
    stats: { sizeBytes: String(sizeBytes), documentCount: String(documents.length), indexCount: '0' },
    state: 'READY',
  };
}
