import type { Clock } from '../contract/clock.ts';
import { hasCode, MeshError } from '../contract/errors.ts';

/**
 * Runs `work` with a signal that aborts when its time is up, and rejects then even if `work` does not heed the signal: with
 * `DeadlineExceeded` when the message's deadline came first, else with `HandlerTimeout`. The signal is that of `controller`, which others may
 * abort, too: then it is for `work` to come to its end.
 */
export async function withinTime<Result>(
  clock: Clock,
  limits: { readonly timeoutMs: number; readonly deadline?: number },
  work: (signal: AbortSignal) => Promise<Result>,
  controller = new AbortController(),
): Promise<Result> {
  const { timeoutMs, deadline } = limits;
  const leftMs = deadline === undefined ? Number.POSITIVE_INFINITY : deadline - clock.now();
  let cancel = () => {};
  const timeUp = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(Math.min(timeoutMs, leftMs), () => {
      const error =
        leftMs <= timeoutMs
          ? new MeshError('DeadlineExceeded', 'the deadline passed while the message was being handled', {
              field: 'deadline',
            })
          : new MeshError('HandlerTimeout', `the handler took longer than ${timeoutMs} ms`);
      controller.abort(error);
      reject(error);
    });
  });
  try {
    return await Promise.race([work(controller.signal), timeUp]);
  } finally {
    cancel();
  }
}

/** The time of some work was up: it may still be going on, which only the end of its lease ends for certain. */
export function wasCutOff(error: unknown): boolean {
  return hasCode(error, 'HandlerTimeout') || hasCode(error, 'DeadlineExceeded');
}
