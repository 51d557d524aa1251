import type { SetStatusEntry } from '../entry.ts';
import { type Progress, Step, type StepRun } from '../step.ts';

/** Done as soon as it is begun: the run's document says it from the next commit on. */
export class SetStatusStep extends Step<SetStatusEntry> {
  begin(run: StepRun): Progress {
    run.customStatus = this.entry.value;
    return this.settle(this.startedAt, { ok: true });
  }

  take(): undefined {
    return undefined;
  }
}
