import type { ClaimCheck } from '../contract/claim-check.ts';
import { milliseconds } from '../contract/duration.ts';
import type { Send } from '../kernel/route.ts';
import { allChecks } from './claim-checks.ts';
import type { Entry } from './entry.ts';
import type { RunRecord } from './run-record.ts';
import { renewSend } from './sends.ts';

/**
 * How often the payloads of a run that goes on are renewed. They are kept for 120 days each time (kernel/blobs.ts): so those of a run
 * that has ended are kept for 92 days at least.
 */
const RENEWAL_MS = milliseconds('28d');

/** A run that refers to payloads is looked after from then on; one that is already, or has ended, is as it was. */
export function lookedAfter(run: RunRecord, now: number): { run: RunRecord; sends: readonly Send[] } {
  if (run.renewAt || run.endedAt) return { run, sends: [] };
  return armed(run, now);
}

/** The timer fired: all that the history refers to is kept for longer, whatever state the run is in. */
export function renewal(
  run: RunRecord,
  history: readonly Entry[],
  now: number,
): { run: RunRecord; sends: readonly Send[]; renews: readonly ClaimCheck[] } {
  return { ...armed(run, now), renews: [...allChecks([...history, ...run.kept]).values()] };
}

function armed(run: RunRecord, now: number) {
  const renewAt = new Date(now + RENEWAL_MS);
  // What else it is to be heard of by stands.
  const other = run.wakeAt?.getTime() === run.renewAt?.getTime() ? undefined : run.wakeAt;
  const wakeAt = other && other < renewAt ? other : renewAt;
  return { run: { ...run, renewAt, wakeAt }, sends: [renewSend(run, renewAt)] };
}
