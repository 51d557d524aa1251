import { type Clock, systemClock } from '../contract/clock.ts';

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's clock, whose timers keep the process alive: a program that waits for nothing but an answer must not end. */
export const processClock: Clock = {
  now: () => systemClock.now(),
  after(delayMs, task) {
    const cancel = systemClock.after(delayMs, () => {
      clearInterval(awake);
      task();
    });
    const awake = setInterval(() => {}, LONGEST_TIMEOUT_MS);
    return () => {
      clearInterval(awake);
      cancel();
    };
  },
};
