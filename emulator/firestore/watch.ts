import type { Clock } from '../../shared/contract/clock.ts';
import { StatusError } from '../wire/status.ts';
import type { Change } from './committer.ts';
import type { Document } from './document.ts';
import { checkDocumentPath } from './path.ts';
import type { PreparedQuery } from './prepared-query.ts';
import type { Query } from './query.ts';
import { runQuery } from './query-run.ts';
import type { Storage } from './storage.ts';
import type { Micros, VersionClock } from './time.ts';

/** What a listener asks for. */
export type WatchTarget = { readonly documents: readonly string[] } | { readonly query: Query };

/** Where a listener left off: a token that came with an event, or a time. */
export type ResumePoint = ({ readonly token: string } | { readonly readTime: Micros }) & {
  /** How many documents the listener had then. */
  readonly expectedCount?: number | undefined;
};

/**
 * What a listener is told, in the order of the protocol: a target is added; its documents; it is current; and after every
 * commit that concerns it what changed; each time closed by `consistent`, when all targets stand as of `readTime`.
 * https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#listenresponse
 */
export type WatchEvent =
  | { readonly kind: 'added'; readonly target: number }
  | { readonly kind: 'removed'; readonly target: number; readonly cause?: StatusError }
  /** What was said of the target is void; it is told anew from here. */
  | { readonly kind: 'reset'; readonly target: number; readonly readTime: Micros }
  | { readonly kind: 'changed'; readonly target: number; readonly document: Document }
  | { readonly kind: 'deleted'; readonly target: number; readonly path: string; readonly readTime: Micros }
  /** The document is still there, but the target's query no longer selects it. */
  | { readonly kind: 'left'; readonly target: number; readonly path: string; readonly readTime: Micros }
  /** How many documents the target has, for a listener that remembers another number. */
  | { readonly kind: 'filter'; readonly target: number; readonly count: number }
  | { readonly kind: 'current'; readonly target: number; readonly readTime: Micros }
  | { readonly kind: 'consistent'; readonly readTime: Micros };

interface World {
  readonly root: string;
  readonly clock: Clock;
  readonly versions: VersionClock;
  readonly storage: Storage;
  /** When this database came to be: tokens of another life are not trusted. */
  readonly born: Micros;
  /** @throws StatusError when the query is not valid, or lacks an index */
  readonly prepare: (query: Query) => PreparedQuery;
}

/** The documents of a target at one moment, by path. */
type Snapshot = ReadonlyMap<string, Document>;

interface OpenTarget {
  readonly snapshot: (time?: Micros) => Snapshot;
  readonly changes: (changes: readonly Change[]) => TargetChange[];
}

interface TargetChange {
  readonly path: string;
  /** What the target has of it now. */
  readonly document: Document | undefined;
  /** Whether there is no such document any more. */
  readonly gone: boolean;
}

/** A quiet stream says this often that it is up to date, so that its client does not take it for dead. */
const HEARTBEAT_MS = 30_000;

/** One listener with its targets. Events come synchronously, with the call or the commit that causes them. */
export class Watch {
  readonly #world: World;
  readonly #emit: (event: WatchEvent) => void;
  readonly #targets = new Map<number, OpenTarget>();
  readonly #onClose: (watch: Watch) => void;
  #cancelHeartbeat: () => void = () => {};

  constructor(world: World, emit: (event: WatchEvent) => void, onClose: (watch: Watch) => void) {
    this.#world = world;
    this.#emit = emit;
    this.#onClose = onClose;
    this.#beat();
  }

  /** Begins to listen. A target that is not valid is answered by `removed` with its cause. @throws StatusError when the id is taken */
  add(id: number, target: WatchTarget, options: { resume?: ResumePoint; once?: boolean } = {}): void {
    if (this.#targets.has(id))
      throw new StatusError('INVALID_ARGUMENT', `Target id ${id} is already in use on this stream.`);
    let open: OpenTarget;
    try {
      open = this.#open(target);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.#emit({ kind: 'removed', target: id, cause: error });
      return;
    }
    this.#targets.set(id, open);
    this.#emit({ kind: 'added', target: id });
    this.#catchUp(id, target, open, options.resume);
    if (options.once) this.remove(id);
  }

  remove(id: number): void {
    if (this.#targets.delete(id)) this.#emit({ kind: 'removed', target: id });
  }

  close(): void {
    this.#cancelHeartbeat();
    this.#targets.clear();
    this.#onClose(this);
  }

  /** What `resume` takes, for a reading at `readTime`. */
  tokenFor(readTime: Micros): string {
    return `${this.#world.born}.${readTime}`;
  }

  /** For the database: tells the targets of a commit. */
  onCommit(changes: readonly Change[], time: Micros): void {
    let concerned = false;
    for (const [id, target] of this.#targets) {
      for (const change of target.changes(changes)) {
        this.#tell(id, change, time);
        concerned = true;
      }
    }
    if (concerned) this.#emit({ kind: 'consistent', readTime: time });
  }

  #catchUp(id: number, target: WatchTarget, open: OpenTarget, resume: ResumePoint | undefined): void {
    const readTime = this.#world.versions.read();
    const since = resume && this.#resumable(resume, readTime);
    if (resume && since === undefined) this.#emit({ kind: 'reset', target: id, readTime });
    const now = open.snapshot();
    const then = since === undefined ? undefined : open.snapshot(since);
    for (const document of now.values())
      if (then?.get(document.path)?.updateTime !== document.updateTime)
        this.#emit({ kind: 'changed', target: id, document });
    const known = then ? then.keys() : 'documents' in target ? target.documents : [];
    for (const path of known) {
      const gone = this.#world.storage.get(path) === undefined;
      if (!now.has(path)) this.#tell(id, { path, document: undefined, gone }, readTime);
    }
    if (then && resume?.expectedCount !== undefined && resume.expectedCount !== then.size)
      this.#emit({ kind: 'filter', target: id, count: now.size });
    this.#emit({ kind: 'current', target: id, readTime });
    this.#emit({ kind: 'consistent', readTime });
  }

  #tell(target: number, { path, document, gone }: TargetChange, readTime: Micros): void {
    if (document) this.#emit({ kind: 'changed', target, document });
    else this.#emit({ kind: gone ? 'deleted' : 'left', target, path, readTime });
  }

  /** The time to go on from, if the history from then on is still known. */
  #resumable(resume: ResumePoint, now: Micros): Micros | undefined {
    const [born, token] = 'token' in resume ? resume.token.split('.').map(Number) : [this.#world.born];
    const since = 'token' in resume ? token : resume.readTime;
    if (born !== this.#world.born || since === undefined || !(since <= now)) return undefined;
    return since >= this.#world.storage.horizon ? since : undefined;
  }

  #open(target: WatchTarget): OpenTarget {
    const { storage, root } = this.#world;
    if ('documents' in target) {
      const paths = new Set(target.documents);
      for (const path of paths) checkDocumentPath(path, root);
      return {
        snapshot: (time) => byPath([...paths].flatMap((path) => documentAt(storage, path, time) ?? [])),
        changes: (changes) =>
          changes
            .filter(({ path }) => paths.has(path))
            .map(({ path, after }) => ({ path, document: after, gone: after === undefined })),
      };
    }
    const prepared = this.#world.prepare(target.query);
    const { select, limit, offset } = target.query;
    const shown = (document: Document) => (select ? prepared.project(document) : document);
    const snapshot = (time?: Micros) => byPath(runQuery(prepared, storage, root, time).documents.map(shown));
    return limit || offset
      ? { snapshot, changes: windowChanges(prepared, snapshot) }
      : { snapshot, changes: (changes) => changes.flatMap((each) => queryChange(prepared, each, shown)) };
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#world.clock.after(HEARTBEAT_MS, () => {
      this.#beat();
      if (this.#targets.size > 0) this.#emit({ kind: 'consistent', readTime: this.#world.versions.read() });
    });
  }
}

/** What one change means to a query without a limit: it is judged by that document alone. */
function queryChange(
  prepared: PreparedQuery,
  { path, before, after }: Change,
  shown: (document: Document) => Document,
): TargetChange[] {
  if (after && prepared.selects(after)) return [{ path, document: shown(after), gone: false }];
  if (before && prepared.selects(before)) return [{ path, document: undefined, gone: after === undefined }];
  return [];
}

/** With a limit or an offset one document's change may move others in or out: the query is run again and compared. */
function windowChanges(
  prepared: PreparedQuery,
  snapshot: () => Snapshot,
): (changes: readonly Change[]) => TargetChange[] {
  let shown = snapshot();
  return (changes) => {
    if (!changes.some((change) => queryChange(prepared, change, (document) => document).length > 0))
      return [];
    const previous = shown;
    shown = snapshot();
    const deleted = new Set(changes.filter(({ after }) => !after).map(({ path }) => path));
    const left = [...previous.keys()]
      .filter((path) => !shown.has(path))
      .map((path) => ({ path, document: undefined, gone: deleted.has(path) }));
    const changed = [...shown.values()]
      .filter(({ path, updateTime }) => previous.get(path)?.updateTime !== updateTime)
      .map((document) => ({ path: document.path, document, gone: false }));
    return [...left, ...changed];
  };
}

function documentAt(storage: Storage, path: string, time: Micros | undefined): Document | undefined {
  return time === undefined ? storage.get(path) : storage.getAt(path, time);
}

function byPath(documents: readonly Document[]): Snapshot {
  return new Map(documents.map((document) => [document.path, document]));
}
