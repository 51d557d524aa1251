import { MeshError } from '../contract/errors.ts';
import type { Decision, DecisionRequest, Route } from './route.ts';

/** Whether trying again would end the same: no service was out of reach, nobody else was in the way. */
export function isFinal(error: unknown): boolean {
  return !(error instanceof MeshError && error.retry);
}

/** Whether what failed is the making of a decision, and not the message that it is on. */
export function isFault(error: unknown): boolean {
  return !(error instanceof MeshError);
}

/**
 * What the route decides in place of a decision which can't be made or committed, and could not be the next time.
 *
 * @throws `error` where it decides nothing instead: then the message is given up on
 */
export async function insteadOf(route: Route, request: DecisionRequest, error: unknown): Promise<Decision> {
  if (!route.instead || !isFinal(error)) throw error;
  try {
    const decision = await route.instead(request, error);
    if (decision) return decision;
  } catch (another) {
    // What may pass is tried again with the message; else the first error says more.
    if (!isFinal(another)) throw another;
    request.log.error('nothing could be decided instead', { error: another });
  }
  throw error;
}
