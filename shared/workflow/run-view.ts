import type { Failure } from '../contract/failure.ts';
import { describeEntry } from './entry.ts';
import { Ledger } from './ledger.ts';
import { BranchStep } from './operations/branch-step.ts';
import { GroupStep } from './operations/group-step.ts';
import { UndoStep } from './operations/undo-step.ts';
import { entriesOf, type RunRecord, type StepCounts } from './run-record.ts';
import type { Step, StepStatus } from './step.ts';

/** A step of a run, as `mesh runs show` prints it. */
export interface StepView {
  readonly id: string;
  /** `call`, `sleep`, `signal`, … */
  readonly operation: string;
  /** What it is about: `payments.charge`, the name of a signal. */
  readonly target: string;
  /** Attempts dispatched. */
  readonly attempts: number;
  readonly status: StepStatus;
  readonly startedAt: Date;
  readonly endedAt?: Date;
  readonly failure?: Failure;
  /** What became of its undo, where that was begun; its latest, where it was run again. */
  readonly compensation?: {
    readonly target: string;
    readonly attempts: number;
    readonly status: StepStatus;
    readonly startedAt: Date;
    readonly endedAt?: Date;
    readonly failure?: Failure;
  };
}

/** The steps of a run in the order in which they began, each with its compensation. */
export function historyOf(run: RunRecord): StepView[] {
  const ledger = Ledger.of(entriesOf(run));
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
      ...(undo && { compensation: viewOf(undo) }),
    });
  }
  return views;
}

function viewOf({ entry, attempts, status, startedAt, endedAt, failure }: Step) {
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
  const waitingFor: string[] = [];
  let done = 0;
  let failed = 0;
  let open = 0;
  for (const step of ledger.steps.values()) {
    if (step.status === 'open') {
      open += 1;
      // The code waits for a group, and for its branches only in it.
      if (!(step instanceof BranchStep)) waitingFor.push(inWords(step));
    } else if (step.status === 'done') done += 1;
    else failed += 1;
  }
  // A run that fans out waits for thousands: the first few tell.
  return {
    waitingFor: waitingFor.slice(0, 20),
    steps: { total: ledger.steps.size, done, failed, open },
  };
}

function inWords(step: Step): string {
  const words = describeEntry(step.entry);
  return step instanceof GroupStep ? `${words} (${step.left})` : words;
}
