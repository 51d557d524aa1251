import type { RunEvent, SleepEntry } from '../entry.ts';
import { type Progress, Step } from '../step.ts';

export class SleepStep extends Step<SleepEntry> {
  override get due(): number {
    return this.entry.until;
  }

  begin(): Progress {
    const { id, until } = this.entry;
    return { commands: [{ do: 'timer', step: id, timer: 'sleep', attempt: 0, at: until }] };
  }

  take(event: RunEvent): Progress | undefined {
    if (event.e !== 'fired' || event.timer !== 'sleep' || this.status !== 'open') return undefined;
    // The timer of an earlier run of the same key, if it comes before its time.
    if (event.at < this.entry.until) return undefined;
    return this.settle(event.at, { ok: true });
  }
}
