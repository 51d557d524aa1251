import { type Clock, sleep } from '../contract/clock.ts';
import { STATUS, statusOf } from './status.ts';

/** How long one call may take, in milliseconds. The clients' own limits are 60 s a call and 600 s in all: longer than a message may take. */
const CALL_TIMEOUT_MS = 10_000;

/** Failures after which the same call may succeed, and which leave nothing half done. */
export const TRANSIENT: ReadonlySet<number> = new Set([
  STATUS.UNAVAILABLE,
  STATUS.ABORTED,
  STATUS.RESOURCE_EXHAUSTED,
]);

/** For calls that may be made twice without harm: also those whose outcome is unknown. */
export const TRANSIENT_IDEMPOTENT: ReadonlySet<number> = new Set([
  ...TRANSIENT,
  STATUS.INTERNAL,
  STATUS.DEADLINE_EXCEEDED,
]);

const MOST_ATTEMPTS = 4;
const MIN_BACKOFF_MS = 40;
const MAX_BACKOFF_MS = 1_000;

/**
 * Makes a call, and makes it again after a failure in `retryable`, at most four times, with exponential backoff and jitter. Rejects
 * with the last failure. Used in place of the clients' own retries, which go on for ten minutes.
 */
export async function attempts<Result>(
  clock: Clock,
  retryable: ReadonlySet<number>,
  call: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const status = statusOf(error);
      if (attempt === MOST_ATTEMPTS || status === undefined || !retryable.has(status)) throw error;
    }
    const ceiling = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** (attempt - 1));
    await sleep(clock, ceiling * (0.5 + Math.random() / 2));
  }
}

/** Options of one call: no retry by the client. Made anew for each call, as the clients write into them. */
export function callOptions(headers?: Readonly<Record<string, string>>) {
  return {
    timeout: CALL_TIMEOUT_MS,
    retry: null,
    ...(headers && { otherArgs: { headers: { ...headers } } }),
  };
}
