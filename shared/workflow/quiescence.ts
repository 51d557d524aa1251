/**
 * Resolves when every microtask has run, however many each begets, and before the event loop turns: so that code which awaits
 * only what is settled by the engine comes to rest, and nothing foreign (I/O, a timer) can go on meanwhile (I9).
 *
 * Node empties its queue of ticks, then that of microtasks, until both are empty
 * (https://nodejs.org/api/process.html#when-to-use-queuemicrotask-vs-processnexttick). The first tick makes sure that the
 * microtasks are being run, the microtask that the last tick comes after all of them.
 */
export function quiescence(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(() => queueMicrotask(() => process.nextTick(resolve)));
  });
}

/**
 * Resolves when all other code of the turn has come to rest, while the turn still goes on: for code that is to be the last of its turn. The
 * turn's own `quiescence` was asked for before, and comes after what follows from this.
 */
export function lastOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
