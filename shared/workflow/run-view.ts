import type { Failure } from '../contract/failure.ts';
import { describeEntry, type Entry } from './entry.ts';
import { Ledger } from './ledger.ts';
import { BranchStep } from './operations/branch-step.ts';
import { GroupStep } from './operations/group-step.ts';
import { UndoStep } from './operations/undo-step.ts';
import { UnknownStep } from './operations/unknown-step.ts';
import type { StepCounts } from './run-record.ts';
import type { Step, StepStatus } from './step.ts';
import { endingChildren } from './unwind.ts';

/** A step of a run, as `mesh runs show` prints it. */
export interface StepView {
  readonly id: string;
  /** `call`, `sleep`, `signal`, … */
  readonly operation: string;
  /** What it is about: `payments.charge`, the name of a signal. */
  readonly target: string;
  /** Of a child: its run. */
  readonly childRunId?: string;
  /** Attempts dispatched. */
  readonly attempts: number;
  /** `unknown`: of an operation that this code does not know. */
  readonly status: StepStatus | 'unknown';
  readonly startedAt: Date;
  readonly endedAt?: Date;
  readonly failure?: Failure;
  /** What became of its undo, where that was begun; its latest, where it was run again. */
  readonly compensation?: {
    readonly target: string;
    readonly attempts: number;
    readonly status: StepView['status'];
    readonly startedAt: Date;
    readonly endedAt?: Date;
    readonly failure?: Failure;
  };
}

/** The steps of a run in the order in which they began, each with its compensation. */
export function historyOf(history: readonly Entry[]): StepView[] {
  const ledger = Ledger.seen(history);
  const undos = new Map<string, UndoStep>();
  for (const undo of ledger.undos()) undos.set(undo.entry.of, undo);
  const views: StepView[] = [];
  for (const step of ledger.steps.values()) {
    if (step instanceof UndoStep) continue;
    const undo = undos.get(step.entry.id);
    views.push({
      id: step.entry.id,
      operation: step.entry.op,
      ...viewOf(step),
      ...(step.entry.op === 'child' && step.entry.run && { childRunId: step.entry.run.id }),
      ...(undo && { compensation: viewOf(undo) }),
    });
  }
  return views;
}

function viewOf(step: Step) {
  const { entry, attempts, startedAt, endedAt, failure } = step;
  const status: StepView['status'] = step instanceof UnknownStep ? 'unknown' : step.status;
  return {
    target: entry.name,
    attempts,
    status,
    startedAt: new Date(startedAt),
    ...(endedAt !== undefined && { endedAt: new Date(endedAt) }),
    ...(failure && { failure }),
  };
}

/** What the run's document says of its steps without its history being read. */
export function summaryOf(ledger: Ledger): { readonly waitingFor: string[]; readonly steps: StepCounts } {
  const { open, done, failed, steps } = ledger;
  const total = steps.size;
  // A run that fans out waits for thousands: the first few tell.
  const first = [...take(waitedFor(ledger), MOST_TOLD)];
  return {
    waitingFor: first.map(inWords),
    steps: { total, done: done.size, failed: failed.size, open: open.size },
  };
}

const MOST_TOLD = 20;

/** The code waits for a group, and for its branches only in it; a run that is being undone waits for the end of its children. */
function* waitedFor(ledger: Ledger): Iterable<Step> {
  for (const step of ledger.open.values()) if (!(step instanceof BranchStep)) yield step;
  yield* endingChildren(ledger);
}

function inWords(step: Step): string {
  const words = describeEntry(step.entry);
  return step instanceof GroupStep ? `${words} (${step.left})` : words;
}

function* take<T>(items: Iterable<T>, most: number): Iterable<T> {
  let taken = 0;
  for (const item of items) {
    if (taken++ === most) return;
    yield item;
  }
}
