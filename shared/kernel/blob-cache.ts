/** Bytes of payloads that one instance keeps in memory, and of one that it keeps at all. */
const MOST_BYTES = 32_000_000;
const LARGEST = 16_000_000;

/** The payloads that an instance wrote or read last, by their SHA-256: what they are can't change. */
export class BlobCache {
  /** In the order of use. */
  readonly #kept = new Map<string, Uint8Array>();
  #bytes = 0;

  get(sha256: string): Uint8Array | undefined {
    const json = this.#kept.get(sha256);
    if (json) {
      this.#kept.delete(sha256);
      this.#kept.set(sha256, json);
    }
    return json;
  }

  put(sha256: string, json: Uint8Array): void {
    this.#drop(sha256);
    if (json.length > LARGEST) return;
    this.#kept.set(sha256, json);
    this.#bytes += json.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= MOST_BYTES) return;
      this.#drop(oldest);
    }
  }

  #drop(sha256: string): void {
    this.#bytes -= this.#kept.get(sha256)?.length ?? 0;
    this.#kept.delete(sha256);
  }
}
