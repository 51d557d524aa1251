import { MeshError } from '../contract/errors.ts';
import type { Log } from '../contract/log.ts';
import type { Pause } from '../contract/reply.ts';
import { plainText } from '../contract/text.ts';
import { type Interruption, isInterruption, type RunEvent } from './entry.ts';
import { type Brought, DOCUMENT_LIMIT, type Host, replay, type Stand } from './host.ts';
import type { RunRecord } from './run-record.ts';
import { enterSend } from './sends.ts';

/**
 * Runs that are held: paused by an operator, or waiting for a slot of their concurrency key. What comes for one is kept in the order in
 * which it came (I4), and taken when it goes on. What ends it from outside is not kept, but:
 * - of a paused run only a termination and, unless its compensations are paused too, a cancellation;
 * - of a run that waits its deadline as well. It has done nothing, so it ends at once.
 */

type Plain = Omit<Brought, 'warm'>;

/** In characters. */
const LONGEST_REASON = 1_000;

export function isHeld({ paused, slot, startAt }: RunRecord): boolean {
  return paused !== undefined || slot?.held === false || startAt !== undefined;
}

/** Whether the event ends a run that is held. */
export function endsHeld({ paused, slot, startAt }: RunRecord, { e }: RunEvent): boolean {
  if (e === 'terminated') return true;
  if (slot?.held === false || startAt) return e === 'cancelled' || e === 'expired';
  return e === 'cancelled' && !paused?.compensation;
}

/** Whether the run has still to begin, or to begin anew: what it is given is kept. */
export function isToBegin({ kept }: RunRecord): boolean {
  return kept[0]?.e === 'started';
}

/** @throws MeshError `RunPaused` where the run's document is full */
export function keep(host: Host, run: RunRecord, event: RunEvent): Plain {
  const kept = [...run.kept, event];
  if (Buffer.byteLength(run.history) + Buffer.byteLength(JSON.stringify(kept)) > DOCUMENT_LIMIT)
    throw new MeshError('RunPaused', `the run is ${run.status}, and keeps as many messages as it can hold`);
  return plain(host, { ...run, kept });
}

/**
 * Ends a run from outside, before it takes what it has kept: its code begins nothing more. But what was kept tells what became of its
 * steps, and nothing is undone before that is known.
 */
export function interrupt(host: Host, stand: Stand, came: Interruption, log: Log): Promise<Brought> {
  const { paused: _, startAt: _startAt, slot, ...rest } = stand.run;
  // Whoever undoes what it took over from another run does not wait for a slot to do so.
  const run: RunRecord = { ...rest, ...(slot && { slot: { ...slot, held: true } }) };
  const [first, ...others] = run.kept;
  const kept = first?.e === 'started' ? [first, came, ...others] : [came, ...run.kept];
  return replay(host, { ...stand, run: { ...run, kept } }, [], log, { together: true });
}

/** Undefined: nothing to pause. Compensations in progress are only paused when that is asked for (I8). */
export function pause(host: Host, run: RunRecord, { compensation, reason }: Pause): Plain | undefined {
  if (run.endedAt || (run.status === 'compensating' && !compensation)) return undefined;
  if (run.paused && (run.paused.compensation || !compensation)) return undefined;
  const { failure: _, ...rest } = run;
  const paused = { compensation, ...(reason !== undefined && { reason: plainText(reason, LONGEST_REASON) }) };
  return plain(host, { ...(run.status === 'blocked' ? rest : run), status: 'paused', paused });
}

/** Lets a paused run go on. Undefined: it is not paused. */
export async function letGo(host: Host, stand: Stand, log: Log): Promise<Plain | undefined> {
  const { paused, ...run } = stand.run;
  if (!paused) return undefined;
  if (run.slot?.held === false || run.startAt) return plain(host, { ...run, status: 'waiting' });
  const end = run.kept.find(isInterruption);
  if (end) {
    const others = run.kept.filter((event) => event !== end);
    return interrupt(host, { ...stand, run: { ...run, kept: others } }, end, log);
  }
  return replay(host, { ...stand, run }, [], log);
}

/** Lets a run begin: it has a slot now, its time has come, or it was begun anew. Undefined: it has begun, or ended, or it is too early. */
export async function begin(host: Host, stand: Stand, log: Log, now: number): Promise<Plain | undefined> {
  const { run } = stand;
  if (run.endedAt) return undefined;
  if (run.startAt) return run.startAt.getTime() > now ? undefined : due(host, stand, log);
  const granted = run.slot?.held === false;
  const next: RunRecord = granted ? { ...run, slot: { value: run.slot.value, held: true } } : run;
  if (next.paused) return granted ? plain(host, next) : undefined;
  if (!granted && (next.status === 'blocked' || !isToBegin(next))) return undefined;
  return replay(host, { ...stand, run: next }, [], log);
}

/** The time of a delayed run has come: it begins, or asks for its slot; a paused one does so once it goes on. */
async function due(host: Host, stand: Stand, log: Log): Promise<Plain> {
  const { startAt: _, ...run } = stand.run;
  if (run.slot?.held === false) {
    const { value } = run.slot;
    const waitingFor = [value === '' ? 'a slot' : `a slot of ${value}`];
    const asked = plain(host, { ...run, waitingFor });
    return { ...asked, sends: [enterSend(run, value)] };
  }
  return run.paused ? plain(host, run) : replay(host, { ...stand, run }, [], log);
}

function plain(host: Host, { wakeAt: _, ...run }: RunRecord): Plain {
  // It waits for people, or for its time; and its payloads are to be looked after.
  const wakeAt = run.startAt ?? run.renewAt;
  const updatedAt = new Date(host.clock.now());
  return { run: { ...run, updatedAt, ...(wakeAt && { wakeAt }) }, writes: [], sends: [] };
}
