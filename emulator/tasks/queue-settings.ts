import { StatusError } from '../wire/status.ts';

export type QueueState = 'RUNNING' | 'PAUSED';

/** Settings that are kept and shown, and have nothing to act on here. */
export interface KeptSettings {
  readonly stackdriverLoggingConfig?: object;
  readonly appEngineRoutingOverride?: object;
}

/** How fast a queue dispatches. */
export interface RateLimits {
  /** Tokens added to the queue's bucket per second; at most 500. */
  readonly maxDispatchesPerSecond: number;
  /** Attempts in flight at once; at most 5,000. */
  readonly maxConcurrentDispatches: number;
}

/** When a failed task is tried again, and when it is given up. */
export interface RetryConfig {
  /** Attempts per task, the first one included; -1 is unlimited. */
  readonly maxAttempts: number;
  /** Milliseconds since the first attempt after which a task may be given up; 0 is unlimited. */
  readonly maxRetryDurationMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** How often the backoff doubles before it grows linearly. */
  readonly maxDoublings: number;
}

/** What the service picks for a queue that names nothing (https://cloud.google.com/tasks/docs/configuring-queues). */
export const DEFAULT_RATE_LIMITS: RateLimits = {
  maxDispatchesPerSecond: 500,
  maxConcurrentDispatches: 1000,
};

export const DEFAULT_RETRY_CONFIG: RetryConfig = {
  maxAttempts: 100,
  maxRetryDurationMs: 0,
  minBackoffMs: 100,
  maxBackoffMs: 3_600_000,
  maxDoublings: 16,
};

/**
 * The size of a queue's token bucket. It is output only and picked by the service from the rate: 100 at the default rate
 * of 500 and 10 at a rate of 1, as queues described by the service show; in between it is taken to follow the rate.
 */
export function burstSizeOf({ maxDispatchesPerSecond }: RateLimits): number {
  return Math.round(Math.min(100, Math.max(10, maxDispatchesPerSecond)));
}

/**
 * The wait before attempt `attempts + 1`: starts at the minimum, doubles `maxDoublings` times, then grows linearly by the
 * last doubled step, up to the maximum. 10 s, 300 s and 3 doublings give 10, 20, 40, 80, 160, 240, 300, 300 s
 * (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#RetryConfig).
 */
export function backoffMs(retry: RetryConfig, attempts: number): number {
  const doublings = Math.min(Math.max(0, attempts - 1), retry.maxDoublings);
  const linearSteps = Math.max(1, attempts - retry.maxDoublings);
  return Math.min(retry.maxBackoffMs, retry.minBackoffMs * 2 ** doublings * linearSteps);
}

/**
 * Whether a task that has failed is given up. Where both limits are set, both must be used up; where one is unlimited, the
 * other alone decides.
 */
export function isExhausted(retry: RetryConfig, attempts: number, sinceFirstAttemptMs: number): boolean {
  const limitedByAttempts = retry.maxAttempts !== -1;
  const limitedByTime = retry.maxRetryDurationMs > 0;
  const attemptsUsedUp = attempts >= retry.maxAttempts;
  const timeUsedUp = sinceFirstAttemptMs >= retry.maxRetryDurationMs;
  if (limitedByAttempts && limitedByTime) return attemptsUsedUp && timeUsedUp;
  return (limitedByAttempts && attemptsUsedUp) || (limitedByTime && timeUsedUp);
}

/** Throws INVALID_ARGUMENT naming the first field that is out of its documented range. */
export function checkSettings(rate: RateLimits, retry: RetryConfig): void {
  const inRange = (field: string, value: number, low: number, high: number) => {
    if (!(value >= low && value <= high)) {
      throw new StatusError('INVALID_ARGUMENT', `${field} must be between ${low} and ${high}, was ${value}`);
    }
  };
  inRange('RateLimits.maxDispatchesPerSecond', rate.maxDispatchesPerSecond, Number.MIN_VALUE, 500);
  inRange('RateLimits.maxConcurrentDispatches', rate.maxConcurrentDispatches, 1, 5000);
  inRange('RetryConfig.maxAttempts', retry.maxAttempts, -1, Number.MAX_SAFE_INTEGER);
  inRange('RetryConfig.minBackoff', retry.minBackoffMs, 0, retry.maxBackoffMs);
  inRange('RetryConfig.maxDoublings', retry.maxDoublings, 0, Number.MAX_SAFE_INTEGER);
  if (retry.maxAttempts === 0) {
    throw new StatusError('INVALID_ARGUMENT', 'RetryConfig.maxAttempts must be -1 or at least 1');
  }
}
