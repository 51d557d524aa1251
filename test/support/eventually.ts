import { vi } from 'vitest';

/**
 * The longest wait for a condition. A bound against hanging, far beyond what the slowest machine needs, and shorter than the time limit of a
 * test, so that a condition that never holds is named in the failure.
 */
const PATIENCE_MS = 240_000;

/**
 * Resolves with what `check` returns as soon as it does not throw. Tests wait with this alone: a limit of their own would measure the machine
 * (`test/architecture/wall-clock.test.ts`).
 *
 * @param everyMs pause after a failed check: raise it for a check that takes much of the processor, such as a command
 * @throws the last error of `check`, once its patience is over
 * @example await eventually(() => expect(received).toHaveLength(2));
 */
export function eventually<T>(check: () => T | Promise<T>, everyMs = 20): Promise<T> {
  return vi.waitFor(check, { timeout: PATIENCE_MS, interval: everyMs });
}
