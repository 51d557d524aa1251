import { milliseconds } from '../contract/duration.ts';
import { messageJson } from '../contract/json.ts';
import { derivedId } from '../contract/keys.ts';
import { CANCEL, REPLY, SCHEDULE, SIGNAL, SLOT, TERMINATE, TIMER } from '../contract/message.ts';
import type { Reply } from '../contract/reply.ts';
import type { Send } from '../kernel/route.ts';
import type { Command } from './command.ts';
import type { Entry } from './entry.ts';
import { Ledger } from './ledger.ts';
import type { RunRecord, Waiter } from './run-record.ts';
import type { Timer } from './timer.ts';

/** The attempt of a call that a reply answers, as `stepId` carries it: `3.1`, `undo-3.2`. */
const attemptId = (step: string, attempt: number) => `${step}.${attempt}`;

export function parseAttemptId(stepId: string): { step: string; attempt: number } | undefined {
  const [, step, attempt] = /^(.+)\.(\d{1,6})$/.exec(stepId) ?? [];
  return step === undefined ? undefined : { step, attempt: Number(attempt) };
}

/**
 * What the core asked for, as messages. Their ids are derived from the run and the step, not from the message that happened to
 * cause them: however often, and by whatever, a step is sent, it is one message.
 */
export function sendsOf(run: RunRecord, commands: readonly Command[]): Send[] {
  return commands.flatMap((command) => {
    switch (command.do) {
      case 'call':
        return [callSend(run, command)];
      case 'timer': {
        const { step, timer, attempt, at } = command;
        return [timerSend(run, { timer, step, attempt }, at, step, `${step}:${timer}:${attempt}`)];
      }
      case 'publish':
        return [{ to: 'events', ...typed(command), idFrom: idFrom(run, command.step) }];
      case 'signal': {
        const { agent, run: runId, data, step } = command;
        return [{ to: { agent }, type: SIGNAL, data, runId, idFrom: idFrom(run, step) }];
      }
      case 'answer': {
        const { id, by, reply } = command;
        const { replyTo, runId, stepId, causationId } = by;
        if (replyTo === undefined) return [];
        const waiter = { replyTo, causationId, ...(runId && { runId }), ...(stepId && { stepId }) };
        return [toWaiter(run, waiter, reply, `update:${id}`)];
      }
      case 'end-child':
        return [endChildSend(run, command)];
      case 'end':
        return [
          ...run.waiters.map((waiter, position) => replySend(run, waiter, position)),
          ...(run.slot ? [{ ...releaseSend(run, run.slot.value), idFrom: idFrom(run, 'slot') }] : []),
          ...(run.schedule === undefined ? [] : [scheduleSend(run, run.schedule)]),
        ];
      default:
        return [];
    }
  });
}

/**
 * Names what a run sends. A key can be used again once the document of its run is deleted, while what the first run sent is still
 * remembered by its receivers: so the time at which the run began is part of the name.
 */
const idFrom = ({ runId, createdAt }: RunRecord, what: string) => `${runId}:${createdAt.getTime()}:${what}`;

/** Names an attempt of a call, the first being 1. */
export const callName = (run: RunRecord, step: string, attempt: number) => idFrom(run, `${step}:${attempt}`);

function callSend(run: RunRecord, command: Extract<Command, { do: 'call' }>): Send {
  const { runId, agent } = run;
  const { step, attempt, deadline, deadLetter, detached, baggage } = command;
  return {
    to: deadLetter ? { deadLetterFor: command.agent, failure: deadLetter } : { agent: command.agent },
    ...typed(command),
    runId,
    stepId: attemptId(step, attempt),
    ...(!detached && { replyTo: agent }),
    ...(deadline !== undefined && { deadline: new Date(deadline).toISOString() }),
    idFrom: command.idFrom ?? callName(run, step, attempt),
    idempotencyKey: derivedId('step', idFrom(run, step)),
    ...(baggage && { baggage }),
  };
}

function endChildSend(
  run: RunRecord,
  { how, agent, run: child, step }: Extract<Command, { do: 'end-child' }>,
): Send {
  const { workflow, key } = child;
  return {
    to: { agent },
    type: how === 'cancel' ? CANCEL : TERMINATE,
    data: {
      reason: `its parent, ${run.workflow} ${run.key}, no longer waits for it`,
      child: { workflow, key, parentRunId: run.runId },
      ...(how === 'terminate' && { compensate: false }),
    },
    runId: child.id,
    idFrom: idFrom(run, `${step}:${how}`),
  };
}

/** Gives back the slot that the run holds, or its place in the queue. */
export function releaseSend({ agent, workflow, runId }: RunRecord, value: string): Send {
  return { to: { agent }, type: SLOT, data: { workflow, value, runId } };
}

/** Tells the schedule that started the run of its end. */
function scheduleSend(run: RunRecord, schedule: string): Send {
  const { agent, runId } = run;
  const data = { op: 'ended', schedule, runId };
  return { to: { agent }, type: SCHEDULE, data, idFrom: idFrom(run, 'schedule') };
}

/** Lets a run begin whose start was delayed, at its time. */
export function startSend(run: RunRecord, startAt: Date): Send {
  const begin = beginSend(run.agent, run.runId);
  return { ...begin, at: startAt, idFrom: idFrom(run, `start:${startAt.getTime()}`) };
}

/** Has a run that is there take its place in the queue for a slot. */
export function enterSend({ agent, workflow, runId }: RunRecord, value: string): Send {
  return { to: { agent }, type: SLOT, data: { workflow, value, runId, enter: true } };
}

/**
 * Lets a run begin that has a slot now. Each such message is another: a run that is started anew after its document was deleted is
 * not to be taken for the one before.
 */
export function beginSend(agent: string, runId: string): Send {
  return { to: { agent }, type: TIMER, data: { timer: 'begin' }, runId };
}

/** The timers of a run that are past, to be taken at once: as the messages that they were armed as, so that none is taken twice. */
export function overdueSends(run: RunRecord, history: readonly Entry[], now: number): Send[] {
  const timers: Extract<Command, { do: 'timer' }>[] = [];
  const ledger = new Ledger();
  for (const entry of history)
    for (const command of ledger.apply(entry)?.commands ?? [])
      if (command.do === 'timer') timers.push(command);
  const past = timers.filter(({ at, step }) => at <= now && ledger.steps.get(step)?.status === 'open');
  const { deadlineAt, renewAt } = run;
  const armed = [
    ...sendsOf(run, past),
    ...(deadlineAt && deadlineAt.getTime() <= now ? [deadlineSend(run, deadlineAt)] : []),
    ...(renewAt && renewAt.getTime() <= now ? [renewSend(run, renewAt)] : []),
  ];
  return armed.map(({ at: _, ...send }) => send);
}

export function deadlineSend(run: RunRecord, deadlineAt: Date): Send {
  const at = deadlineAt.getTime();
  return timerSend(run, { timer: 'deadline', at }, at, undefined, `deadline:${at}`);
}

/** Arms the next look after the payloads of a run. */
export function renewSend(run: RunRecord, renewAt: Date): Send {
  const at = renewAt.getTime();
  return timerSend(run, { timer: 'renew', at }, at, undefined, `renew:${at}`);
}

const typed = ({ type, data }: Pick<Send, 'type' | 'data'>) => ({ type, data });

function timerSend(run: RunRecord, data: Timer, at: number, stepId: string | undefined, id: string): Send {
  const { agent, runId } = run;
  return {
    to: { agent },
    type: TIMER,
    data,
    runId,
    ...(stepId !== undefined && { stepId }),
    at: new Date(at),
    idFrom: idFrom(run, id),
  };
}

/** Tells one who waits for the run how it ended. */
export function replySend(run: RunRecord, waiter: Waiter, position: number | string): Send {
  return toWaiter(run, waiter, endReply(run), `end:${position}`);
}

/** Tells one who took the run for its child that it is not, and goes on: there is nothing of it to undo. */
export function notChildSend(run: RunRecord, waiter: Waiter): Send {
  const message = `the run ${run.runId} is not a child of ${waiter.runId}: another started it before. It goes on`;
  const reply: Reply = { ok: false, error: { code: 'RunCancelled', message }, undone: true };
  return toWaiter(run, waiter, reply, `not-child:${waiter.runId}:${waiter.stepId}`);
}

function toWaiter(run: RunRecord, waiter: Waiter, reply: Reply, what: string): Send {
  const { replyTo, runId, stepId, causationId } = waiter;
  return {
    to: { agent: replyTo },
    type: REPLY,
    data: messageJson(reply),
    ...(runId !== undefined && { runId }),
    ...(stepId !== undefined && { stepId }),
    idFrom: idFrom(run, what),
    causationId,
  };
}

/** How a run that ended is told to whoever waits for it. */
export function endReply({ status, output, failure, workflow, key }: RunRecord): Reply {
  if (status === 'completed') return { ok: true, output: output ?? null };
  const known = failure ?? { code: 'WorkflowFailed', message: 'the workflow failed' };
  if (status === 'failed' || status === 'cancelled') return { ok: false, error: known, undone: true };
  if (status !== 'compensation_failed') return { ok: false, error: known };
  const message = `the undo of ${workflow} ${key} is incomplete; it was undone because: ${known.message}`;
  return { ok: false, error: { code: 'CompensationFailed', message } };
}

const FIRST_CHECK_MS = milliseconds('1m');
const LONGEST_CHECK_MS = milliseconds('1h');

export function recheckAt({ checks }: Pick<RunRecord, 'checks'>, now: number): Date {
  return new Date(now + Math.min(LONGEST_CHECK_MS, FIRST_CHECK_MS * 2 ** (checks - 1)));
}

/** Arms the next look at a blocked run. */
export function recheckSend(run: RunRecord, now: number): Send {
  const at = recheckAt(run, now).getTime();
  return timerSend(
    run,
    { timer: 'recheck', recheck: run.rechecks },
    at,
    undefined,
    `recheck:${run.rechecks}`,
  );
}
