import type { LocalMesh } from '../../cli/local/local-mesh.ts';
import type { Document } from '../../emulator/firestore/document.ts';

/** What was asked of the services since `reset`. */
export interface Traffic {
  /** Requests to Firestore, by method. */
  readonly requests: Readonly<Record<string, number>>;
  /** Documents that were read, and written. */
  readonly reads: number;
  readonly writes: number;
  /** Requests to publish. */
  readonly publishes: number;
  /** Timers that were armed. */
  readonly timers: number;
}

/** Counts what agents ask of the local cloud, where it arrives. */
export class TrafficCounter {
  readonly #mesh: LocalMesh;
  #counts = { reads: 0, writes: 0, publishes: 0, timers: 0 };
  /** Writes by path, and the bytes of the largest document, as long as they are watched. */
  #watched: { readonly writes: Map<string, number>; largest: number } | undefined;

  /** Documents as they are; looking at them counts for nothing. */
  readonly peek: (paths: readonly string[]) => Promise<readonly (Document | undefined)[]>;

  constructor(mesh: LocalMesh, project: string) {
    this.#mesh = mesh;
    const { firestore, pubsub, tasks } = mesh.cloud;
    const database = firestore?.store.database(project);
    if (!database || !pubsub) throw new Error('the benchmark counts on the local servers');
    const { get, query, commit } = database;
    this.peek = async (paths) => (await get.call(database, paths)).documents;
    database.get = (paths, options) => {
      this.#counts.reads += paths.length;
      return get.call(database, paths, options);
    };
    database.query = async (...given) => {
      const result = await query.apply(database, given);
      this.#counts.reads += Math.max(1, result.documents.length);
      return result;
    };
    database.commit = async (writes, options) => {
      const result = await commit.call(database, writes, options);
      this.#counts.writes += writes.length;
      const paths = writes.map(({ path }) => path);
      if (this.#watched) this.#look(this.#watched, paths, await this.peek(paths));
      return result;
    };
    const publish = pubsub.broker.publish;
    pubsub.broker.publish = (topic, messages, later) => {
      this.#counts.publishes += 1;
      return publish.call(pubsub.broker, topic, messages, later);
    };
    const createTask = tasks.core.createTask;
    tasks.core.createTask = (parent, task) => {
      this.#counts.timers += 1;
      return createTask.call(tasks.core, parent, task);
    };
  }

  get sinceReset(): Traffic {
    return { requests: { ...this.#mesh.cloud.firestore?.calls }, ...this.#counts };
  }

  reset(): void {
    this.#mesh.cloud.firestore?.resetCalls();
    this.#counts = { reads: 0, writes: 0, publishes: 0, timers: 0 };
  }

  /** Looks at every document that is written from now on. Returns what there was to see. */
  watch(): () => { writesTo(path: string): number; readonly largestBytes: number } {
    const watched = { writes: new Map<string, number>(), largest: 0 };
    this.#watched = watched;
    return () => {
      this.#watched = undefined;
      return { writesTo: (path) => watched.writes.get(path) ?? 0, largestBytes: watched.largest };
    };
  }

  #look(
    watched: { readonly writes: Map<string, number>; largest: number },
    paths: readonly string[],
    documents: readonly ({ readonly size: number } | undefined)[],
  ): void {
    for (const path of paths) watched.writes.set(path, (watched.writes.get(path) ?? 0) + 1);
    for (const document of documents) watched.largest = Math.max(watched.largest, document?.size ?? 0);
  }
}
