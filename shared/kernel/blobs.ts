import { blobIdOf, type ClaimCheck, type PayloadBlob } from '../contract/claim-check.ts';
import type { Clock } from '../contract/clock.ts';
import { MeshError } from '../contract/errors.ts';
import { blobPath } from '../contract/names.ts';
import type { Store, Write } from '../contract/store.ts';
import { BlobCache } from './blob-cache.ts';
import { blobWrites, partPaths } from './blob-documents.ts';
import { chunked, expiryOf, findBlobs, READ_DOCUMENTS } from './find-blobs.ts';

const DAY_MS = 86_400_000;

/**
 * How long a payload is kept after it was last referred to, in milliseconds: 120 days. Longer than whatever refers to it may want it: a
 * message and its dead letter, for as long as they can be delivered or redriven (75 days, see inbox.ts); a run that goes on, whose payloads
 * are renewed every 30 days; and a run that has ended, for the 30 days that it is kept.
 */
export const BLOB_RETENTION_MS = 120 * DAY_MS;
/** A payload that is kept for so much less than it would be anew is not written again. */
const SLACK_MS = DAY_MS;
/** Bytes of documents in one commit: Firestore takes 10 MiB, Google's emulator less than 4 MiB. */
const COMMIT_BYTES = 3_500_000;
const COMMIT_WRITES = 200;
/** Payloads of which it is remembered until when they are kept. */
const MOST_KNOWN = 10_000;

/** A payload as JSON in UTF-8, or why it is not to be had. */
export type Found = Uint8Array | MeshError;

/**
 * The payloads that are too large to inline, under their SHA-256. Invariants:
 *
 * - A reference is sent, or committed, only after `write` has resolved: what refers to a payload finds it (I3, I6).
 * - Writing is idempotent: the same payload is the same documents, whoever writes them, however often, and both at once.
 * - What is read is held against its SHA-256 and its size.
 */
export class Blobs {
  readonly #store: Pick<Store, 'read' | 'commit'>;
  readonly #clock: Clock;
  readonly #cache = new BlobCache();
  /** Until when payloads are kept at least, that this instance wrote or read; the least recently noted go first. */
  readonly #keptUntil = new Map<string, number>();

  constructor(store: Pick<Store, 'read' | 'commit'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Resolves once all are there, and will be for as long as they may be asked for. Those that this instance knows to be are not
   * written again.
   *
   * @throws MeshError `StoreUnavailable`
   */
  async write(blobs: readonly PayloadBlob[]): Promise<void> {
    const wanted = new Map<string, PayloadBlob & { readonly expireAt: number }>();
    for (const blob of blobs) {
      const id = blobIdOf(blob.check);
      const now = this.#clock.now();
      const expireAt = Math.max(now, blob.until ?? 0, wanted.get(id)?.until ?? 0) + BLOB_RETENTION_MS;
      if ((this.#keptUntil.get(id) ?? 0) < expireAt - SLACK_MS) wanted.set(id, { ...blob, expireAt });
    }
    if (wanted.size === 0) return;
    const heads: Write[] = [];
    const parts: Write[] = [];
    for (const blob of wanted.values()) {
      const writes = await blobWrites(blob, new Date(blob.expireAt));
      heads.push(writes.head);
      parts.push(...writes.parts);
    }
    // The parts first: the document that tells of them is there only when they are.
    for (const batch of batches(parts)) await this.#store.commit(batch);
    for (const batch of batches(heads)) await this.#store.commit(batch);
    for (const { check, json, expireAt } of wanted.values()) {
      this.#note(blobIdOf(check), expireAt);
      this.#cache.put(blobIdOf(check), json);
    }
  }

  /**
   * The payloads by their SHA-256, in as few requests as they fit. One that is not to be had is an error in its place: `ClaimCheckLost`,
   * `ClaimCheckDamaged`.
   *
   * @throws MeshError `StoreUnavailable`
   */
  async read(checks: readonly ClaimCheck[]): Promise<ReadonlyMap<string, Found>> {
    const found = new Map<string, Found>();
    const missing = new Map<string, ClaimCheck>();
    for (const check of checks) {
      const cached = this.#cache.get(blobIdOf(check));
      if (cached?.length === check.bytes) found.set(check.sha256, cached);
      else missing.set(check.sha256, check);
    }
    for (const [sha256, each] of await findBlobs(this.#store, [...missing.values()])) {
      const id = blobIdOf(missing.get(sha256) as ClaimCheck);
      if (each instanceof MeshError) this.#keptUntil.delete(id);
      else {
        this.#note(id, each.keptUntil);
        this.#cache.put(id, each.json);
      }
      found.set(sha256, each instanceof MeshError ? each : each.json);
    }
    return found;
  }

  /**
   * Keeps payloads for as long as if they had been referred to now. Those that are gone are left out: who needs one finds that out.
   *
   * @throws MeshError `StoreUnavailable`
   */
  async renew(checks: readonly ClaimCheck[]): Promise<void> {
    const expireAt = this.#clock.now() + BLOB_RETENTION_MS;
    const due = new Map<string, ClaimCheck>();
    for (const check of checks)
      if ((this.#keptUntil.get(blobIdOf(check)) ?? 0) < expireAt - SLACK_MS) due.set(blobIdOf(check), check);
    for (const batch of chunked([...due.values()], READ_DOCUMENTS)) {
      const heads = await this.#store.read(batch.map((check) => blobPath(blobIdOf(check))));
      for (const [at, check] of batch.entries()) {
        const head = heads[at];
        if (!head || expiryOf(head) >= expireAt - SLACK_MS) continue;
        if (await this.#extend([...partPaths(check, head), head.path], new Date(expireAt)))
          this.#note(blobIdOf(check), expireAt);
        else this.#keptUntil.delete(blobIdOf(check));
      }
    }
  }

  /** False for one of which a part is gone: then it is written anew by who sends it next, and lost to who asks for it before. */
  async #extend(paths: readonly string[], expireAt: Date): Promise<boolean> {
    const writes = paths.map((path): Write => ({ kind: 'patch', path, fields: { expireAt } }));
    try {
      for (const batch of chunked(writes, COMMIT_WRITES)) await this.#store.commit(batch);
      return true;
    } catch (error) {
      if (error instanceof MeshError && error.code === 'Conflict') return false;
      throw error;
    }
  }

  #note(id: string, until: number): void {
    this.#keptUntil.delete(id);
    this.#keptUntil.set(id, until);
    const [oldest] = this.#keptUntil.keys();
    if (this.#keptUntil.size > MOST_KNOWN && oldest !== undefined) this.#keptUntil.delete(oldest);
  }
}

/** As many writes together as one commit takes. */
function batches(writes: readonly Write[]): Write[][] {
  const all: Write[][] = [];
  let bytes = 0;
  for (const write of writes) {
    const { data } = 'fields' in write ? write.fields : {};
    const size = data instanceof Uint8Array ? data.length : 0;
    const open = all.at(-1);
    if (open && open.length < COMMIT_WRITES && bytes + size <= COMMIT_BYTES) {
      open.push(write);
      bytes += size;
    } else {
      all.push([write]);
      bytes = size;
    }
  }
  return all;
}
