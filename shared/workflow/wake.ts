import { milliseconds } from '../contract/duration.ts';
import type { Ledger } from './ledger.ts';
import { Attempts } from './operations/call-step.ts';
import { GroupStep } from './operations/group-step.ts';
import type { RunRecord } from './run-record.ts';
import { endingChildren } from './unwind.ts';

/**
 * When a run is to have been heard of at the latest: the field `wakeAt` of its document. A run of which that is long past has lost a
 * timer, or replies that were left for a drainer which died; the sweep of its agent looks after it (docs/decisions/0027-a-sweep-an-hour.md).
 */

/** Of more open steps than this none is asked: they are looked after soon enough. */
const MOST_ASKED = 64;
/** Open steps from which on replies may be left in the mailbox: as the route has it, or more. */
const CROWD = 8;
const CROWD_LOOK_MS = milliseconds('1h');
/** An answer always comes, or a dead letter tells; but nothing else would tell that it was lost. */
const CALL_LOOK_MS = milliseconds('1d');

/** Undefined: it waits for nothing but people. */
export function wakeOf(ledger: Ledger, { deadlineAt, renewAt }: RunRecord, now: number): Date | undefined {
  const { open } = ledger;
  let at = Math.min(deadlineAt?.getTime() ?? Infinity, renewAt?.getTime() ?? Infinity);
  if (open.size >= CROWD) at = Math.min(at, now + CROWD_LOOK_MS);
  if (open.size <= MOST_ASKED) {
    for (const step of open.values()) {
      at = Math.min(at, step.due ?? Infinity);
      if (step instanceof Attempts || step instanceof GroupStep) at = Math.min(at, now + CALL_LOOK_MS);
    }
  }
  if (endingChildren(ledger).next().done !== true) at = Math.min(at, now + CALL_LOOK_MS);
  return at === Infinity ? undefined : new Date(at);
}

/** After it was looked after: what was due is on its way. */
export function nextWake(ledger: Ledger, run: RunRecord, now: number): Date | undefined {
  const at = wakeOf(ledger, run, now);
  return at && at.getTime() <= now ? new Date(now + CROWD_LOOK_MS) : at;
}
