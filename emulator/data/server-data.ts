import { resolve } from 'node:path';
import { DataDirectory, exportData, importData } from './data-directory.ts';
import { DataRefused } from './data-refused.ts';
import type { Kept } from './kept.ts';
import { KeptFirestore } from './kept-firestore.ts';
import { KeptPubSub } from './kept-pubsub.ts';
import { KeptSecrets } from './kept-secrets.ts';
import { KeptTasks } from './kept-tasks.ts';

/** Where what the servers hold comes from and goes to. */
export interface ServerDataOptions {
  /** All that they are told is kept in this directory, and is there again for the next process that is given it. */
  readonly dataDir?: string;
  /** Waits for the disk at each change, so that it survives the machine's end too. */
  readonly sync?: boolean;
  /** A directory that was exported, to begin with. With a data directory, that must hold nothing yet. */
  readonly importFrom?: string;
  /** A directory that what the servers hold is written into when they are stopped. It is not the data directory. */
  readonly exportOnExit?: string;
}

type KeptServer = 'firestore' | 'pubsub' | 'tasks' | 'secrets';

/** What the servers of a process hold, kept beyond it. Each server is given its keeper as it is made, and opens its port once `restored` resolves. */
export class ServerData {
  readonly firestore = new KeptFirestore();
  readonly pubsub: KeptPubSub;
  readonly tasks = new KeptTasks();
  readonly secrets = new KeptSecrets();
  readonly #options: ServerDataOptions;
  readonly #all: readonly Kept[];
  readonly #restoring = Promise.withResolvers<void>();
  #directory: DataDirectory | undefined;

  /** `only` are the servers that run. */
  constructor(only: readonly string[], options: ServerDataOptions) {
    this.#options = options;
    this.pubsub = new KeptPubSub(options.dataDir !== undefined);
    const all: Readonly<Record<KeptServer, Kept>> = {
      firestore: this.firestore,
      pubsub: this.pubsub,
      tasks: this.tasks,
      secrets: this.secrets,
    };
    this.#all = Object.entries(all).flatMap(([name, kept]) => (only.includes(name) ? [kept] : []));
    // Who waits is told; there may be nobody.
    this.#restoring.promise.catch(() => {});
  }

  /** Resolves when the servers hold what was kept, and all that they do is kept from then on. Rejects as `restore` throws. */
  get restored(): Promise<void> {
    return this.#restoring.promise;
  }

  /**
   * To be called once, when every server was made and before any is open.
   *
   * @throws DataInUse, DataDamaged, DataRefused
   */
  restore(): void {
    const { dataDir, sync = false, importFrom, exportOnExit } = this.#options;
    try {
      if (dataDir !== undefined && exportOnExit !== undefined && resolve(dataDir) === resolve(exportOnExit))
        throw new DataRefused(`${dataDir} is the data directory: it cannot be exported into as well`);
      if (dataDir !== undefined) {
        const options = { sync, ...(importFrom !== undefined && { importFrom }) };
        this.#directory = DataDirectory.open(dataDir, this.#all, options);
      } else if (importFrom !== undefined) importData(importFrom, this.#all);
      else for (const kept of this.#all) kept.replayed?.();
    } catch (error) {
      this.#restoring.reject(error);
      throw error;
    }
    this.#restoring.resolve();
  }

  /** To be called once, when every server is open. `pubsub` is where Pub/Sub is, whoever runs it; empty where there is none. */
  serving(pubsub: string): void {
    for (const kept of this.#all) kept.serving?.(pubsub);
  }

  /** Writes what the servers hold now into a directory. @throws DataInUse for the data directory of a process that runs */
  export(directory: string): void {
    exportData(directory, this.#all);
  }

  /** Writes what the servers hold to where it was asked for at their end. @throws DataInUse, or Node's error */
  exportAtEnd(): void {
    if (this.#options.exportOnExit !== undefined) this.export(this.#options.exportOnExit);
  }

  /** Gives the directory back. To be called when the servers are closed: what they do later is not kept. */
  close(): void {
    this.#directory?.close();
    this.#directory = undefined;
  }
}
