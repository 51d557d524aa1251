import type { Clock } from '../../shared/contract/clock.ts';
import type { ProviderAnswer } from './provider.ts';

/** What is known of a key. */
export type KeyState =
  | { readonly kind: 'unknown' }
  /** The first request with this key has not been answered yet. */
  | { readonly kind: 'inFlight' }
  | { readonly kind: 'answered'; readonly answer: ProviderAnswer }
  /** The key was first used for another endpoint, or with other parameters. */
  | { readonly kind: 'otherEndpoint'; readonly endpoint: string }
  | { readonly kind: 'otherParameters' };

interface KeyRecord {
  readonly endpoint: string;
  readonly fingerprint: string;
  readonly untilMs: number;
  answer?: ProviderAnswer;
}

/**
 * Remembers, per idempotency key, the one answer to its request. A key is reserved when the work begins and keeps its answer,
 * an error too, until it expires.
 */
export class IdempotencyKeys {
  readonly #clock: Clock;
  readonly #retentionMs: number;
  /** One retention for all, so keys expire in the order in which they were reserved. */
  readonly #records = new Map<string, KeyRecord>();

  constructor(clock: Clock, retentionMs: number) {
    this.#clock = clock;
    this.#retentionMs = retentionMs;
  }

  find(key: string, endpoint: string, fingerprint: string): KeyState {
    this.#expire();
    const record = this.#records.get(key);
    if (record === undefined) return { kind: 'unknown' };
    if (record.endpoint !== endpoint) return { kind: 'otherEndpoint', endpoint: record.endpoint };
    if (record.fingerprint !== fingerprint) return { kind: 'otherParameters' };
    return record.answer === undefined ? { kind: 'inFlight' } : { kind: 'answered', answer: record.answer };
  }

  /** Takes an unknown key; the returned function keeps its answer. */
  reserve(key: string, endpoint: string, fingerprint: string): (answer: ProviderAnswer) => void {
    const record: KeyRecord = { endpoint, fingerprint, untilMs: this.#clock.now() + this.#retentionMs };
    this.#records.set(key, record);
    return (answer) => {
      record.answer = answer;
    };
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const [key, { untilMs }] of this.#records) {
      if (untilMs > now) break;
      this.#records.delete(key);
    }
  }
}

/** A text that is the same for equal values, whatever the order of their fields. */
export function fingerprintOf(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
