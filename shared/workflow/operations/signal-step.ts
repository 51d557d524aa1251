import type { Json } from '../../contract/json.ts';
import type { Fired, RunEvent, SignalEntry } from '../entry.ts';
import { type Progress, type Result, Step, type StepRun } from '../step.ts';

export class SignalStep extends Step<SignalEntry> {
  /** By how many events of the run its beginning is preceded: waits of one turn have it in common. */
  turn = 0;

  override get due(): number | undefined {
    return this.entry.timeoutAt;
  }

  begin(run: StepRun): Progress {
    const { id, timeoutAt, takes, skips = [] } = this.entry;
    for (const arrival of skips) run.takeSignal(arrival);
    if (takes !== undefined) {
      const came = run.takeSignal(takes);
      return this.settle(this.startedAt, received(this.entry.payload ?? came));
    }
    if (timeoutAt === undefined) return {};
    return { commands: [{ do: 'timer', step: id, timer: 'timeout', attempt: 0, at: timeoutAt }] };
  }

  take(event: RunEvent): Progress | undefined {
    if (this.status !== 'open') return undefined;
    if (event.e === 'signalled') return this.settle(event.at, received(event.payload));
    if (event.e !== 'fired' || event.timer !== 'timeout' || !isDue(event, this.entry)) return undefined;
    const message = `no signal "${this.entry.name}" came within its timeout`;
    return this.settle(event.at, { ok: false, failure: { code: 'SignalTimeout', message } });
  }
}

/** Not before its time: that would be the timer of an earlier run of the same key. */
function isDue({ at }: Fired, { timeoutAt }: SignalEntry): boolean {
  return timeoutAt !== undefined && at >= timeoutAt;
}

function received(payload: Json | undefined): Result {
  return { ok: true, ...(payload !== undefined && { value: payload }) };
}
