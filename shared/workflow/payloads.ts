import {
  type ClaimCheck,
  checkIn,
  claimCheckOf,
  type PayloadBlob,
  type PayloadLimits,
} from '../contract/claim-check.ts';
import { parseJson } from '../contract/envelope.ts';
import { MeshError } from '../contract/errors.ts';
import { toFailure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import { Parked } from './parked.ts';

/** Reads payloads; for one that is not to be had, the error that says why. */
type Find = (checks: readonly ClaimCheck[]) => Promise<ReadonlyMap<string, Uint8Array | MeshError>>;

const NONE: ReadonlySet<string> = new Set();

/**
 * The payloads of one run that are too large to inline: its history, its commands and its document hold claim checks, its code gets what
 * they stand for. It writes nothing: what is new is handed out to be written before anything refers to it (I6). What is at hand is what the
 * code is about to be given, not all that it ever was.
 */
export class Payloads {
  readonly #known = new Map<string, Uint8Array | MeshError>();
  readonly #fresh = new Map<string, PayloadBlob>();
  /** Whether what is checked in is new; on replay it is there already. */
  live = true;
  /** Of JSON, in memory. */
  bytes = 0;
  /** Whether the run refers to any, as far as was needed to be known. */
  any = false;
  #find: Find | undefined;

  /** From now on what is not at hand is read by `find`: what was looked at need not be kept then. */
  findBy(find: Find): void {
    this.#find = find;
  }

  /** Has these at hand, as far as they are to be had. */
  async load(checks: readonly ClaimCheck[]): Promise<void> {
    const missing = checks.filter(({ sha256 }) => !this.#known.has(sha256));
    if (missing.length > 0 && this.#find) this.add(await this.#find(missing));
  }

  /** Lets go of all that can be read again: what is new has still to be written. */
  forget(except: ReadonlySet<string> = NONE): void {
    if (!this.#find) return;
    for (const [sha256, payload] of this.#known) {
      if (except.has(sha256) || this.#fresh.has(sha256)) continue;
      this.#known.delete(sha256);
      if (payload instanceof Uint8Array) this.bytes -= payload.length;
    }
  }

  /** Those that are given, by their SHA-256. */
  static of(given: { readonly [sha256: string]: Json }): Payloads {
    const payloads = new Payloads();
    for (const [sha256, payload] of Object.entries(given))
      payloads.#put(sha256, Buffer.from(JSON.stringify(payload)));
    return payloads;
  }

  /** All that are at hand, by their SHA-256. */
  entries(): { readonly [sha256: string]: Json } {
    const at = [...this.#known].flatMap(([sha256, found]) =>
      found instanceof Uint8Array ? [[sha256, parseJson(found)] as const] : [],
    );
    return Object.fromEntries(at);
  }

  /**
   * What stands for a payload within these limits.
   *
   * @throws MeshError `PayloadTooLarge`
   */
  checkIn(payload: Json, limits: PayloadLimits, what: string): Json {
    const { data, blob } = checkIn(payload, limits, what);
    if (!blob) return data;
    this.#put(blob.check.sha256, blob.json);
    if (this.live) this.#fresh.set(blob.check.sha256, blob);
    return data;
  }

  /**
   * What a claim check stands for; any other payload as it is. It is another object each time.
   *
   * @throws Parked where it is not to be had
   */
  checkOut(payload: Json): Json {
    const check = claimCheckOf(payload);
    if (!check) return payload;
    const found = this.#known.get(check.sha256);
    if (found instanceof Uint8Array) return parseJson(found);
    const error = found ?? new MeshError('ClaimCheckLost', `the payload ${check.sha256} is not at hand`);
    throw new Parked(toFailure(error));
  }

  /** Why a payload is not to be had; undefined for one that is, or was never asked for. */
  trouble({ sha256 }: ClaimCheck): MeshError | undefined {
    const found = this.#known.get(sha256);
    return found instanceof MeshError ? found : undefined;
  }

  /** Puts in what was read. */
  add(found: ReadonlyMap<string, Uint8Array | MeshError>): void {
    for (const [sha256, payload] of found) this.#put(sha256, payload);
  }

  /** What is to be written before the history is; handed out once. */
  takeFresh(): readonly PayloadBlob[] {
    const fresh = [...this.#fresh.values()];
    this.#fresh.clear();
    return fresh;
  }

  #put(sha256: string, payload: Uint8Array | MeshError): void {
    this.any = true;
    if (this.#known.get(sha256) instanceof Uint8Array) return;
    this.#known.set(sha256, payload);
    if (payload instanceof Uint8Array) this.bytes += payload.length;
  }
}
