import { type Clock, sleep } from '../contract/clock.ts';
import { hasCode } from '../contract/errors.ts';

/** How long a caller waits, and what makes it stop. */
export interface Patience {
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks are reads of one or two documents. The first come quickly, for what takes a moment; a wait of hours costs a read each 5 s
 * (docs/decisions/0032-a-client-polls.md).
 */
const FIRST_PAUSE_MS = 50;
const GROWTH = 1.5;
const SHORT_WAIT_MS = 60_000;
const SHORT_WAIT_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5_000;
/** A wait survives an outage of the store of at most this length. */
const OUTAGE_MS = 60_000;

/**
 * Looks until `look` finds something. Undefined once the time is up: after a last look at that time.
 *
 * @throws what `look` throws, but for `StoreUnavailable` after a look that succeeded less than a minute ago; the reason of `signal` when it
 * aborts
 */
export async function patiently<Result>(
  clock: Clock,
  { timeoutMs, signal }: Patience,
  look: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const began = clock.now();
  let seenAt: number | undefined;
  for (let pause = FIRST_PAUSE_MS; ; pause *= GROWTH) {
    signal?.throwIfAborted();
    try {
      const found = await look();
      if (found !== undefined) return found;
      seenAt = clock.now();
    } catch (error) {
      const blip =
        hasCode(error, 'StoreUnavailable') && seenAt !== undefined && clock.now() - seenAt < OUTAGE_MS;
      if (!blip || clock.now() - began >= timeoutMs) throw error;
    }
    const waited = clock.now() - began;
    if (waited >= timeoutMs) return undefined;
    pause = Math.min(pause, waited < SHORT_WAIT_MS ? SHORT_WAIT_PAUSE_MS : LONGEST_PAUSE_MS);
    await sleep(clock, Math.min(pause, timeoutMs - waited), signal);
  }
}
