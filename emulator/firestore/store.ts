import type { Clock } from '../../shared/contract/clock.ts';
import { Database, type DatabaseSettings } from './database.ts';

/** The databases of every project. One comes to be when it is first spoken of. */
export class FirestoreStore {
  readonly #clock: Clock;
  readonly #settings: DatabaseSettings;
  readonly #databases = new Map<string, Database>();

  /** `settings` are those of every database. */
  constructor(clock: Clock, settings: DatabaseSettings = {}) {
    this.#clock = clock;
    this.#settings = settings;
  }

  get clock(): Clock {
    return this.#clock;
  }

  database(project: string, id = '(default)'): Database {
    return this.named(`projects/${project}/databases/${id}`);
  }

  /** By full name, `projects/{project}/databases/{database}`. */
  named(name: string): Database {
    const found = this.#databases.get(name);
    if (found) return found;
    const database = new Database(name, this.#clock, this.#settings);
    this.#databases.set(name, database);
    this.#settings.keeper?.opened(database);
    return database;
  }

  /** The database if anybody has spoken of it. */
  find(name: string): Database | undefined {
    return this.#databases.get(name);
  }

  /** Deletes a database with all that is in it. */
  drop(name: string): void {
    const database = this.#databases.get(name);
    if (!database) return;
    database.clear();
    this.#databases.delete(name);
    this.#settings.keeper?.dropped(database);
  }

  /** Empties every database. */
  clear(): void {
    for (const database of this.#databases.values()) database.clear();
  }

  databases(): Iterable<Database> {
    return this.#databases.values();
  }
}
