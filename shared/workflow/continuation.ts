import type { Clock } from '../contract/clock.ts';
import { milliseconds } from '../contract/duration.ts';
import type { Ids } from '../contract/ids.ts';
import type { Json } from '../contract/json.ts';
import { digest } from '../contract/keys.ts';
import { runPath } from '../contract/names.ts';
import type { Write } from '../contract/store.ts';
import type { Send } from '../kernel/route.ts';
import type { RunEvent } from './entry.ts';
import { freshRun, type Origin } from './fresh-run.ts';
import type { Ledger } from './ledger.ts';
import { encodeRun, type RunRecord } from './run-record.ts';
import { beginSend, deadlineSend } from './sends.ts';

interface Maker extends Origin {
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A run to be written, what is to be written with it, and what is to be sent after that. */
interface Change {
  readonly run: RunRecord;
  readonly writes: readonly Write[];
  readonly sends: readonly Send[];
}

/**
 * Begins a run anew in the commit that ends what it was. Its document goes on under the same id, so that whatever is sent to the run
 * finds it, whoever waits for it still waits, and its key, its parent and its slot stay its own. What it was is kept beside it, as a run
 * of another id, which takes what comes late for its steps.
 */
export function continued(host: Maker, { run, writes, sends }: Change, ledger: Ledger, input: Json): Change {
  const { runId, continuedFrom, slot: _slot, schedule: _schedule, ...ended } = run;
  const kept = digest('continued', runId, String(run.createdAt.getTime()), continuedFrom ?? '');
  const before: RunRecord = {
    ...ended,
    runId: kept,
    pagesIn: run.pagesIn ?? runId,
    waiters: [],
    ...(continuedFrom !== undefined && { continuedFrom }),
    continuedAs: runId,
  };
  const next = successor(host, run, ledger, input, kept);
  return {
    run: next,
    writes: [{ kind: 'create', path: runPath(kept), fields: encodeRun(before) }, ...writes],
    sends: [
      ...sends,
      beginSend(run.agent, runId),
      ...(next.deadlineAt ? [deadlineSend(next, next.deadlineAt)] : []),
    ],
  };
}

function successor(
  host: Maker,
  run: RunRecord,
  ledger: Ledger,
  input: Json,
  continuedFrom: string,
): RunRecord {
  const { runId, workflow, key, correlationId, waiters, rechecks } = run;
  // Never at the time of the run before: what the two send is told apart by it.
  const now = Math.max(host.clock.now(), run.createdAt.getTime() + 1);
  const deadlineAt = deadlineOf(host, workflow, now);
  const kept: RunEvent[] = [
    {
      e: 'started',
      at: now,
      input,
      seed: host.ids.uuid(),
      after: ledger.codeSteps,
      ...(run.baggage && { baggage: run.baggage }),
      ...(run.attributes && { attributes: ledger.attributes }),
    },
    ...ledger.leftSignals.map(
      ({ name, payload }): RunEvent => ({
        e: 'signalled',
        at: now,
        name,
        ...(payload !== undefined && { payload }),
      }),
    ),
    // Nobody had accepted them.
    ...ledger.updates.waiting.map((update): RunEvent => ({ ...update, at: now })),
  ];
  // The digest is of the input that the run was started with: a start with that is a start of this run.
  const { inputDigest } = run;
  return {
    ...freshRun(host, { runId, workflow, key, correlationId, inputDigest, waiters }, now),
    pagesIn: digest('pages', continuedFrom),
    kept,
    rechecks,
    continuedFrom,
    ...(run.parentRunId !== undefined && { parentRunId: run.parentRunId }),
    ...(run.baggage && { baggage: run.baggage }),
    ...(run.slot && { slot: run.slot }),
    ...(run.attributes && { attributes: run.attributes }),
    ...(run.schedule !== undefined && { schedule: run.schedule }),
    // What it answered stands until its code answers anew.
    ...(run.queries && { queries: run.queries }),
    ...(deadlineAt && { deadlineAt }),
    // By then it is to have begun.
    wakeAt: new Date(now),
  };
}

/** When a run that begins now is to have ended. */
export function deadlineOf(
  { contract, definitions }: Origin,
  workflow: string,
  now: number,
): Date | undefined {
  const deadline = definitions.newest(workflow).deadline ?? contract.workflows[workflow]?.deadline;
  return deadline === undefined ? undefined : new Date(now + milliseconds(deadline));
}
