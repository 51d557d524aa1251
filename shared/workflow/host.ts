import type { Contract } from '../contract/agent.ts';
import type { Clock } from '../contract/clock.ts';
import { MeshError } from '../contract/errors.ts';
import type { Failure } from '../contract/failure.ts';
import type { Ids } from '../contract/ids.ts';
import type { Log } from '../contract/log.ts';
import { runPath } from '../contract/names.ts';
import type { Decision, Send } from '../kernel/route.ts';
import type { Definitions } from './definitions.ts';
import type { Entry, RunEvent } from './entry.ts';
import type { RunCode } from './execution.ts';
import { Ledger } from './ledger.ts';
import { CallStep } from './operations/call-step.ts';
import { Parked } from './parked.ts';
import { type Progressed, progress } from './progress.ts';
import { appendEntries, encodeRun, type RunRecord } from './run-record.ts';
import { summaryOf } from './run-view.ts';
import { recheckSend, sendsOf } from './sends.ts';

export interface Host {
  readonly contract: Contract;
  readonly definitions: Definitions;
  readonly clock: Clock;
  readonly ids: Ids;
  /** How long a run's document is kept after its end, in milliseconds. */
  readonly retentionMs: number;
}

/** Nothing happened: acked for the one read that it cost. */
export const NO_EFFECT: Decision = { writes: [], sends: [], record: false };

/**
 * The longest history that a run may go on with, in bytes of JSON. Firestore's document may take 1 MiB
 * (https://firebase.google.com/docs/firestore/quotas#limits); the rest is left for compensations, of which none may fail for
 * want of space.
 */
export const HISTORY_LIMIT = 700_000;
const DOCUMENT_LIMIT = 1_000_000;

/** The run as it is to be written, and what is to be sent after that. */
export interface Brought {
  readonly run: RunRecord;
  readonly sends: readonly Send[];
}

/** Brings a run on by what came, and says what to write and send. */
export async function bringOn(
  host: Host,
  run: RunRecord,
  history: readonly Entry[],
  event: RunEvent | undefined,
  log: Log,
): Promise<Brought> {
  const before = Ledger.of(history);
  const events = event ? [...run.kept, event] : run.kept;
  const request = { history, events, lenient: run.kept.length, now: () => timeOf(host, history, events) };
  let progressed: Progressed;
  try {
    progressed = await progress({ ...request, code: codeFor(host, run, before, events, log) });
  } catch (error) {
    if (!(error instanceof Parked)) throw error;
    // The history alone says what to do once the code is over, and when the run is to be cancelled: it holds every undo (I8).
    const codeNeeded = !before.outcome && !events.some(({ e }) => e === 'cancelled');
    if (codeNeeded) return park(host, run, events, error.failure, log);
    log.error(error.message, { code: error.failure.code });
    progressed = await progress({ ...request, code: undefined });
  }
  if (typeof progressed.taken === 'object') throw refusal(progressed.taken.refused);
  let text = appendEntries(run.history, progressed.appended);
  if (Buffer.byteLength(text) > HISTORY_LIMIT && !before.outcome) {
    // What came is left out: to the run it is as if it came too late, and what it tells of is undone as an unknown outcome.
    const message = `the history of the run is over ${HISTORY_LIMIT} bytes`;
    const fail: Failure = { code: 'HistoryTooLarge', message };
    const taken = events.filter((each) => each !== event || each.e === 'started');
    progressed = await progress({ ...request, events: taken, code: undefined, fail });
    text = appendEntries(run.history, progressed.appended);
  }
  return settled(host, run, text, progressed, log);
}

function settled(
  host: Host,
  run: RunRecord,
  history: string,
  { ledger, commands }: Progressed,
  log: Log,
): Brought {
  const { failure: _failure, ...rest } = run;
  const { output, failure, endedAt, status, customStatus } = ledger;
  const now = host.clock.now();
  const next: RunRecord = {
    ...rest,
    ...summaryOf(ledger),
    status,
    history,
    kept: [],
    checks: 0,
    updatedAt: new Date(now),
    ...(output !== undefined && { output }),
    ...(customStatus !== undefined && { customStatus }),
    ...(failure && { failure }),
    ...(endedAt !== undefined && {
      endedAt: new Date(endedAt),
      expireAt: new Date(now + host.retentionMs),
    }),
  };
  for (const command of commands) {
    if (command.do === 'alert') {
      const { step, failure } = command;
      const message = `the compensation ${step} failed for good: ${failure.message}`;
      log.error(message, { alert: 'compensation_failed', step, code: failure.code });
    } else if (command.do === 'end') log.info('the run ended', { status, code: failure?.code });
  }
  return { run: next, sends: sendsOf(next, commands) };
}

/** I7: what came is kept, nothing is sent, and the run is looked at again by and by. */
function park(host: Host, run: RunRecord, kept: readonly RunEvent[], failure: Failure, log: Log): Brought {
  const armed = run.status === 'blocked';
  const blocked: RunRecord = {
    ...run,
    status: 'blocked',
    failure,
    kept,
    updatedAt: new Date(host.clock.now()),
    ...(!armed && { rechecks: run.rechecks + 1, checks: 1 }),
  };
  if (Buffer.byteLength(blocked.history) + Buffer.byteLength(JSON.stringify(kept)) > DOCUMENT_LIMIT) {
    const message = `the run is blocked, and keeps as many messages as it can hold: ${failure.message}`;
    throw new MeshError('RunBlocked', message);
  }
  if (!armed) log.error(`the run is blocked: ${failure.message}`, { code: failure.code });
  return { run: blocked, sends: armed ? [] : [recheckSend(blocked, host.clock.now())] };
}

/** The code of a run, where what came needs it. Throws `Parked` where it is not to be had (I7). */
function codeFor(
  { contract, definitions }: Host,
  run: RunRecord,
  ledger: Ledger,
  events: readonly RunEvent[],
  log: Log,
): RunCode | undefined {
  // The input of a compensation is made from the output by the code (I10).
  const needed = (event: RunEvent) =>
    event.e === 'replied' && event.reply.ok && ledger.steps.get(event.step) instanceof CallStep;
  if (ledger.outcome && !events.some(needed)) return undefined;
  const { workflow, version, runId, key } = run;
  const definition = definitions.find(workflow, version);
  if (definition) return { definition, contract, facts: { runId, key }, log };
  const message = `the run began with version ${version} of ${workflow}, which this code does not hold`;
  throw new Parked({ code: 'VersionUnknown', message });
}

/** Never before what the history holds: `now()` does not go backwards, whatever the clocks of the instances say. */
export function timeOf({ clock }: Host, history: readonly Entry[], events: readonly RunEvent[] = []): number {
  let latest = clock.now();
  for (const entry of [history.findLast((entry) => 'at' in entry), events.at(-1)])
    if (entry && 'at' in entry) latest = Math.max(latest, entry.at);
  return latest;
}

function refusal({ code, message, field }: Failure): MeshError {
  return new MeshError(code, message, field === undefined ? {} : { field });
}

export function decisionOf({ run, sends }: Brought, ifVersion: string | undefined): Decision {
  const path = runPath(run.runId);
  const fields = encodeRun(run);
  if (ifVersion === undefined) return { writes: [{ kind: 'create', path, fields }], sends };
  return { writes: [{ kind: 'put', path, fields, ifVersion }], sends };
}
