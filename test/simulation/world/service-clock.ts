import type { Clock } from '../../../shared/contract/clock.ts';

/** The clock of a service of the cloud: some milliseconds off from those of the others. */
export function serviceClock(truth: Clock, offsetMs: number): Clock {
  return { now: () => truth.now() + offsetMs, after: (delayMs, task) => truth.after(delayMs, task) };
}
