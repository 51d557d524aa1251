import { milliseconds } from '../../contract/duration.ts';
import type { Failure } from '../../contract/failure.ts';
import { checkName } from '../../contract/text.ts';
import type { StepRetry } from '../call-options.ts';
import type { RetryPolicy } from '../entry.ts';

/** As many as the id of an attempt can say. */
const MOST_ATTEMPTS = 100_000;

/**
 * A policy as the history holds it.
 *
 * @throws TypeError for one that asks for nothing or for half an attempt
 */
export function retryPolicy(retry: StepRetry): RetryPolicy {
  const { maxAttempts, minBackoff = '1s', maxBackoff = '60s', on, unless } = retry;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > MOST_ATTEMPTS)
    throw new TypeError(
      `retry.maxAttempts is ${maxAttempts}, which is not a whole number from 1 to ${MOST_ATTEMPTS}`,
    );
  for (const code of [...(on ?? []), ...(unless ?? [])]) checkName(code, 'a code or reason of retry');
  return {
    maxAttempts,
    minMs: milliseconds(minBackoff, 'retry.minBackoff'),
    maxMs: milliseconds(maxBackoff, 'retry.maxBackoff'),
    ...(on && { on: [...on] }),
    ...(unless && { unless: [...unless] }),
  };
}

/**
 * Whether a failure may be tried again, as far as its kind goes. The first rule that speaks of it decides: `unless`, then `on`,
 * then that a refusal stands and everything else may pass.
 */
export function mayRetry(policy: RetryPolicy | undefined, { code, reason }: Failure): boolean {
  const names = (list: readonly string[]) =>
    list.includes(code) || (reason !== undefined && list.includes(reason));
  if (policy?.unless && names(policy.unless)) return false;
  if (policy?.on) return names(policy.on);
  return code !== 'Rejected';
}

/** How long to wait before the next attempt, in milliseconds: doubles with each, up to the policy's longest. */
export function backoff(policy: RetryPolicy | undefined, attempts: number): number {
  return policy ? Math.min(policy.maxMs, policy.minMs * 2 ** (attempts - 1)) : 0;
}
