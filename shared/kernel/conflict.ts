import { hasCode } from '../contract/errors.ts';
import { digest } from '../contract/keys.ts';

/** Reading and deciding again after a conflict, before the message is left to Pub/Sub's own retry. */
export const MOST_CONFLICTS = 8;

/** Whether another one was faster. */
export function isConflict(error: unknown): boolean {
  return hasCode(error, 'Conflict') || hasCode(error, 'AlreadyExists');
}

/** Spreads out those that conflict: 5 ms doubling to 320 ms, times a factor from the message's own key. */
export function backoff(conflicts: number, key: string): number {
  const share = (Number.parseInt(digest(key, String(conflicts)).slice(0, 4), 32) % 1_000) / 1_000;
  return 5 * 2 ** Math.min(conflicts, 6) * (0.5 + share);
}
