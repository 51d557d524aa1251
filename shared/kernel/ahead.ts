import { hasCode } from '../contract/errors.ts';
import type { Store, StoredDocument, Write } from '../contract/store.ts';
import { isConflict } from './conflict.ts';
import { decodeInbox } from './inbox.ts';
import type { Outcome } from './outcome.ts';
import type { Decision } from './route.ts';
import { wasCutOff } from './within-time.ts';

/** Bounds of what one instance keeps, counting the text of the documents. */
const MOST_DOCUMENTS = 500;
const MOST_BYTES = 16_000_000;
/** After so many documents in a row that another instance had written meanwhile, one in 64 is tried. */
const MOST_MISSES = 6;

/**
 * Handles first deliveries without a read, of messages in `commit` mode that need no document, or just what this instance wrote last. The
 * commit fails where the message was handled before, or another instance wrote since: the inbox record is created, and the documents are
 * written under the versions that they were decided on. So what is decided so counts only once it is committed; whatever else it comes to
 * (no effect, an error) is found out anew from what is stored (docs/decisions/0020-a-first-delivery-is-not-looked-up.md).
 */
export class Ahead {
  readonly documents = new LastWritten();
  readonly #store: Pick<Store, 'read'>;

  constructor(store: Pick<Store, 'read'>) {
    this.#store = store;
  }

  /** `handle` decides and commits. Undefined: it had no effect, or one whose answer was lost, and the message is to be looked up. */
  async take(
    reads: readonly string[],
    inbox: string,
    handle: (documents: StoredDocument[]) => Promise<Outcome | undefined>,
  ): Promise<Outcome | undefined> {
    const documents = this.documents.find(reads);
    if (!documents) return undefined;
    const needsSome = reads.length > 0;
    try {
      const outcome = await handle(documents);
      if (needsSome && outcome) this.documents.turnedOut(true);
      return outcome;
    } catch (error) {
      for (const path of reads) this.documents.forget(path);
      if (isSurprise(error)) {
        if (needsSome && hasCode(error, 'Conflict')) this.documents.turnedOut(false);
        return undefined;
      }
      // What it was decided on may be old.
      if (needsSome && !wasCutOff(error)) return undefined;
      // It may have been handled before: then that it fails now means nothing.
      const [record] = await this.#store.read([inbox]);
      if (record && decodeInbox(record).status === 'done') return undefined;
      throw error;
    }
  }
}

/** Documents as this instance wrote them last. */
class LastWritten {
  /** In the order of use. */
  readonly #documents = new Map<string, { readonly document: StoredDocument; readonly bytes: number }>();
  #bytes = 0;
  #misses = 0;
  #skips = 0;

  /** All of them, or undefined where one is not known, or is likely to have been written by another instance since. */
  find(paths: readonly string[]): StoredDocument[] | undefined {
    if (paths.length === 0) return [];
    const found = paths.flatMap((path) => this.#documents.get(path)?.document ?? []);
    if (found.length < paths.length) return undefined;
    if (this.#skips === 0) return found;
    this.#skips -= 1;
    return undefined;
  }

  /** What a commit has left of the document at `path`, given the versions of its writes. */
  keep(path: string, writes: readonly Write[], versions: readonly string[]): void {
    this.forget(path);
    const at = writes.findIndex((write) => write.path === path);
    const [write, version] = [writes[at], versions[at]];
    if (!write || version === undefined || write.kind === 'delete' || write.kind === 'patch') return;
    const { fields } = write;
    let bytes = 0;
    for (const value of Object.values(fields)) if (typeof value === 'string') bytes += value.length;
    this.#documents.set(path, { document: { path, fields, version }, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#documents.keys()) {
      if (this.#documents.size <= MOST_DOCUMENTS && this.#bytes <= MOST_BYTES) return;
      this.forget(oldest);
    }
  }

  forget(path: string): void {
    this.#bytes -= this.#documents.get(path)?.bytes ?? 0;
    this.#documents.delete(path);
  }

  /** Whether documents that were found turned out to be the last ones. Where they often are not, a try costs more than a read. */
  turnedOut(right: boolean): void {
    this.#misses = right ? Math.max(0, this.#misses - 1) : Math.min(MOST_MISSES, this.#misses + 1);
    if (!right) this.#skips = 2 ** this.#misses - 1;
  }
}

/** Whether the commit of a decision fails where one of the documents that it was made on is another by now. */
export function isHeldTo({ writes }: Decision, documents: readonly (StoredDocument | undefined)[]): boolean {
  return documents.every((document) =>
    writes.some(
      (write) =>
        write.path === document?.path && 'ifVersion' in write && write.ifVersion === document.version,
    ),
  );
}

/** Whether a commit failed, or may have, because something was there or was not as it was taken to be. */
function isSurprise(error: unknown): boolean {
  return isConflict(error) || hasCode(error, 'StoreUnavailable');
}
