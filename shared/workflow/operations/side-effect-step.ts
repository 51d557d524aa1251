import type { RunEvent, SideEffectEntry } from '../entry.ts';
import { type Progress, Step } from '../step.ts';

/** The host runs the effect, and its result comes as an event before anything is committed. */
export class SideEffectStep extends Step<SideEffectEntry> {
  begin(): Progress {
    return {};
  }

  take(event: RunEvent): Progress | undefined {
    if (event.e !== 'ran' || this.status !== 'open') return undefined;
    if (event.failure) return this.settle(event.at, { ok: false, failure: event.failure });
    return this.settle(event.at, { ok: true, ...(event.value !== undefined && { value: event.value }) });
  }
}
