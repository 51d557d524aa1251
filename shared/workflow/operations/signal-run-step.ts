import type { SignalRunEntry } from '../entry.ts';
import { type Progress, Step } from '../step.ts';

/** Done as soon as it is begun: nobody answers a signal. */
export class SignalRunStep extends Step<SignalRunEntry> {
  begin(): Progress {
    const { id: step, agent, run, signal, payload } = this.entry;
    const data = { name: signal, ...(payload !== undefined && { payload }) };
    return this.settle(this.startedAt, { ok: true }, [{ do: 'signal', agent, run, data, step }]);
  }

  take(): undefined {
    return undefined;
  }
}
