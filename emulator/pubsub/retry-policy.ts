import { invalidArgument, requireWithin } from './invalid.ts';

/** The delay between deliveries of one message: exponential from the minimum to the maximum, in milliseconds. */
export interface RetryPolicy {
  readonly minimumBackoffMs: number;
  readonly maximumBackoffMs: number;
}

/** https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#retrypolicy */
const DEFAULT_MINIMUM_MS = 10_000;
const DEFAULT_MAXIMUM_MS = 600_000;
const LONGEST_SECONDS = 600;

/** @throws StatusError INVALID_ARGUMENT for a backoff outside 0..600 s, or a minimum over the maximum. */
export function completeRetryPolicy(policy: Partial<RetryPolicy>): RetryPolicy {
  const { minimumBackoffMs = DEFAULT_MINIMUM_MS, maximumBackoffMs = DEFAULT_MAXIMUM_MS } = policy;
  requireWithin('retry_policy.minimum_backoff seconds', minimumBackoffMs / 1000, 0, LONGEST_SECONDS);
  requireWithin('retry_policy.maximum_backoff seconds', maximumBackoffMs / 1000, 0, LONGEST_SECONDS);
  if (minimumBackoffMs > maximumBackoffMs) {
    throw invalidArgument('retry_policy', 'minimum_backoff exceeds maximum_backoff');
  }
  return { minimumBackoffMs, maximumBackoffMs };
}

/** How long a message waits after its `failures`-th failure (1, 2, …). Without a policy it is retried as soon as possible. */
export function retryDelayMs(policy: RetryPolicy | undefined, failures: number): number {
  if (!policy) return 0;
  return Math.min(policy.maximumBackoffMs, policy.minimumBackoffMs * 2 ** (failures - 1));
}
