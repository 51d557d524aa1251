import type { Failure } from '../../contract/failure.ts';
import type { Json } from '../../contract/json.ts';
import type { Replied, RetryPolicy, UndoEntry } from '../entry.ts';
import type { Progress, StepRun } from '../step.ts';
import { Attempts } from './call-step.ts';

/** On top of the delivery attempts that Pub/Sub makes for each: four minutes of waiting in all. */
const UNDO_RETRY: RetryPolicy = { maxAttempts: 10, minMs: 1_000, maxMs: 60_000 };

/** A compensation. It may yet succeed after it failed for good: when its dead letter is redriven. */
export class UndoStep extends Attempts<UndoEntry> {
  protected readonly retry = UNDO_RETRY;
  protected readonly timeoutAt = undefined;
  #input: Json = null;

  protected data(): Json {
    return this.#input;
  }

  begin(run: StepRun): Progress {
    this.#input = run.undoInput(this.entry.of);
    const { refused, at } = this.entry;
    if (!refused) return { commands: [this.dispatch()] };
    // A dead letter from the start: redriven by hand, it undoes the step as one of unknown outcome.
    const alert = { do: 'alert', step: this.entry.id, failure: refused } as const;
    return this.settle(at, { ok: false, failure: refused }, [alert, this.dispatch(refused)]);
  }

  protected succeeded(event: Replied): Progress | undefined {
    if (this.status === 'done') return undefined;
    return this.settle(event.at, { ok: true });
  }

  protected override failed(at: number, failure: Failure): Progress {
    const { result } = super.failed(at, failure);
    return { ...(result && { result }), commands: this.#alarm(failure) };
  }

  protected override refusedLate(failure: Failure): Progress | undefined {
    // A redriven dead letter that was refused once more. Given up on in another way, it is a dead letter already.
    if (this.status !== 'failed' || failure.code !== 'Rejected') return undefined;
    this.failure = failure;
    return { commands: this.#alarm(failure) };
  }

  #alarm(failure: Failure) {
    const alert = { do: 'alert', step: this.entry.id, failure } as const;
    // Refused by an orderly reply, the command is in no dead-letter topic yet. Redriven, it must be a message of its own: as
    // the same message its receiver would answer from its inbox. So it is an attempt more.
    if (failure.code !== 'Rejected') return [alert];
    this.attempts += 1;
    return [alert, this.dispatch(failure)];
  }
}
