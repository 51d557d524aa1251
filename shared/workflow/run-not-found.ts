import { MeshError } from '../contract/errors.ts';
import { CANCEL, type Message, PAUSE, RESUME, SIGNAL, TERMINATE, UPDATE } from '../contract/message.ts';

/** What comes from outside may overtake the start of its run: replies and timers can't. */
const MAY_BE_EARLY: ReadonlySet<string> = new Set([SIGNAL, UPDATE, CANCEL, TERMINATE, PAUSE, RESUME]);
/** How long the start is waited for, from the time of the message. */
const PATIENCE_MS = 600_000;
const FIRST_LOOK_MS = 1_000;
const LONGEST_BETWEEN_MS = 60_000;
/** How far the clock of its sender may be ahead: what is dated later still would be waited for without end. */
const MOST_SKEW_MS = 60_000;

/**
 * That a message names a run which is not there. While its start may still be under way the error says when to look again, and the
 * message is deferred until then; after that it is a dead letter (I4).
 */
export function runNotFound(message: Message, runId: string, now: number): MeshError {
  const age = now - Date.parse(message.time);
  const field = 'runid';
  const patient = MAY_BE_EARLY.has(message.type) && age >= -MOST_SKEW_MS;
  if (!patient) return new MeshError('RunNotFound', `the run ${runId} does not exist`, { field });
  if (age < PATIENCE_MS) {
    // Each look after as long again.
    const retryAfterMs = Math.min(LONGEST_BETWEEN_MS, Math.max(FIRST_LOOK_MS, age));
    return new MeshError('RunNotFound', `the run ${runId} has not begun`, { field, retryAfterMs });
  }
  const waited = `its start was waited for until ${PATIENCE_MS / 60_000} minutes after ${message.time}`;
  return new MeshError('RunNotFound', `the run ${runId} does not exist: ${waited}`, { field });
}
