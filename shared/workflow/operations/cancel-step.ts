import type { CancelEntry } from '../entry.ts';
import { type Progress, Step, type StepRun } from '../step.ts';

/** Steps were let go: those of a branch that lost a race, or of a scope that was cancelled. */
export class CancelStep extends Step<CancelEntry> {
  begin(run: StepRun): Progress {
    return this.settle(this.startedAt, { ok: true }, run.cancel(this.entry.steps));
  }

  take(): undefined {
    return undefined;
  }
}
