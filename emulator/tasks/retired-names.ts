import type { Clock } from '../../shared/contract/clock.ts';

/**
 * Names of tasks that ran or were deleted, for as long as they cannot be used again: the de-duplication window of
 * https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create.
 */
export class RetiredNames {
  readonly #clock: Clock;
  readonly #retentionMs: number;
  /** Name to expiry. One retention for all, so names expire in the order in which they were retired. */
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock, retentionMs: number) {
    this.#clock = clock;
    this.#retentionMs = retentionMs;
  }

  /** Returns until when, in milliseconds since the epoch. */
  add(name: string, untilMs = this.#clock.now() + this.#retentionMs): number {
    this.#untilMs.delete(name);
    this.#untilMs.set(name, untilMs);
    return untilMs;
  }

  all(): Iterable<readonly [name: string, untilMs: number]> {
    return this.#untilMs;
  }

  clear(): void {
    this.#untilMs.clear();
  }

  has(name: string): boolean {
    const now = this.#clock.now();
    for (const [expired, untilMs] of this.#untilMs) {
      if (untilMs > now) break;
      this.#untilMs.delete(expired);
    }
    return this.#untilMs.has(name);
  }
}
