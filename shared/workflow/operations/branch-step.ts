import type { Failure } from '../../contract/failure.ts';
import type { Json } from '../../contract/json.ts';
import type { CallCommand } from '../command.ts';
import type { CallEntry, LatePolicy, Replied } from '../entry.ts';
import type { Payloads } from '../payloads.ts';
import type { Progress, Step } from '../step.ts';
import { CallStep } from './call-step.ts';

/** The step that a branch is part of. */
export interface BranchGroup extends Step {
  /** Undefined where the history is only looked at. */
  readonly payloads: Payloads | undefined;
  /** Whether the run is being undone: then every success matters. */
  readonly unwinding: boolean;
  /** A branch took an event, and may have come to its end by it. */
  branchTook(branch: BranchStep, at: number): Progress;
}

export interface BranchTerms {
  readonly late: LatePolicy;
  /** After it nobody waits for the answer; tells the agent not to begin. */
  readonly deadlineAt?: number;
}

/** A call that is part of a group. */
export class BranchStep extends CallStep {
  protected override readonly alone = false;
  readonly group: BranchGroup;
  readonly #terms: BranchTerms;
  output: Json = null;
  #recorded = false;
  /** Whether it failed by an answer. */
  #answered = false;

  constructor(entry: CallEntry, at: number, group: BranchGroup, terms: BranchTerms) {
    super(entry, at);
    this.group = group;
    this.#terms = terms;
  }

  /** When its own timeout passes. */
  get answerBy(): number | undefined {
    return this.timeoutAt;
  }

  /** The group's timer stands for those of its branches. */
  override begin(): Progress {
    const { commands = [], ...progress } = super.begin();
    return { ...progress, commands: commands.filter((command) => command.do !== 'timer') };
  }

  /** The group is complete without it. */
  leave(): void {
    // Between two attempts, or after the last, nothing more is to come that could tell what was done.
    if (this.status === 'open' ? this.backingOff : this.#answered) this.#orphan();
    if (this.status === 'open') this.status = 'abandoned';
  }

  /** The group goes on without it although it may have had its effect: nobody else would undo that (I10). */
  #orphan(): void {
    if (this.#terms.late === 'compensate' && this.doubtful && this.entry.undo) this.late = true;
  }

  /** Whether a late success is undone: as its group says, or because what the group did is undone. */
  get #compensates(): boolean {
    return this.#terms.late === 'compensate' || this.group.unwinding || this.status === 'cancelled';
  }

  protected override failed(at: number, failure: Failure, answered = true): Progress {
    const progress = super.failed(at, failure, answered);
    // One that timed out may still be answered, and is judged by that.
    this.#answered = answered;
    return progress;
  }

  protected override dispatch(...given: Parameters<CallStep['dispatch']>): CallCommand {
    const command = super.dispatch(...given);
    const deadline = Math.min(command.deadline ?? Infinity, this.#terms.deadlineAt ?? Infinity);
    return deadline === Infinity ? command : { ...command, deadline };
  }

  protected override succeeded(event: Replied): Progress | undefined {
    if (this.status === 'open') {
      const progress = super.succeeded(event);
      if (progress?.result?.ok && event.reply.ok) this.output = event.reply.output;
      return progress;
    }
    const { late } = this.#terms;
    if (this.#compensates) return super.succeeded(event);
    const overdue = this.status === 'failed' || this.left;
    if (late === 'ignore' || this.#recorded || !overdue) return undefined;
    this.#recorded = true;
    super.succeeded(event);
    // Its effect stands, unless the run is undone: then what is known of it is used.
    this.late = false;
    return {};
  }

  protected override refusedLate(...given: Parameters<CallStep['refusedLate']>): Progress | undefined {
    if (!this.#compensates) return undefined;
    const progress = super.refusedLate(...given);
    if (this.late || !this.left) return progress;
    // Refused at last; but an attempt before may have had its effect.
    this.#orphan();
    return this.late ? {} : progress;
  }
}
