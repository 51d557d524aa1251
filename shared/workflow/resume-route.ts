import type { Contract } from '../contract/agent.ts';
import { dataBytes } from '../contract/envelope.ts';
import { MeshError } from '../contract/errors.ts';
import { toJson } from '../contract/json.ts';
import { CANCEL, type Message, REPLY, SIGNAL, TIMER } from '../contract/message.ts';
import { runPath } from '../contract/names.ts';
import { parseAs } from '../contract/parse.ts';
import { Cancel, Reply, Signal } from '../contract/reply.ts';
import type { Decision, DecisionRequest, Route } from '../kernel/route.ts';
import type { Entry, RunEvent } from './entry.ts';
import { bringOn, decisionOf, type Host, NO_EFFECT, timeOf } from './host.ts';
import { Ledger } from './ledger.ts';
import { decodeRun, entriesOf, type RunRecord } from './run-record.ts';
import { parseAttemptId, recheckSend } from './sends.ts';
import { timerOf } from './timer.ts';

/** The mesh's own messages that bring a run on. */
export const RESUMING = [REPLY, SIGNAL, TIMER, CANCEL] as const;
type Resuming = (typeof RESUMING)[number];

/** `mesh.reply`, `mesh.signal`, `mesh.timer`, `mesh.cancel`: each is for a run that is there already. */
export function resumeRoute(host: Host, type: Resuming): Route {
  return {
    mode: 'commit',
    reads: (message) => [runPath(runIdOf(message))],
    decide: (request) => resume(host, type, request),
  };
}

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
  if (!document || run?.agent !== host.contract.name) {
    const where = run ? `is hosted by ${run.agent}, not by ${host.contract.name}` : 'does not exist';
    throw new MeshError('RunNotFound', `the run ${runIdOf(message)} ${where}`, { field: 'runid' });
  }
  const { runId, workflow, version } = run;
  const log = request.log.child({ runId, workflow, version });
  const history = entriesOf(run);
  const came = eventOf(type, message, timeOf(host, history, run.kept), host.contract);
  if (came === undefined) return recheck(host, run, history, message, document.version, log);
  const known = Ledger.of([...history, ...run.kept]);
  if (came.e === 'signalled' && known.outcome) {
    throw new MeshError('RunEnded', `the run ${runId} is ${run.status} and takes no more signals`);
  }
  if ('step' in came && !known.steps.has(came.step)) {
    throw new MeshError('InvalidAttribute', `the run ${runId} has no step ${came.step}`, { field: 'stepid' });
  }
  if (known.apply(came) === undefined) {
    log.debug('without effect: stale or a duplicate', { type, step: message.stepId });
    return NO_EFFECT;
  }
  return decisionOf(await bringOn(host, run, history, came, log), document.version);
}

/** Looks whether a blocked run can go on. */
async function recheck(
  host: Host,
  run: RunRecord,
  history: readonly Entry[],
  message: Message,
  ifVersion: string,
  log: DecisionRequest['log'],
): Promise<Decision> {
  const timer = timerOf(message.data);
  const due = run.status === 'blocked' && timer.timer === 'recheck' && timer.recheck === run.rechecks;
  if (!due) return NO_EFFECT;
  const { run: next, sends } = await bringOn(host, run, history, undefined, log);
  if (next.status !== 'blocked') return decisionOf({ run: next, sends }, ifVersion);
  const again = { ...next, rechecks: run.rechecks + 1, checks: run.checks + 1 };
  return decisionOf({ run: again, sends: [recheckSend(again, host.clock.now())] }, ifVersion);
}

/** The message as an event of the run. Undefined for a look at a blocked run, which is none. */
function eventOf(type: Resuming, message: Message, at: number, { limits }: Contract): RunEvent | undefined {
  switch (type) {
    case REPLY: {
      const reply = fitting(parseAs(Reply, message.data, 'SchemaMismatch', 'the reply'), limits.inlineBytes);
      const attempt = parseAttemptId(message.stepId ?? '');
      if (attempt) return { e: 'replied', at, ...attempt, reply };
      throw new MeshError('InvalidAttribute', 'the reply does not name the step that it is for', {
        field: 'stepid',
      });
    }
    case SIGNAL: {
      const { name, payload } = parseAs(Signal, message.data, 'SchemaMismatch', 'the signal');
      return { e: 'signalled', at, name, ...(payload !== undefined && { payload }) };
    }
    case TIMER: {
      const timer = timerOf(message.data);
      return timer.timer === 'recheck' ? undefined : { e: 'fired', at, ...timer };
    }
    default: {
      const { reason } = parseAs(Cancel, message.data ?? {}, 'SchemaMismatch', 'the cancellation');
      return { e: 'cancelled', at, ...(reason !== undefined && { reason }) };
    }
  }
}

/** The reply, or in place of one that is too large the failure which says so: what the command did is then unknown. */
function fitting(reply: Reply, most: number): Reply {
  const bytes = dataBytes(toJson(reply));
  if (bytes <= most) return reply;
  const message = `the reply has ${bytes} bytes; the limit is ${most}`;
  return { ok: false, error: { code: 'PayloadTooLarge', message } };
}

/** The run that the message is for, by an id that can be a document's. */
function runIdOf({ runId, type }: Message): string {
  if (runId && /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(runId)) return runId;
  throw new MeshError('InvalidAttribute', `a ${type} must name its run`, { field: 'runid' });
}
