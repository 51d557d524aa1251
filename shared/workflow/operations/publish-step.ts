import type { PublishEntry } from '../entry.ts';
import { type Progress, Step } from '../step.ts';

/** Done as soon as it is begun: nobody answers an event. */
export class PublishStep extends Step<PublishEntry> {
  begin(): Progress {
    const { id: step, name: type, data } = this.entry;
    return this.settle(this.startedAt, { ok: true }, [{ do: 'publish', type, data, step }]);
  }

  take(): undefined {
    return undefined;
  }
}
