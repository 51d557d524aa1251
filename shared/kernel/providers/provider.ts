import { type Clock, sleep } from '../../contract/clock.ts';
import { milliseconds } from '../../contract/duration.ts';
import { hasCode, MeshError } from '../../contract/errors.ts';
import { digest } from '../../contract/keys.ts';
import type { Log } from '../../contract/log.ts';
import { type ProviderSpec, rateOf } from '../../contract/provider.ts';
import type { Store } from '../../contract/store.ts';
import { Breaker } from './breaker.ts';
import { Bulkhead } from './bulkhead.ts';
import { breakerRules } from './circuit.ts';
import { RateLimiter } from './rate-limiter.ts';

export interface ProviderOptions {
  readonly agent: string;
  readonly name: string;
  readonly spec: ProviderSpec;
  readonly clock: Clock;
  /** Where its state is shared with other instances. Left out: it is not. */
  readonly store: Store | undefined;
  readonly log: Log;
}

/** The handling that a call is part of. */
export interface CallSurroundings {
  /** K: what jitter is drawn from. */
  readonly key: string;
  readonly signal: AbortSignal;
}

/** A call that was cut off counts against the provider when it had had so long to answer. */
const SLOW_MS = 1_000;
/** When a message comes back that found no room, or that somebody else probes for. */
const CROWDED_MS = 1_000;
/** Deferred messages come back spread over so much more than the time that they wait. */
const JITTER = 0.2;
const THROTTLED_MS = 1_000;

/** One provider, as one instance of an agent deals with it: bulkhead, breaker and rate around each call, and retries. */
export class Provider {
  readonly #options: ProviderOptions;
  readonly #breaker: Breaker | undefined;
  readonly #rate: RateLimiter | undefined;
  readonly #bulkhead: Bulkhead | undefined;
  /** A provider that said when to come back is not asked before. */
  #throttledUntil = 0;

  constructor(options: ProviderOptions) {
    this.#options = options;
    const { agent, name, spec, clock, store, log } = options;
    const shared = { clock, store, log };
    const under = (part: string) => `agents/${agent}/${part}/${name}`;
    if (spec.breaker)
      this.#breaker = new Breaker({ ...shared, path: under('breakers'), rules: breakerRules(spec.breaker) });
    if (spec.rate) this.#rate = new RateLimiter({ ...shared, path: under('rates'), ...rateOf(spec.rate) });
    if (spec.bulkhead) this.#bulkhead = new Bulkhead(spec.bulkhead);
  }

  /**
   * Runs `work`, when the provider may be asked. `ProviderFailed`, `ProviderThrottled`, `HandlerTimeout` and whatever is no `MeshError` count as failures
   * of the provider; every other error as its answer.
   *
   * @throws MeshError `ProviderUnavailable`, with the time after which to come back; else what `work` throws
   */
  async call<Result>(
    work: (signal: AbortSignal) => Promise<Result>,
    around: CallSurroundings,
  ): Promise<Result> {
    if (this.#bulkhead && !(await this.#bulkhead.enter(around.signal)))
      throw this.#unavailable('has as many calls under way as it may', CROWDED_MS);
    try {
      return await this.#attempts(work, around);
    } finally {
      this.#bulkhead?.leave();
    }
  }

  async #attempts<Result>(
    work: (signal: AbortSignal) => Promise<Result>,
    around: CallSurroundings,
  ): Promise<Result> {
    const { attempts = 1, minBackoff = '100ms', maxBackoff = '2s' } = this.#options.spec.retry ?? {};
    for (let attempt = 1; ; attempt++) {
      const probe = await this.#enter(around);
      try {
        return await this.#once(work, probe, around);
      } catch (error) {
        const later = error instanceof MeshError && error.retryAfterMs !== undefined;
        if (attempt >= attempts || later || !mayRetry(error) || around.signal.aborted) throw error;
        const most = Math.min(milliseconds(maxBackoff), milliseconds(minBackoff) * 2 ** (attempt - 1));
        await sleep(this.#options.clock, most * share(around.key, attempt), around.signal);
      }
    }
  }

  /** Waits for leave to call. Returns whether the call is the probe of an open circuit. */
  async #enter(around: CallSurroundings): Promise<boolean> {
    const throttledMs = this.#throttledUntil - this.#options.clock.now();
    if (throttledMs > 0) throw this.#unavailable('asked to be left alone', throttledMs);
    const passage = (await this.#breaker?.passage()) ?? 'pass';
    if (typeof passage === 'object') throw this.#open(around);
    const later = await this.#rate?.take();
    if (later !== undefined)
      throw this.#unavailable('was asked as often as it may be', later - this.#options.clock.now());
    if (passage === 'pass') return false;
    if (await this.#breaker?.probe()) return true;
    throw this.#open(around);
  }

  async #once<Result>(
    work: (signal: AbortSignal) => Promise<Result>,
    probe: boolean,
    around: CallSurroundings,
  ): Promise<Result> {
    const { clock } = this.#options;
    const began = clock.now();
    let result: Result;
    try {
      result = await untilAborted(work, around.signal);
    } catch (error) {
      const cutOff = around.signal.aborted;
      const fault = cutOff ? probe || clock.now() - began >= SLOW_MS : isFault(error);
      if (!fault) {
        if (!cutOff) await this.#breaker?.answered(probe);
        throw error;
      }
      await this.#breaker?.failed(probe);
      throw this.#told(error, around);
    }
    await this.#breaker?.answered(probe);
    return result;
  }

  /** The fault with the time after which to come back, where that is known: the provider said so, or is not asked meanwhile. */
  #told(error: unknown, around: CallSurroundings): unknown {
    const { clock } = this.#options;
    if (hasCode(error, 'ProviderThrottled')) {
      const ms = error.retryAfterMs ?? THROTTLED_MS;
      this.#throttledUntil = Math.max(this.#throttledUntil, clock.now() + ms);
      return error.retryAfterMs === undefined ? withRetryAfter(error, ms) : error;
    }
    if (around.signal.aborted || !mayRetry(error) || this.#breaker?.closedUntil === undefined) return error;
    // After those that wait with it: who failed as the probe is not to be the next one too.
    return withRetryAfter(error, this.#openMs(around) + CROWDED_MS);
  }

  #open(around: CallSurroundings): MeshError {
    return this.#unavailable('fails, and is left alone for a while', this.#openMs(around));
  }

  #openMs({ key }: CallSurroundings): number {
    const { clock } = this.#options;
    const ms = Math.max(CROWDED_MS, (this.#breaker?.closedUntil ?? 0) - clock.now());
    return ms * (1 + JITTER * share(key, clock.now()));
  }

  #unavailable(why: string, ms: number): MeshError {
    return new MeshError('ProviderUnavailable', `the provider ${this.#options.name} ${why}`, {
      retryAfterMs: Math.max(1, Math.ceil(ms)),
    });
  }
}

/** Whether the provider is to blame: an error of the mesh's own that says otherwise is an answer. */
function isFault(error: unknown): boolean {
  return mayRetry(error) || hasCode(error, 'HandlerTimeout');
}

/** A `HandlerTimeout` says that the call may still be under way: it is not for this handling to make it again. */
function mayRetry(error: unknown): boolean {
  if (!(error instanceof MeshError)) return true;
  return error.code === 'ProviderFailed' || error.code === 'ProviderThrottled';
}

function withRetryAfter(error: unknown, ms: number): MeshError {
  const code = hasCode(error, 'ProviderThrottled') ? 'ProviderThrottled' : 'ProviderFailed';
  const message = error instanceof Error ? error.message : String(error);
  return new MeshError(code, message, { cause: error, retryAfterMs: Math.ceil(ms) });
}

/** Rejects with the signal's reason when it aborts, even if `work` does not heed it: its place is free for others. */
async function untilAborted<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work(signal), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** 0 to 1: drawn from the message, and from what changes from one time to the next. */
function share(key: string, time: number): number {
  return (Number.parseInt(digest('jitter', key, String(time)).slice(0, 4), 32) % 1_000) / 1_000;
}
