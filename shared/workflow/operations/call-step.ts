import type { BaggageEntry } from '../../contract/baggage.ts';
import { dataBytes } from '../../contract/envelope.ts';
import type { Failure } from '../../contract/failure.ts';
import type { Json } from '../../contract/json.ts';
import type { CallCommand, Command } from '../command.ts';
import type {
  CallEntry,
  ChildEntry,
  Fired,
  Replied,
  RetryPolicy,
  RunEvent,
  UndoEntry,
  UpdateRunEntry,
} from '../entry.ts';
import { type Progress, Step } from '../step.ts';
import { backoff, mayRetry } from './retry-policy.ts';

/** Of the output of a call that nobody waited for any more. */
const MOST_LATE_BYTES = 4_000;

type Refusal = Extract<Replied['reply'], { ok: false }>;

/** Whether the command had its effect, as far as the history tells. */
export type Effect = 'none' | 'unknown' | 'known';

/** A command sent in attempts until one is answered: what a call and a compensation have in common. */
export abstract class Attempts<
  E extends CallEntry | ChildEntry | UpdateRunEntry | UndoEntry,
> extends Step<E> {
  effect: Effect = 'unknown';
  /** Whether an attempt failed in a way that leaves open what it did. */
  protected doubtful = false;
  /** Waiting to send the next attempt. */
  protected backingOff = false;
  #retryAt = Infinity;

  protected abstract readonly retry: RetryPolicy | undefined;
  protected abstract readonly timeoutAt: number | undefined;
  protected abstract data(): Json;
  /** Added to the run's baggage. */
  protected get baggage(): readonly BaggageEntry[] | undefined {
    return undefined;
  }

  override get due(): number | undefined {
    const at = Math.min(this.timeoutAt ?? Infinity, this.backingOff ? this.#retryAt : Infinity);
    return at === Infinity ? undefined : at;
  }

  protected dispatch(deadLetter?: Failure): CallCommand {
    return {
      do: 'call',
      agent: this.entry.agent,
      type: this.entry.name,
      data: this.data(),
      step: this.entry.id,
      attempt: this.attempts,
      ...(this.timeoutAt !== undefined && { deadline: this.timeoutAt }),
      ...(deadLetter && { deadLetter }),
      ...(this.baggage && { baggage: this.baggage }),
    };
  }

  take(event: RunEvent): Progress | undefined {
    if (event.e === 'replied') {
      if (event.attempt > this.attempts) return undefined;
      return event.reply.ok ? this.succeeded(event) : this.#refused(event, event.reply);
    }
    return event.e === 'fired' ? this.fired(event) : undefined;
  }

  /** An attempt was answered, be it an earlier one. */
  protected abstract succeeded(event: Replied): Progress | undefined;

  /** The last attempt failed: it was answered so, or nobody answered in time. */
  protected failed(at: number, failure: Failure, _answered = true): Progress {
    this.effect = this.doubtful ? 'unknown' : 'none';
    return this.settle(at, { ok: false, failure });
  }

  protected fired(event: Fired): Progress | undefined {
    if (event.timer !== 'retry' || !this.backingOff || event.attempt !== this.attempts) return undefined;
    if (this.status !== 'open') return undefined;
    this.backingOff = false;
    this.attempts += 1;
    return { commands: [this.dispatch()] };
  }

  #refused(event: Replied, { error: failure, undone }: Refusal): Progress | undefined {
    if (event.attempt !== this.attempts || this.backingOff) return undefined;
    if (this.status !== 'open') return this.refusedLate(failure, undone);
    // Of a refusal, and of a run that was undone, it is known that there is no effect.
    if (failure.code !== 'Rejected' && !undone) this.doubtful = true;
    if (mayRetry(this.retry, failure)) {
      const at = event.at + backoff(this.retry, this.attempts);
      const inTime = this.timeoutAt === undefined || at < this.timeoutAt;
      if (this.attempts < (this.retry?.maxAttempts ?? 1) && inTime) {
        this.backingOff = true;
        this.#retryAt = at;
        const step = this.entry.id;
        return { commands: [{ do: 'timer', step, timer: 'retry', attempt: this.attempts, at }] };
      }
    }
    return this.failed(event.at, failure);
  }

  /** A failure came for a step that is over already. */
  protected refusedLate(_failure: Failure, _undone: true | undefined): Progress | undefined {
    return undefined;
  }
}

/** A call of the workflow, or a child. */
export class CallStep extends Attempts<CallEntry | ChildEntry | UpdateRunEntry> {
  /** It came to an end after the workflow had gone on without it, and may have had its effect: undone even if the run goes on (I10). */
  late = false;
  /** Whether it is undone by itself when it may have had its effect after all, and not as its group says. */
  protected readonly alone: boolean = true;
  /** Whether its timeout passed before there was an answer. */
  #timedOut = false;
  /** Whether it was answered after that, with nothing to be done about it. */
  #answeredLate = false;
  #undoInput: Json | undefined;
  /** Why the input of its compensation can't be made from its output. */
  undoFailure: Failure | undefined;

  protected get retry() {
    return this.entry.retry;
  }
  protected get timeoutAt() {
    return this.entry.timeoutAt;
  }
  protected data(): Json {
    return this.entry.input ?? null;
  }
  protected override get baggage() {
    return this.entry.baggage;
  }

  /** The input of its compensation: made from the output once that is known. */
  get undoInput(): Json {
    return this.#undoInput ?? this.entry.undo?.input ?? null;
  }

  begin(): Progress {
    const { refused, timeoutAt, id } = this.entry;
    if (refused) {
      this.attempts = 0;
      this.effect = 'none';
      return this.settle(this.startedAt, { ok: false, failure: refused });
    }
    const commands: Command[] = [this.dispatch()];
    if (timeoutAt !== undefined)
      commands.push({ do: 'timer', step: id, timer: 'timeout', attempt: 0, at: timeoutAt });
    return { commands };
  }

  /**
   * What it did, or may have done, is undone though the run goes on. As long as an answer is to come, that tells whether there is anything
   * to undo.
   */
  override cancel(): readonly Command[] {
    const decided = this.status !== 'open' || this.backingOff;
    const commands = super.cancel();
    const effective = this.status === 'cancelled' ? this.doubtful : this.effect !== 'none';
    if (decided && effective && this.entry.undo) this.late = true;
    return commands;
  }

  /** Whether it has an undo, and an effect to be undone by it, or one that can't be ruled out. */
  get undoable(): boolean {
    return this.entry.undo !== undefined && this.effect !== 'none';
  }

  /** Nobody waits for its answer any more. */
  protected get left(): boolean {
    return this.status === 'abandoned' || this.status === 'cancelled';
  }

  protected succeeded(event: Replied): Progress | undefined {
    if (this.status === 'open') {
      if (event.invalid) {
        this.doubtful = true;
        return this.failed(event.at, event.invalid);
      }
      this.#known(event);
      return this.settle(event.at, { ok: true, value: event.reply.ok ? event.reply.output : null });
    }
    // I10: an effect that the workflow does not know of. Only a compensation makes it matter; people may want to know.
    const overdue = this.status === 'failed' || this.left;
    if (!overdue || (this.late && this.effect === 'known')) return undefined;
    if (!this.entry.undo) return this.#noteLate(event);
    this.late = true;
    this.#known(event);
    return {};
  }

  #known({ undo, undoFailed }: Replied): void {
    this.effect = 'known';
    this.#undoInput = undo;
    this.undoFailure = undoFailed;
  }

  /**
   * I10: it failed after nobody waited for it any more, in a way that leaves open what it did (it was cut short, and came again too late):
   * no better than an unknown success.
   */
  protected override refusedLate(failure: Failure, undone: true | undefined): Progress | undefined {
    if (!(this.#timedOut || this.left) || this.late) return undefined;
    const refused = undone || failure.code === 'Rejected';
    if (refused && !this.doubtful) this.effect = 'none';
    if (refused || !this.entry.undo) return this.#noteLate();
    this.late = true;
    this.effect = 'unknown';
    return {};
  }

  /** I10: that it was answered is in the history, once, and with its output where that is small. */
  #noteLate(event?: Replied): Progress | undefined {
    if (this.#answeredLate) return undefined;
    this.#answeredLate = true;
    if (!event?.reply.ok || dataBytes(event.reply.output) <= MOST_LATE_BYTES) return {};
    return { record: { ...event, reply: { ok: true, output: null } } };
  }

  protected override fired(event: Fired): Progress | undefined {
    if (event.timer !== 'timeout') return super.fired(event);
    if (this.status !== 'open' || this.timeoutAt === undefined || event.at < this.timeoutAt) return undefined;
    this.doubtful = true;
    this.#timedOut = true;
    return this.failed(event.at, this.#timeout, false);
  }

  /** An agent that says that the deadline passed may be heard of before the timer is: it comes to the same (I10). */
  protected override failed(at: number, failure: Failure, answered = true): Progress {
    if (failure.code !== 'DeadlineExceeded' || this.timeoutAt === undefined)
      return super.failed(at, failure, answered);
    this.#timedOut = true;
    this.late = this.alone && this.entry.undo !== undefined;
    return super.failed(at, this.#timeout, answered);
  }

  get #timeout(): Failure {
    return { code: 'StepTimeout', message: `${this.entry.name} did not answer within its timeout` };
  }
}
