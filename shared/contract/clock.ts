/**
 * Time, as a port. Nothing in the kernel, the workflow engine or the local cloud reads the machine's clock: each is
 * given a `Clock`, so that a test moves time by hand and a simulation owns it.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. Never goes backwards on one clock. */
  now(): number;
  /**
   * Runs `task` once, `delayMs` milliseconds from now (0 or less: as soon as possible, never synchronously).
   * Returns a function that cancels it; cancelling twice, or after it ran, does nothing.
   */
  after(delayMs: number, task: () => void): () => void;
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's own clock. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const due = Date.now() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = () => {
      const left = Math.max(0, due - Date.now());
      timer = setTimeout(
        () => (left > LONGEST_TIMEOUT_MS ? arm() : task()),
        Math.min(left, LONGEST_TIMEOUT_MS),
      );
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs` on `clock`; rejects with the signal's reason if `signal` aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
