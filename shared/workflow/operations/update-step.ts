import type { Reply } from '../../contract/reply.ts';
import type { AnswerEntry, UpdateEntry } from '../entry.ts';
import { type Progress, Step, type StepRun } from '../step.ts';

/** The code accepted an update, and is at it; or refused it. */
export class UpdateStep extends Step<UpdateEntry> {
  begin(run: StepRun): Progress {
    const { update, refused } = this.entry;
    if (!refused) {
      run.updates.accept(update);
      return {};
    }
    const commands = run.updates.answer(update, { ok: false, error: refused });
    return this.settle(this.startedAt, { ok: false, failure: refused }, commands);
  }

  take(): undefined {
    return undefined;
  }

  answered(at: number, reply: Reply): void {
    this.settle(at, reply.ok ? { ok: true } : { ok: false, failure: reply.error });
  }
}

/** The code answered an update. */
export class AnswerStep extends Step<AnswerEntry> {
  begin(run: StepRun): Progress {
    const { update, of, reply } = this.entry;
    run.answered(of, this.startedAt, reply);
    return this.settle(this.startedAt, { ok: true }, run.updates.answer(update, reply));
  }

  take(): undefined {
    return undefined;
  }
}
