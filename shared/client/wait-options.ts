import { type Duration, milliseconds } from '../contract/duration.ts';
import type { Patience } from './patience.ts';

/** How long to wait for an outcome. */
export interface WaitOptions {
  /** Left out: without end. The error after it is `Timeout`. */
  readonly timeout?: Duration;
  /** Ends the wait, which rejects with its reason. What was sent goes on. */
  readonly signal?: AbortSignal;
}

export function patienceOf({ timeout, signal }: WaitOptions): Patience {
  return { timeoutMs: timeout === undefined ? Number.POSITIVE_INFINITY : milliseconds(timeout), signal };
}
