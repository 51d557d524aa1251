import type { Fired, Ran, RunEvent, SideEffectEntry } from '../entry.ts';
import { type Progress, Step } from '../step.ts';
import { backoff, mayRetry } from './retry-policy.ts';

/**
 * The host runs the effect, and its result comes as an event before anything is committed. After a failure that may be tried again it waits for
 * a timer; the host has waited for short backoffs by itself.
 */
export class SideEffectStep extends Step<SideEffectEntry> {
  /** When the next attempt is due; undefined while one is under way. */
  #retryAt: number | undefined;

  override get due(): number | undefined {
    return this.#retryAt;
  }

  begin(): Progress {
    return {};
  }

  take(event: RunEvent): Progress | undefined {
    if (this.status !== 'open') return undefined;
    if (event.e === 'fired') return this.#fired(event);
    if (event.e !== 'ran' || this.#retryAt !== undefined) return undefined;
    this.attempts = event.attempt ?? this.attempts;
    if (!event.failure)
      return this.settle(event.at, { ok: true, ...(event.value !== undefined && { value: event.value }) });
    return this.#failed(event, event.failure);
  }

  #failed({ at }: Ran, failure: NonNullable<Ran['failure']>): Progress {
    const { id, retry } = this.entry;
    if (!retry || this.attempts >= retry.maxAttempts || !mayRetry(retry, failure))
      return this.settle(at, { ok: false, failure });
    this.#retryAt = at + backoff(retry, this.attempts);
    const timer = {
      do: 'timer',
      step: id,
      timer: 'retry',
      attempt: this.attempts,
      at: this.#retryAt,
    } as const;
    return { commands: [timer] };
  }

  #fired({ timer, attempt }: Fired): Progress | undefined {
    if (timer !== 'retry' || this.#retryAt === undefined || attempt !== this.attempts) return undefined;
    this.#retryAt = undefined;
    this.attempts += 1;
    return {};
  }
}
