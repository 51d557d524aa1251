import { type Failure, mended } from '../contract/failure.ts';
import type { Interruption } from './entry.ts';

/** What a run has become by its end from outside. */
export const OUTCOMES = { cancelled: 'cancelled', terminated: 'terminated', expired: 'failed' } as const;

/** What its code is told. */
export function interruptionOf(entry: Interruption): Failure {
  if (entry.e === 'expired')
    return { code: 'RunDeadlineExceeded', message: 'the run did not end within its deadline' };
  const code = entry.e === 'cancelled' ? 'RunCancelled' : 'RunTerminated';
  const message = `the run was ${entry.e}`;
  return mended({ code, message: entry.reason ? `${message}: ${entry.reason}` : message });
}
