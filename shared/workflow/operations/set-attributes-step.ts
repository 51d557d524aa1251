import type { SetAttributesEntry } from '../entry.ts';
import { changed } from '../run-attributes.ts';
import { type Progress, Step, type StepRun } from '../step.ts';

/** Done as soon as it is begun: the run's document has them from the next commit on. */
export class SetAttributesStep extends Step<SetAttributesEntry> {
  begin(run: StepRun): Progress {
    run.attributes = changed(run.attributes, this.entry.set);
    return this.settle(this.startedAt, { ok: true });
  }

  take(): undefined {
    return undefined;
  }
}
