import { MeshError } from '../contract/errors.ts';
import {
  CANCEL,
  type Message,
  PAUSE,
  REPLY,
  RESUME,
  SIGNAL,
  TERMINATE,
  TIMER,
  UPDATE,
} from '../contract/message.ts';
import { runPath } from '../contract/names.ts';
import { parseAs } from '../contract/parse.ts';
import { type AsChild, Cancel, Pause, Reply, Signal, Terminate } from '../contract/reply.ts';
import type { Decision, DecisionRequest, Mailbox, Route } from '../kernel/route.ts';
import { neverBegun, notItsChild } from './child-end.ts';
import { type Entry, isInterruption, type RunEvent } from './entry.ts';
import { endErased, useRunTenant } from './erased-run.ts';
import { failRun } from './fail-run.ts';
import { begin, endsHeld, interrupt, isHeld, isToBegin, keep, letGo, pause } from './hold.ts';
import {
  type Brought,
  bringOn,
  decisionOf,
  type Host,
  NO_EFFECT,
  replay,
  type Stand,
  timeOf,
} from './host.ts';
import { refused, targetOfUpdate, updateOf } from './incoming-update.ts';
import { Intake } from './intake.ts';
import { Ledger } from './ledger.ts';
import { Parked } from './parked.ts';
import { Payloads } from './payloads.ts';
import { renewal } from './renewal.ts';
import { readHistory } from './run-history.ts';
import { runNotFound } from './run-not-found.ts';
import { decodeRun, type RunRecord } from './run-record.ts';
import { overdueSends, parseAttemptId, recheckAt, recheckSend, releaseSend } from './sends.ts';
import { timerOf } from './timer.ts';
import { nextWake } from './wake.ts';

/** The mesh's own messages that bring a run on. */
export const RESUMING = [REPLY, SIGNAL, UPDATE, TIMER, CANCEL, TERMINATE, PAUSE, RESUME] as const;
type Resuming = (typeof RESUMING)[number];

/** `mesh.reply`, `mesh.signal`, `mesh.timer`, `mesh.cancel`, …: each is for a run that is there already. */
export function resumeRoute(host: Host, type: Resuming): Route {
  return {
    mode: 'commit',
    reads: (message) => [runPath(runIdOf(message))],
    document: (message) => runPath(runIdOf(message)),
    decide: (request) => resume(host, type, request),
    instead: (request, error) => failRun(host, request, error),
    // What the code of the run asks for is read when it does; the history holds no more.
    keepsClaimChecks: true,
    ...((type === REPLY || type === TIMER) && { mailbox }),
  };
}

/** Open steps of a run from which on its replies are left to a drainer where they come at the same time. */
const CROWD = 16;

/** What comes for a step can be left: the history knows what it has heard of the step. */
const mailbox: Mailbox = {
  documentOf: (message) => (message.stepId === undefined ? undefined : runPath(runIdOf(message))),
  crowded: ({ fields }) => ((fields.steps as { readonly open?: number } | undefined)?.open ?? 0) >= CROWD,
  drains: isSweep,
};

async function resume(host: Host, type: Resuming, request: DecisionRequest): Promise<Decision> {
  const { message } = request;
  const [document] = request.documents;
  const run = document && decodeRun(document);
  const own = message.source === `/agents/${host.contract.name}`;
  if (!document && type === TIMER && own) {
    // Timers are armed only once their run is there (I6): it has ended since, and its document was deleted.
    request.log.debug('without effect: the run of the timer is gone', { step: message.stepId });
    return NO_EFFECT;
  }
  const child = childOf(type, message);
  if (!document && child && Object.hasOwn(host.contract.workflows, child.workflow)) {
    const came = eventOf(type, request, host.clock.now(), new Intake(host.contract));
    if (came && isInterruption(came))
      return decisionOf(host, await neverBegun(host, message, child, came, request.log), undefined);
  }
  if (!document || !run) throw runNotFound(message, runIdOf(message), host.clock.now());
  if (run.agent !== host.contract.name) {
    const where = `is hosted by ${run.agent}, not by ${host.contract.name}`;
    throw new MeshError('RunNotFound', `the run ${run.runId} ${where}`, { field: 'runid' });
  }
  const { runId, workflow, version } = run;
  // Of one that was ended so, what comes later can't be read either.
  if (run.status === 'terminated' && run.failure?.code === 'PayloadErased') return NO_EFFECT;
  if (run.erased) return endErased(host, run, document.version, request.log);
  useRunTenant(run);
  if (isSweep(message)) return swept(host, run, document.version, request);
  const log = request.log.child({ runId, workflow, version });
  if (
    type === TIMER &&
    message.stepId !== undefined &&
    run.status !== 'blocked' &&
    run.steps.open === 0 &&
    run.continuedFrom === undefined
  ) {
    // The timer of a step is for an open one. Most fire long after their step is done, and a run that has ended is seldom in memory.
    log.debug('without effect: no step is open', { step: message.stepId });
    return NO_EFFECT;
  }
  const stand = standOf(host, run, request);
  const decided = (brought: Brought) => decisionOf(host, brought, document.version, stand.payloads);
  const steered = (brought: Omit<Brought, 'warm'> | undefined) =>
    brought ? decided(brought) : noEffect(host, stand);
  if (child && run.parentRunId !== child.parentRunId) return steered(notItsChild(run, child));
  const timer = type === TIMER ? timerOf(message.data) : undefined;
  if (type === PAUSE)
    return steered(pause(host, run, parseAs(Pause, message.data ?? {}, 'SchemaMismatch', 'the pause')));
  if (type === RESUME) return steered(await letGo(host, stand, log));
  if (timer?.timer === 'begin' && run.endedAt && run.slot) {
    // It was let in when its end was on its way: what that gave back was not yet its own.
    return { writes: [], sends: [releaseSend(run, run.slot.value)] };
  }
  if (timer?.timer === 'begin') return steered(await begin(host, stand, log, timeAt(host, 0, message)));
  if (timer?.timer === 'renew') {
    if (timer.at !== run.renewAt?.getTime() || run.endedAt) return steered(undefined);
    const { renews, ...next } = renewal(run, await stand.history(), host.clock.now());
    return { ...decided({ ...next, writes: [] }), renews };
  }
  // Of the run as it was before it began anew.
  if (timer?.timer === 'deadline' && timer.at !== run.deadlineAt?.getTime()) return steered(undefined);
  const ledger = stand.warm?.execution.ledger ?? (await folded(stand));
  if (type === UPDATE && (ledger?.outcome ?? run.endedAt)) {
    noEffect(host, stand);
    const ended = new MeshError('RunEnded', `the run ${runId} is ${run.status} and takes no more updates`);
    return refused(message, ended);
  }
  const intake = new Intake(host.contract, workflow, stand.payloads);
  let came: RunEvent | undefined;
  try {
    came = eventOf(type, request, timeAt(host, ledger?.time ?? 0, message), intake);
  } catch (error) {
    if (type !== UPDATE || !(error instanceof MeshError)) throw error;
    noEffect(host, stand);
    return refused(message, error);
  }
  if (came === undefined) return recheck(host, stand, message, document.version, log);
  if (came.e === 'signalled' && (ledger?.outcome ?? run.endedAt)) {
    throw new MeshError('RunEnded', `the run ${runId} is ${run.status} and takes no more signals`);
  }
  if (ledger && 'step' in came && !ledger.steps.has(came.step)) {
    if (run.continuedFrom !== undefined && ordinalOf(came.step) <= ledger.stepsBefore)
      return forward(host, message, run.continuedFrom);
    throw new MeshError('InvalidAttribute', `the run ${runId} has no step ${came.step}`, { field: 'stepid' });
  }
  if (isHeld(run) && !endsHeld(run, came)) {
    const idle = ledger && ledger.apply(came) === undefined;
    return steered(idle ? undefined : keep(host, run, came));
  }
  if ((isHeld(run) || (isToBegin(run) && run.status !== 'blocked')) && isInterruption(came))
    return decided(await interrupt(host, stand, came, log));
  // What replay is for can often be told without it.
  const over = run.endedAt !== undefined && isInterruption(came);
  const stale = ledger ? !stand.warm && ledger.apply(came) === undefined : over;
  const brought = stale ? 'stale' : await bringOn(host, stand, [came], log);
  if (brought !== 'stale') return decided(brought);
  log.debug('without effect: stale or a duplicate', { type, step: message.stepId });
  return noEffect(host, stand);
}

/** The state of the run. Undefined: its history holds what this code does not know, and only what needs none of it can be done. */
async function folded({ run, history }: Stand): Promise<Ledger | undefined> {
  const entries = await history();
  try {
    return Ledger.of([...entries, ...run.kept]);
  } catch (error) {
    if (error instanceof Parked) return undefined;
    throw error;
  }
}

/** A timer fires at its time at the earliest: another instance may have taken it in, whose clock is ahead of this one's. */
function timeAt(host: Host, latest: number, { type, notBefore }: Message): number {
  const now = timeOf(host, latest);
  return type === TIMER && notBefore !== undefined ? Math.max(now, Date.parse(notBefore)) : now;
}

/** What was due is sent once more, under the ids that it had; a run that has not begun yet begins, and one that is blocked is tried. */
async function swept(
  host: Host,
  run: RunRecord,
  ifVersion: string,
  request: DecisionRequest,
): Promise<Decision> {
  const { runId, workflow, version, status } = run;
  const now = host.clock.now();
  const log = request.log.child({ runId, workflow, version });
  if (run.endedAt || !run.wakeAt || run.wakeAt.getTime() > now) return NO_EFFECT;
  const stand = standOf(host, run, request);
  log.warn('the run should have been heard of', { wakeAt: run.wakeAt.toISOString(), status });
  if (status === 'blocked' && !isHeld(run)) return recheck(host, stand, request.message, ifVersion, log);
  if (isToBegin(run) && (run.startAt || !isHeld(run))) {
    const begun = await begin(host, stand, log, now);
    if (begun) return decisionOf(host, begun, ifVersion, stand.payloads);
  }
  const ledger = stand.warm?.execution.ledger ?? (await folded(stand));
  // What was due can't be told: the run is parked by this, and looked at until it can.
  if (!ledger && !isHeld(run)) return decisionOf(host, await replay(host, stand, [], log), ifVersion);
  const { wakeAt: _, ...rest } = run;
  const wakeAt = isHeld(run) || !ledger ? undefined : nextWake(ledger, run, now);
  const next: RunRecord = { ...rest, ...(wakeAt && { wakeAt }) };
  const { deadlineAt: _deadline, ...held } = run;
  // A run that is held passes no timer; but what it refers to is looked after all the same.
  const sends = isHeld(run) ? overdueSends(held, [], now) : overdueSends(run, await stand.history(), now);
  return decisionOf(
    host,
    { run: next, writes: [], sends, ...(stand.warm && { warm: stand.warm }) },
    ifVersion,
  );
}

function isSweep({ type, data }: Message): boolean {
  // Of an encrypted message whose key was dropped there is none.
  return type === TIMER && data !== null && timerOf(data).timer === 'sweep';
}

/** The execution goes back to where it was found. */
function noEffect(host: Host, { run, warm }: Stand): Decision {
  if (warm) host.warm.put(run, warm);
  return NO_EFFECT;
}

/** What comes late for a run that was begun anew goes to what is kept of it: its steps are there, and the undo of one may be due (I10). */
function forward({ contract }: Host, { type, data, stepId }: Message, runId: string): Decision {
  const send = { to: { agent: contract.name }, type, data, runId, ...(stepId !== undefined && { stepId }) };
  return { writes: [], sends: [send] };
}

/** The number of a step, or of the step that one undoes. */
const ordinalOf = (step: string) => Number(/^(?:undo-)?(\d+)/.exec(step)?.[1] ?? Number.NaN);

function childOf(type: Resuming, { data }: Message): AsChild | undefined {
  if (type !== CANCEL && type !== TERMINATE) return undefined;
  return parseAs(Cancel, data ?? {}, 'SchemaMismatch', 'the cancellation').child;
}

/** The run as the message finds it; the execution is taken out of memory, and who commits what it comes to puts it back. */
function standOf(host: Host, run: RunRecord, request: DecisionRequest): Stand {
  let history: Promise<readonly Entry[]> | undefined;
  const warm = host.warm.take(run);
  return {
    run,
    warm,
    payloads: warm?.execution.payloads ?? new Payloads(),
    find: request.payloads,
    history: () => {
      history ??= readHistory(request, run);
      return history;
    },
  };
}

/** Looks whether a blocked run can go on. */
async function recheck(
  host: Host,
  stand: Stand,
  message: Message,
  ifVersion: string,
  log: DecisionRequest['log'],
): Promise<Decision> {
  const { run } = stand;
  const timer = timerOf(message.data);
  const asked = timer.timer === 'sweep' || (timer.timer === 'recheck' && timer.recheck === run.rechecks);
  const due = run.status === 'blocked' && asked;
  if (!due) return NO_EFFECT;
  const brought = await replay(host, stand, [], log);
  if (brought.run.status !== 'blocked') return decisionOf(host, brought, ifVersion, stand.payloads);
  const checks = run.checks + 1;
  const wakeAt = recheckAt({ checks }, host.clock.now());
  const again = { ...brought.run, rechecks: run.rechecks + 1, checks, wakeAt };
  const sends = [recheckSend(again, host.clock.now())];
  return decisionOf(host, { run: again, writes: [], sends }, ifVersion);
}

/** The message as an event of the run. Undefined for a look at a blocked run, which is none. */
function eventOf(
  type: Resuming,
  { message, key }: Pick<DecisionRequest, 'message' | 'key'>,
  at: number,
  intake: Intake,
): RunEvent | undefined {
  switch (type) {
    case REPLY: {
      const reply = intake.reply(parseAs(Reply, message.data, 'SchemaMismatch', 'the reply'));
      const attempt = parseAttemptId(message.stepId ?? '');
      if (attempt) return { e: 'replied', at, ...attempt, reply };
      throw new MeshError('InvalidAttribute', 'the reply does not name the step that it is for', {
        field: 'stepid',
      });
    }
    case SIGNAL: {
      const { name, payload } = parseAs(Signal, message.data, 'SchemaMismatch', 'the signal');
      const taken = intake.signal(name, payload);
      return { e: 'signalled', at, name, ...(taken !== undefined && { payload: taken }) };
    }
    case UPDATE:
      return updateOf(message, key, at, intake);
    case TIMER: {
      const timer = timerOf(message.data);
      if (timer.timer === 'deadline') return { e: 'expired', at };
      return 'step' in timer ? { e: 'fired', at, ...timer } : undefined;
    }
    case TERMINATE: {
      const { reason, compensate } = parseAs(
        Terminate,
        message.data ?? {},
        'SchemaMismatch',
        'the termination',
      );
      return { e: 'terminated', at, compensate, ...(reason !== undefined && { reason }) };
    }
    default: {
      const { reason } = parseAs(Cancel, message.data ?? {}, 'SchemaMismatch', 'the cancellation');
      return { e: 'cancelled', at, ...(reason !== undefined && { reason }) };
    }
  }
}

/** The run that the message is for, by an id that can be a document's. */
function runIdOf({ runId, type, data }: Message): string {
  if (type === UPDATE) return targetOfUpdate(data);
  if (runId && /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(runId)) return runId;
  throw new MeshError('InvalidAttribute', `a ${type} must name its run`, { field: 'runid' });
}
