import { type Clock, sleep } from '../contract/clock.ts';
import { MeshError } from '../contract/errors.ts';
import { type Failure, toFailure } from '../contract/failure.ts';
import { type Json, toJson } from '../contract/json.ts';
import type { EffectAttempt } from './call-options.ts';
import type { Ran, RetryPolicy } from './entry.ts';
import { backoff, mayRetry } from './operations/retry-policy.ts';

/** A side effect that the host is to run; what it comes to comes back as a `ran` event. */
export interface SideEffect {
  readonly step: string;
  readonly name: string;
  /** The attempt that is due, from 1. */
  readonly attempt: number;
  readonly retry?: RetryPolicy | undefined;
  readonly timeoutMs?: number | undefined;
  run(attempt: EffectAttempt): unknown;
}

/** Where side effects are run. */
export interface EffectHost {
  readonly clock: Clock;
  /** Backoffs up to this are waited for here, in milliseconds; longer ones are timers. */
  readonly waitMs: number;
  /** How long one delivery may take in all: no further attempt begins after half of it. */
  readonly limitMs: number;
}

/** What answering a message takes beside the side effect, in milliseconds. */
const MARGIN_MS = 2_000;

/**
 * Runs a side effect, again where its policy says so and the wait is short. A failure that may still be tried again comes back with its
 * attempt: its step then arms a timer.
 */
export async function outcomeOf(effect: SideEffect, host: EffectHost): Promise<Omit<Ran, 'e' | 'at'>> {
  const { step, retry } = effect;
  const { clock, waitMs, limitMs } = host;
  const began = clock.now();
  for (let attempt = effect.attempt; ; attempt++) {
    const outcome = await attempted(effect, attempt, host);
    const counted = retry ? { step, ...outcome, attempt } : { step, ...outcome };
    if (!outcome.failure || !retry || attempt >= retry.maxAttempts || !mayRetry(retry, outcome.failure))
      return counted;
    const ms = backoff(retry, attempt);
    if (ms > waitMs || clock.now() + ms - began > limitMs / 2) return counted;
    await sleep(clock, ms);
  }
}

async function attempted(
  { name, timeoutMs, run }: SideEffect,
  attempt: number,
  { clock, limitMs }: EffectHost,
): Promise<{ readonly value?: Json; readonly failure?: Failure }> {
  const controller = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  // Without it the message would be given up on, and the run would wait for ever.
  const most = timeoutMs ?? Math.max(1, limitMs - MARGIN_MS);
  const disarm = clock.after(most, () => {
    const error = new MeshError('StepTimeout', `the side effect ${name} did not finish within ${most} ms`);
    controller.abort(error);
    reject(error);
  });
  try {
    const value = await Promise.race([run({ signal: controller.signal, attempt }), late]);
    if (value === undefined) return {};
    return { value: toJson(value, 'OutputInvalid', `the result of the side effect ${name}`) };
  } catch (error) {
    return { failure: toFailure(error) };
  } finally {
    disarm();
  }
}
