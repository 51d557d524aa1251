import type { Clock } from '../../shared/contract/clock.ts';
import { Database } from './database.ts';

/** The databases of every project. One comes to be when it is first spoken of. */
export class FirestoreStore {
  readonly #clock: Clock;
  readonly #databases = new Map<string, Database>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  database(project: string, id = '(default)'): Database {
    return this.named(`projects/${project}/databases/${id}`);
  }

  /** By full name, `projects/{project}/databases/{database}`. */
  named(name: string): Database {
    const found = this.#databases.get(name);
    if (found) return found;
    const database = new Database(name, this.#clock);
    this.#databases.set(name, database);
    return database;
  }

  /** Empties every database. */
  clear(): void {
    for (const database of this.#databases.values()) database.clear();
  }

  databases(): Iterable<Database> {
    return this.#databases.values();
  }
}
