import type { PatchedEntry } from '../entry.ts';
import { type Progress, Step } from '../step.ts';

/** A mark in the history: from here on the run goes the new way. */
export class PatchedStep extends Step<PatchedEntry> {
  begin(): Progress {
    return this.settle(this.startedAt, { ok: true });
  }

  take(): undefined {
    return undefined;
  }
}
