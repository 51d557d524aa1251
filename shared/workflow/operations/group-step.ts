import type { Command } from '../command.ts';
import type { RunEvent, StepEntry } from '../entry.ts';
import type { Payloads } from '../payloads.ts';
import { type Progress, Step, type StepRun, type WorkProgress } from '../step.ts';
import type { BranchGroup, BranchStep } from './branch-step.ts';

/**
 * A step that consists of calls: its branches. Each is a step of its own in the ledger, with its own attempts, outcome and
 * compensation; but none has an entry for its beginning, which follows from that of the group.
 *
 * One timer at a time wakes the group for the earliest of all that it waits for: a timer for each branch would double what a
 * fan-out sends.
 */
export abstract class GroupStep<E extends StepEntry = StepEntry> extends Step<E> implements BranchGroup {
  #run: StepRun | undefined;
  /** When the timers that are armed are due, by their number. */
  readonly #alarms = new Map<number, number>();
  #armed = 0;

  override get due(): number | undefined {
    return this.#alarms.size === 0 ? undefined : Math.min(...this.#alarms.values());
  }

  begin(run: StepRun): Progress {
    this.#run = run;
    return this.started();
  }

  protected abstract started(): Progress;

  abstract branchTook(branch: BranchStep, at: number): Progress;

  /** It is `at`: what is overdue by then, and what comes next. */
  protected abstract woken(at: number): Progress;

  /** What is left of it, in words. */
  abstract get left(): string;

  get unwinding(): boolean {
    return this.#run?.unwinding ?? false;
  }

  get payloads(): Payloads | undefined {
    return this.#run?.payloads;
  }

  take(event: RunEvent): Progress | undefined {
    if (event.e !== 'fired' || event.timer !== 'timeout' || this.status !== 'open') return undefined;
    const due = this.#alarms.get(event.attempt);
    if (due === undefined) return undefined;
    // Recorded even if nothing is overdue: else the history would say that the timer is still to come.
    this.#alarms.delete(event.attempt);
    return this.woken(Math.max(event.at, due));
  }

  /** Begins a branch. */
  protected adopt(branch: BranchStep): readonly Command[] {
    const commands = this.#run?.adopt(branch) ?? [];
    return branch.status === 'open' ? [...commands, ...this.wake(branch.answerBy)] : commands;
  }

  /** Fails a branch whose timeout has passed. */
  protected expire(branch: BranchStep, at: number): boolean {
    if (branch.status !== 'open' || branch.answerBy === undefined || branch.answerBy > at) return false;
    branch.take({ e: 'fired', at, step: branch.entry.id, timer: 'timeout', attempt: 0 });
    this.note(branch);
    return true;
  }

  /** Goes on without a branch that has not come to its end. */
  protected leave(branch: BranchStep): void {
    branch.leave();
    this.note(branch);
  }

  /** A branch has come to something without an event of its own. */
  protected note(branch: BranchStep): void {
    this.#run?.note(branch);
  }

  /** Says how far it has come, for the run's document. */
  protected report(progress: WorkProgress): void {
    if (this.#run) this.#run.progress = progress;
  }

  /** Sees to it that the group is woken at a time, if it is not woken before. */
  protected wake(at: number | undefined): Command[] {
    if (at === undefined || [...this.#alarms.values()].some((due) => due <= at)) return [];
    this.#armed += 1;
    this.#alarms.set(this.#armed, at);
    return [{ do: 'timer', step: this.entry.id, timer: 'timeout', attempt: this.#armed, at }];
  }
}
