import { deflateRawSync } from 'node:zlib';
import type { Contract } from '../contract/agent.ts';
import type { Baggage } from '../contract/baggage.ts';
import type { Clock } from '../contract/clock.ts';
import { milliseconds } from '../contract/duration.ts';
import { MeshError } from '../contract/errors.ts';
import type { Failure } from '../contract/failure.ts';
import type { Ids } from '../contract/ids.ts';
import type { Log } from '../contract/log.ts';
import { runPath } from '../contract/names.ts';
import type { Write } from '../contract/store.ts';
import { currentTenant } from '../contract/tenant-scope.ts';
import type { Interceptor } from '../kernel/interceptor.ts';
import type { Decision, DecisionRequest, Send } from '../kernel/route.ts';
import { answerWrites } from './answers.ts';
import type { Command } from './command.ts';
import { continued } from './continuation.ts';
import type { Definitions } from './definitions.ts';
import { type Entry, isInterruption, type RunEvent } from './entry.ts';
import { lazyLog } from './lazy-log.ts';
import { Ledger } from './ledger.ts';
import { CallStep } from './operations/call-step.ts';
import { isOthers, Parked, RunFault } from './parked.ts';
import type { Payloads } from './payloads.ts';
import { type Progressed, progress } from './progress.ts';
import { lookedAfter } from './renewal.ts';
import { decodeAttributes } from './run-attributes.ts';
import type { RunCode } from './run-code.ts';
import { append, entryBytes, expiring } from './run-history.ts';
import type { RunLimits } from './run-limits.ts';
import { answered } from './run-queries.ts';
import { encodeRun, type RunRecord } from './run-record.ts';
import { summaryOf } from './run-view.ts';
import { recheckAt, recheckSend, sendsOf } from './sends.ts';
import type { EffectHost } from './side-effects.ts';
import type { Stuck, TurnWatch } from './turn-watch.ts';
import { wakeOf } from './wake.ts';
import type { WarmRun, WarmRuns } from './warm-runs.ts';

export interface Host {
  readonly contract: Contract;
  readonly definitions: Definitions;
  readonly clock: Clock;
  readonly ids: Ids;
  /** How long a run's document is kept after its end, in milliseconds. */
  readonly retentionMs: number;
  readonly warm: WarmRuns;
  readonly limits: RunLimits;
  readonly watch?: TurnWatch | undefined;
  /** The name of the build of this code. Left out where builds have none. */
  readonly build?: string | undefined;
  readonly interceptors: readonly Interceptor[];
}

/** A run whose start had none gives none to what it sends, whatever brings it on. */
const NO_BAGGAGE: Baggage = {};

/** Nothing happened: acked for the one read that it cost. */
export const NO_EFFECT: Decision = { writes: [], sends: [], record: false };

/** Most bytes of JSON that a blocked run's document keeps, out of the 1 MiB (https://firebase.google.com/docs/firestore/quotas#limits). */
export const DOCUMENT_LIMIT = 1_000_000;

/** The run as it is to be written, and what is to be sent after that. */
export interface Brought {
  readonly run: RunRecord;
  /** Of the pages of its history. */
  readonly writes: readonly Write[];
  readonly sends: readonly Send[];
  /** To be kept once this is committed; left out where the next message had better replay. */
  readonly warm?: WarmRun;
}

/** A run as a message finds it. */
export interface Stand {
  readonly run: RunRecord;
  /** Its execution, where this instance has it: it is then at `run`. */
  readonly warm?: WarmRun | undefined;
  /** What claim checks stand for, of the execution where there is one. */
  readonly payloads: Payloads;
  /** Reads such payloads. */
  find: DecisionRequest['payloads'];
  /** The whole history, read when it is asked for. */
  history(): Promise<readonly Entry[]>;
}

/**
 * Brings a run on by what came, and says what to write and send. `stale`: nothing of it had any effect, and the execution in memory is
 * where it was; only asked of that, since replay had better be spared by looking first.
 */
export async function bringOn(
  host: Host,
  stand: Stand,
  came: readonly RunEvent[],
  log: Log,
): Promise<Brought | 'stale'> {
  return (await goOn(host, stand, came, log)) ?? replay(host, stand, came, log);
}

/**
 * From the execution that is there. Undefined where that is not the way, or where something is wrong: then replay finds out what, from
 * the history as it is stored.
 */
async function goOn(
  host: Host,
  stand: Stand,
  events: readonly RunEvent[],
  log: Log,
): Promise<Brought | 'stale' | undefined> {
  const { run, warm } = stand;
  if (!warm || run.status === 'blocked' || run.stuck || run.kept.length > 0) return undefined;
  const { execution, speakFor } = warm;
  const { ledger } = execution;
  if (needsCode(ledger, events) && !execution.hasCode) return undefined;
  stand.payloads.findBy(stand.find);
  const outcome = ledger.outcome;
  speakFor(log);
  const now = () => timeOf(host, ledger.time, events);
  let progressed: Progressed;
  try {
    progressed = await progress({
      ...{ code: undefined, history: [], live: execution, events, lenient: 0, now },
      effects: effectsOf(host),
    });
  } catch (error) {
    if (isOthers(error)) throw error;
    return undefined;
  }
  if (typeof progressed.taken === 'object') throw refusal(progressed.taken.refused);
  if (progressed.appended.length === 0) return 'stale';
  const { paged, writes } = append(run, progressed.appended);
  if ((tooLong(host, ledger, paged) || tooHeavy(writes, progressed.commands)) && !outcome) return undefined;
  return faultless(() => settled(host, { ...run, ...paged }, writes, progressed, warm, log));
}

interface Replaying {
  /** Nothing is undone before all that came is taken. */
  readonly together?: boolean;
  /** Ends the code of the run by this failure, instead of its going on. */
  readonly fail?: Failure;
}

/**
 * Brings a run on from its history, as it is stored.
 *
 * @throws RunFault where it can't be, and could not be the next time
 */
export async function replay(
  host: Host,
  stand: Stand,
  came: readonly RunEvent[],
  log: Log,
  { together = false, fail }: Replaying = {},
): Promise<Brought> {
  const { run, payloads } = stand;
  const history = await stand.history();
  const events = [...run.kept, ...came];
  payloads.findBy(stand.find);
  let before: Ledger;
  try {
    before = Ledger.of(history);
  } catch (error) {
    if (!(error instanceof Parked)) throw error;
    // Not even an end from outside can be taken: what is to be undone can't be told.
    return park(host, run, events, error.failure, log);
  }
  let spoken = log;
  const codeLog = lazyLog(() => spoken);
  const now = () => timeOf(host, before.time, events);
  const effects = effectsOf(host);
  const request = { history, events, lenient: run.kept.length, together, now, payloads, effects };
  // What came is left out: to the run it is as if it came too late, and what it tells of is undone as an unknown outcome. But who sent an
  // update is to be answered.
  const taken = events.filter(
    (each) => run.kept.includes(each) || each.e === 'started' || each.e === 'updated',
  );
  let progressed: Progressed;
  try {
    progressed = fail
      ? await progress({ ...request, events: taken, code: undefined, fail })
      : await progress({
          ...request,
          code: begins(before, events) ? codeFor(host, run, before, events, codeLog) : undefined,
        });
  } catch (error) {
    if (!(error instanceof Parked)) throw isOthers(error) ? error : new RunFault(error);
    // The history alone says what to do once the code is over, and when the run is to be cancelled: it holds every undo (I8).
    const codeNeeded = !before.outcome && !events.some(isInterruption);
    if (codeNeeded) return park(host, run, events, error.failure, log);
    log.error(error.message, { code: error.failure.code });
    progressed = await progress({ ...request, code: undefined });
  }
  if (typeof progressed.taken === 'object') throw refusal(progressed.taken.refused);
  let { paged, writes } = append(run, progressed.appended);
  const heavy = tooHeavy(writes, progressed.commands);
  if ((heavy || tooLong(host, progressed.live.ledger, paged)) && !before.outcome && !fail) {
    const { mostSteps, mostBytes } = host.limits;
    const message = heavy
      ? `the run begins steps of ${heavy} bytes at once, with what they send; one commit holds ${MOST_COMMIT_BYTES}`
      : `the run has over ${mostSteps} steps, or a history of over ${mostBytes} bytes`;
    const tooLarge: Failure = { code: 'HistoryTooLarge', message };
    progressed = await progress({ ...request, events: taken, code: undefined, fail: tooLarge });
    ({ paged, writes } = append(run, progressed.appended));
  }
  const warm = {
    execution: progressed.live,
    speakFor: (next: Log) => {
      spoken = next;
    },
  };
  return faultless(() => settled(host, { ...run, ...paged }, writes, progressed, warm, log));
}

function effectsOf({ clock, contract, limits }: Host): EffectHost {
  return { clock, waitMs: limits.effectWaitMs, limitMs: milliseconds(contract.limits.timeout) };
}

/** What is wrong once an event is taken is no fault of its message. */
function faultless<Made>(make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    throw isOthers(error) ? error : new RunFault(error);
  }
}

function tooLong(
  { limits }: Host,
  { codeSteps, stepsBefore }: Ledger,
  { history, pagedBytes }: Pick<RunRecord, 'history' | 'pagedBytes'>,
): boolean {
  return codeSteps - stepsBefore > limits.mostSteps || pagedBytes + history.length > limits.mostBytes;
}

/** Of a request's 10 MiB, with room for the rest of it (https://firebase.google.com/docs/firestore/quotas#limits). */
const MOST_COMMIT_BYTES = 9_500_000;

/** The bytes that the pages and what is to be sent take, where no commit holds them. */
function tooHeavy(pages: readonly Write[], commands: readonly Command[]): number | undefined {
  const paged = pages.reduce((sum, write) => sum + entryBytes(write), 0);
  // What is sent stands in what was begun: it is no larger, but for what compresses well.
  if (paged < MOST_COMMIT_BYTES / 3) return undefined;
  const bytes = paged + deflateRawSync(JSON.stringify(commands)).byteLength;
  return bytes > MOST_COMMIT_BYTES ? bytes : undefined;
}

function settled(
  host: Host,
  run: RunRecord,
  pages: readonly Write[],
  { live, commands, answers }: Progressed,
  warm: WarmRun,
  log: Log,
): Brought {
  const { ledger } = live;
  const { failure: _failure, wakeAt: _wakeAt, attributes: _attributes, queries: known, stuck, ...rest } = run;
  const { output, failure, endedAt, status, customStatus, progress: work } = ledger;
  const attributes = decodeAttributes(ledger.attributes);
  const queries = answered(known, answers, ledger.time);
  const now = host.clock.now();
  const wakeAt = endedAt === undefined ? wakeOf(ledger, run, now) : undefined;
  const next: RunRecord = {
    ...rest,
    ...(wakeAt && { wakeAt }),
    // It came to rest after all; unless it did without its code.
    ...(stuck && !live.hasCode && { stuck }),
    ...summaryOf(ledger),
    status,
    kept: [],
    checks: 0,
    updatedAt: new Date(now),
    ...(output !== undefined && { output }),
    ...(customStatus !== undefined && { customStatus }),
    ...(attributes && { attributes }),
    ...(queries && { queries }),
    ...(work && { progress: work }),
    ...(failure && { failure }),
    ...(endedAt !== undefined && {
      endedAt: new Date(endedAt),
      expireAt: new Date(endedAt + host.retentionMs),
    }),
  };
  for (const command of commands) {
    if (command.do === 'alert') {
      const { step, failure } = command;
      const message = `the compensation ${step} failed for good: ${failure.message}`;
      log.error(message, { alert: 'compensation_failed', step, code: failure.code });
    } else if (command.do === 'end') log.info('the run ended', { status, code: failure?.code });
  }
  const writes = [...expiring(pages, next), ...answerWrites(next.runId, commands, now)];
  const brought = { run: next, writes, sends: sendsOf(next, commands) };
  const continuation = commands.find((command) => command.do === 'continue');
  return continuation ? continued(host, brought, ledger, continuation.input) : { ...brought, warm };
}

/** I7: what came is kept, nothing is sent, and the run is looked at again by and by. */
function park(host: Host, run: RunRecord, kept: readonly RunEvent[], failure: Failure, log: Log): Brought {
  if (run.endedAt) {
    const message = `the run has ended, and this code can't tell what is to be done with what comes late: ${failure.message}`;
    throw new MeshError('RunBlocked', message);
  }
  const armed = run.status === 'blocked';
  const blocked: RunRecord = {
    ...run,
    status: 'blocked',
    failure,
    kept,
    updatedAt: new Date(host.clock.now()),
    ...(!armed && {
      rechecks: run.rechecks + 1,
      checks: 1,
      wakeAt: recheckAt({ checks: 1 }, host.clock.now()),
    }),
  };
  if (Buffer.byteLength(blocked.history) + Buffer.byteLength(JSON.stringify(kept)) > DOCUMENT_LIMIT) {
    const message = `the run is blocked, and keeps as many messages as it can hold: ${failure.message}`;
    throw new MeshError('RunBlocked', message);
  }
  if (!armed)
    log.error(`the run is blocked: ${failure.message}`, { alert: 'run_blocked', code: failure.code });
  return { run: blocked, writes: [], sends: armed ? [] : [recheckSend(blocked, host.clock.now())] };
}

/** The code of a run, where what came needs it. Throws `Parked` where it is not to be had (I7). */
function codeFor(
  { contract, definitions, watch, build, limits, interceptors }: Host,
  run: RunRecord,
  ledger: Ledger,
  events: readonly RunEvent[],
  log: Log,
): RunCode | undefined {
  if (!needsCode(ledger, events)) return undefined;
  const { workflow, version, runId, key, stuck } = run;
  // The same code would not come to rest this time either, and take the whole instance with it.
  if (stuck && stuck.build === build) throw new Parked(stuckFailure(workflow, stuck));
  const definition = definitions.find(workflow, version);
  const facts = { runId: run.continuedAs ?? runId, key };
  if (definition)
    return { definition, contract, facts, log, watch, mostSteps: limits.mostSteps, interceptors };
  const message = `the run began with version ${version} of ${workflow}, which this code does not hold`;
  throw new Parked({ code: 'VersionUnknown', message });
}

function stuckFailure(workflow: string, { line }: Stuck): Failure {
  const where = line === undefined ? '' : `: it was cut off at ${line}`;
  return { code: 'WorkflowStuck', message: `the workflow ${workflow} did not come to rest${where}` };
}

/** Whether the code of the run has begun, or is to. One that is ended before that never does. */
function begins({ started }: Ledger, [first, second]: readonly RunEvent[]): boolean {
  return started || first?.e !== 'started' || !second || !isInterruption(second);
}

function needsCode({ outcome, steps }: Ledger, events: readonly RunEvent[]): boolean {
  // The input of a compensation is made from the output by the code (I10).
  const needed = (event: RunEvent) => {
    const step = event.e === 'replied' && event.reply.ok ? steps.get(event.step) : undefined;
    return step instanceof CallStep && step.entry.undo !== undefined;
  };
  return !outcome || events.some(needed);
}

/** Never before what the history holds: `now()` does not go backwards, whatever the clocks of the instances say. */
export function timeOf({ clock }: Host, latest: number, events: readonly RunEvent[] = []): number {
  return Math.max(clock.now(), latest, events.at(-1)?.at ?? 0);
}

function refusal({ code, message, field }: Failure): MeshError {
  return new MeshError(code, message, field === undefined ? {} : { field });
}

export function decisionOf(
  host: Host,
  brought: Brought,
  ifVersion: string | undefined,
  payloads?: Payloads,
): Decision {
  const blobs = payloads?.takeFresh() ?? [];
  const { warm } = brought;
  const renewed = payloads?.any ? lookedAfter(brought.run, host.clock.now()) : undefined;
  const sends = renewed ? [...brought.sends, ...renewed.sends] : brought.sends;
  const tenant = currentTenant();
  const run = {
    ...(renewed ?? brought).run,
    ...(tenant !== undefined && { tenant }),
    revision: host.ids.uuid(),
  };
  const path = runPath(run.runId);
  const fields = encodeRun(run);
  const write: Write =
    ifVersion === undefined ? { kind: 'create', path, fields } : { kind: 'put', path, fields, ifVersion };
  return {
    writes: [write, ...brought.writes],
    sends,
    baggage: run.baggage ?? NO_BAGGAGE,
    ...(blobs.length > 0 && { blobs }),
    ...(warm && { committed: () => host.warm.put(run, warm) }),
  };
}
