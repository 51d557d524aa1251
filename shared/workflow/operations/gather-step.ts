import type { Failure } from '../../contract/failure.ts';
import { type Json, messageJson } from '../../contract/json.ts';
import type { Command } from '../command.ts';
import type { CallEntry, GatherEntry } from '../entry.ts';
import type { Progress } from '../step.ts';
import { BranchStep } from './branch-step.ts';
import { GroupStep } from './group-step.ts';
import { Tally } from './tally.ts';
import { MOST_UNDER_WAY, sizeOf, Window } from './window.ts';

/** Why a gather is over: `ok` resolves. */
interface Verdict {
  readonly ok: boolean;
  readonly reason: 'all' | 'quorum' | 'deadline' | 'tolerance-exceeded' | 'quorum-unreachable';
}

/** Calls under way together, and the rule by which enough of them have been answered. */
export class GatherStep extends GroupStep<GatherEntry> {
  readonly #branches: (BranchStep | undefined)[] = [];
  readonly #window = new Window(this.entry.concurrency ?? MOST_UNDER_WAY);
  #next = 0;
  readonly #tally = new Tally<BranchStep>(this.entry.counted ?? 'by-answer');

  protected started(): Progress {
    const { branches, deadlineAt } = this.entry;
    // Those that can't be dispatched have failed already: before any other is dispatched for nothing.
    for (const [position, { refused }] of branches.entries())
      if (refused) this.#begin(position, this.startedAt);
    return this.#goOn(this.startedAt, this.wake(deadlineAt));
  }

  branchTook(branch: BranchStep, at: number): Progress {
    if (this.status !== 'open' || branch.status === 'open') return {};
    this.#count(branch);
    return this.#goOn(at);
  }

  protected woken(at: number): Progress {
    const { deadlineAt = Infinity } = this.entry;
    let next = deadlineAt;
    for (const branch of this.#branches) {
      if (branch && this.expire(branch, at)) this.#count(branch);
      else if (branch?.status === 'open') next = Math.min(next, branch.answerBy ?? Infinity);
    }
    const verdict = this.#verdict();
    if (!verdict && deadlineAt <= at)
      return this.#complete(at, { ok: this.entry.quorum === undefined, reason: 'deadline' });
    return this.#goOn(at, next === Infinity ? [] : this.wake(next));
  }

  get left(): string {
    const total = this.entry.branches.length;
    return `${total - this.#tally.done - this.#tally.failed} of ${total} left`;
  }

  #goOn(at: number, commands: readonly Command[] = []): Progress {
    const all = [...commands];
    const verdict = this.#verdict();
    if (verdict) return this.#complete(at, verdict, all);
    const { branches } = this.entry;
    for (; this.#next < branches.length; this.#next++) {
      if (this.#branches[this.#next]) continue;
      if (!this.#window.opens(sizeOf(branches[this.#next]?.in))) break;
      all.push(...this.#begin(this.#next, at));
    }
    return { commands: all };
  }

  #begin(position: number, at: number): readonly Command[] {
    const { id, calls, branches, late, deadlineAt } = this.entry;
    const branch = branches[position];
    const call = calls[branch?.of ?? 0];
    if (!branch || !call) throw new TypeError(`the gather ${id} has no branch ${position}`);
    const { undo } = call;
    const entry: CallEntry = {
      ...{ e: 'step', op: 'call', id: `${id}/${position}`, name: call.name, agent: call.agent },
      ...(branch.in !== undefined && { input: branch.in }),
      ...(call.timeoutMs !== undefined && { timeoutAt: at + call.timeoutMs }),
      ...(call.retry && { retry: call.retry }),
      ...(undo && branch.undo !== undefined && { undo: { ...undo, input: branch.undo } }),
      ...(branch.refused && { refused: branch.refused }),
    };
    // Who records what comes late is to get it: the agent is not told of the deadline then.
    const step = new BranchStep(entry, at, this, {
      late,
      ...(deadlineAt !== undefined && late !== 'record' && { deadlineAt }),
    });
    this.#branches[position] = step;
    const commands = this.adopt(step);
    if (step.status !== 'open') this.#count(step);
    return commands;
  }

  /** Counts the end of a branch, and gives its place to the next. An answer that comes after the end counts for nothing. */
  #count(branch: BranchStep): void {
    const { failure, entry, status } = branch;
    if (!this.#tally.count(branch, status === 'done' ? 'done' : 'failed', failure)) return;
    if (!('refused' in entry)) this.#window.closes(sizeOf(entry.input));
  }

  #verdict(): Verdict | undefined {
    const { branches, quorum, tolerated } = this.entry;
    const total = branches.length;
    const { done, failed } = this.#tally;
    if (done === total) return { ok: true, reason: 'all' };
    if (quorum !== undefined && done >= quorum) return { ok: true, reason: 'quorum' };
    if (failed > total - (quorum ?? 0)) return { ok: false, reason: 'quorum-unreachable' };
    if (failed > tolerated) return { ok: false, reason: 'tolerance-exceeded' };
    return done + failed === total ? { ok: true, reason: 'all' } : undefined;
  }

  #complete(at: number, { ok, reason }: Verdict, commands: readonly Command[] = []): Progress {
    for (const branch of this.#branches) if (branch && branch.status !== 'done') this.leave(branch);
    if (ok) return this.settle(at, { ok, value: { reason, branches: this.#outcomes() } }, commands);
    return this.settle(at, { ok, failure: this.#failure(reason) }, commands);
  }

  #outcomes(): Json[] {
    return this.entry.branches.map((_, position): Json => {
      const branch = this.#branches[position];
      if (!branch) return { status: 'unstarted' };
      if (branch.status === 'done') return { status: 'done', output: branch.output };
      return branch.status === 'failed' && branch.failure
        ? { status: 'failed', failure: messageJson(branch.failure) }
        : { status: 'open' };
    });
  }

  #failure(reason: Verdict['reason']): Failure {
    const { branches, quorum, tolerated } = this.entry;
    const { done, failed, firstFailure } = this.#tally;
    const total = branches.length;
    const rule =
      quorum === undefined ? `${tolerated} may fail` : `${quorum} must succeed, ${tolerated} may fail`;
    const first = firstFailure ? `; the first failure: ${firstFailure.code}: ${firstFailure.message}` : '';
    const message = `${reason}: of ${total} branches ${done} succeeded and ${failed} failed, where ${rule}${first}`;
    return { code: 'GatherFailed', message, reason };
  }
}
