import { dataBytes } from '../contract/envelope.ts';
import { MeshError } from '../contract/errors.ts';
import { type Json, toJson } from '../contract/json.ts';
import type { Log } from '../contract/log.ts';
import type { Message } from '../contract/message.ts';
import type { Ports } from '../contract/ports.ts';
import { callerDocument, callerGone } from './caller.ts';
import type { Claim } from './claim.ts';
import { decodeInbox, encodeInbox } from './inbox.ts';

/** How often a handling that goes on is looked after. One that is over sooner costs nothing beside its claim and its commit (I5). */
const BEAT_MS = 10_000;
/** Details are written no more often than this: about one sustained write per second and document is what Firestore takes. */
const WRITE_MS = 5_000;
/** Of the JSON of the details of a heartbeat. */
const MOST_DETAIL_BYTES = 4_000;

export interface HeartbeatOptions {
  readonly ports: Pick<Ports, 'store' | 'clock'>;
  /** The inbox record, which holds the claim and the details. */
  readonly path: string;
  readonly message: Message;
  readonly owner: string;
  readonly claim: Claim;
  /** The details that an earlier attempt left. */
  readonly last: Json | undefined;
  readonly log: Log;
}

/**
 * The pulse of one handling in `effect` mode. It owns the version of the claim while the handler runs:
 *
 * 1. What the handler tells of its progress is written to the claim, at most every few seconds, under its version: whoever lost the claim writes nothing.
 * 2. Every few seconds it looks whether the run that waits for the outcome still does, and aborts the handler's signal if not.
 * 3. `stop` comes back when no write is under way, with the claim as it then is: the commit that follows holds the newest version (I2).
 *
 * It does not prolong the lease, which covers the whole time that a handler may take.
 */
export class Heartbeat {
  readonly last: Json | undefined;
  readonly #options: HeartbeatOptions;
  #claim: Claim;
  #pending: Json | undefined;
  #written: Json | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;
  /** A write failed: it may have been made all the same. */
  #isDoubtful = false;
  #underWay: Promise<void> = Promise.resolve();
  #isStopped = false;
  #cancelTimer = () => {};
  #controller: AbortController | undefined;
  #gone: MeshError | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#claim = options.claim;
    this.last = options.last;
    this.#written = options.last;
  }

  /** The claim, under its present version. */
  get claim(): Claim {
    return this.#claim;
  }

  /** Why the handler was told to stop: nobody waits for its outcome. Undefined: it was not told so. */
  get gone(): MeshError | undefined {
    return this.#gone;
  }

  /** Begins to look after the handling; `controller` is aborted when nobody waits for its outcome any more. */
  start(controller: AbortController): void {
    this.#controller = controller;
    // Work in many short messages would never be told otherwise.
    if (this.#options.message.cursor !== undefined) this.#then(() => this.#look());
    this.#arm();
  }

  /**
   * Takes note of the handler's progress.
   *
   * @throws MeshError `ArgumentInvalid`, `PayloadTooLarge`
   */
  beat(details: unknown): void {
    const json = toJson(details ?? null, 'ArgumentInvalid', 'the details of a heartbeat');
    const bytes = dataBytes(json);
    if (bytes > MOST_DETAIL_BYTES) {
      throw new MeshError(
        'PayloadTooLarge',
        `the details of a heartbeat are ${bytes} bytes of JSON, and may be ${MOST_DETAIL_BYTES}`,
        { field: 'details' },
      );
    }
    this.#pending = json;
    if (this.#options.ports.clock.now() - this.#writtenAt >= WRITE_MS) this.#then(() => this.#write());
  }

  /** Ends it: nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#underWay;
    if (this.#isDoubtful) await this.#look().catch(() => {});
  }

  #arm(): void {
    this.#cancelTimer = this.#options.ports.clock.after(BEAT_MS, () => {
      this.#then(async () => {
        await this.#look();
        await this.#write();
      });
      if (!this.#isStopped) this.#arm();
    });
  }

  /** One after the other. What fails is tried again with the next beat. */
  #then(work: () => Promise<void>): void {
    this.#underWay = this.#underWay
      .then(() => (this.#isStopped ? undefined : work()))
      .catch((error) => this.#options.log.debug('a heartbeat failed', { error }));
  }

  async #look(): Promise<void> {
    const { ports, path, message, owner } = this.#options;
    const run = callerDocument(message);
    const [record, caller] = await ports.store.read(run === undefined ? [path] : [path, run]);
    const known = record && decodeInbox(record);
    // The answer to a write may have been lost.
    if (record && known?.status === 'running' && known.owner === owner) {
      this.#claim = { ...this.#claim, version: record.version };
      this.#isDoubtful = false;
    }
    if (run === undefined || this.#gone || this.#isStopped) return;
    this.#gone = callerGone(message, caller);
    if (this.#gone) this.#controller?.abort(this.#gone);
  }

  async #write(): Promise<void> {
    const { ports, path, message, owner } = this.#options;
    const details = this.#pending;
    const now = ports.clock.now();
    if (details === undefined || now - this.#writtenAt < WRITE_MS) return;
    const record = { status: 'running', leaseUntil: this.#claim.until, owner, progress: details } as const;
    const fields = encodeInbox(record, message, now);
    this.#writtenAt = now;
    try {
      const [version] = await ports.store.commit([
        { kind: 'put', path, fields, ifVersion: this.#claim.version },
      ]);
      this.#claim = { ...this.#claim, version: version as string };
      this.#written = details;
      if (this.#pending === details) this.#pending = undefined;
    } catch (error) {
      this.#isDoubtful = true;
      throw error;
    }
  }

  /** What the claim's record holds of the progress, so that whoever writes it anew keeps that. */
  get written(): Json | undefined {
    return this.#written;
  }
}
