/**
 * The rules of `wf.gather`, written a second time and as plainly as can be: given who answers when, what is dispatched, what the gather
 * comes to, and what is undone. The engine is held against it.
 */

export type LateReplies = 'compensate' | 'record' | 'ignore';
export type Answer = 'success' | 'Rejected' | 'HandlerFailed' | 'DeadlineExceeded';

export interface Rules {
  /** Of each branch: its timeout in seconds. */
  readonly timeouts: readonly (number | undefined)[];
  readonly quorum: number | undefined;
  readonly tolerated: number | undefined;
  readonly concurrency: number | undefined;
  readonly deadline: number | undefined;
  readonly late: LateReplies;
  /** Whether the run fails after its gather. */
  readonly throws: boolean;
}

/** What happens next, so many seconds after the last: a branch is answered, or the run is told to go on to its end. */
export type Happening = Answered | Ending;

export interface Answered {
  readonly after: number;
  readonly branch: number;
  readonly answer: Answer;
}

export interface Ending {
  readonly after: number;
  readonly end: true;
}

interface BranchState {
  status: 'unstarted' | 'open' | 'done' | 'failed' | 'left';
  failure: string;
  timeoutAt: number;
  /** By order of dispatch. */
  order: number;
  effect: 'none' | 'unknown' | 'known';
  /** An attempt ended in a way that leaves open what it did. */
  doubtful: boolean;
  answered: boolean;
  timedOut: boolean;
  /** Undone although the run goes on. */
  orphan: boolean;
  undone: 'not' | 'unknown' | 'known';
}

export class GatherModel {
  /** What left the run, as `second what branch`. */
  readonly sent: string[] = [];
  /** What the code is told of the gather; undefined as long as it waits. */
  outcome: string | undefined;
  readonly #rules: Rules;
  readonly #branches: BranchState[];
  #now = 0;
  #told = false;
  #run: 'running' | 'completed' | 'failed' = 'running';

  constructor(rules: Rules) {
    this.#rules = rules;
    this.#branches = rules.timeouts.map(() => ({
      ...{ status: 'unstarted', failure: '', timeoutAt: Infinity, order: 0, effect: 'unknown' },
      ...{ doubtful: false, answered: false, timedOut: false, orphan: false, undone: 'not' },
    })) as BranchState[];
    this.#goOn();
  }

  get status(): string {
    return this.#run;
  }

  /** Whether the branch can be answered: it was dispatched. */
  dispatched(branch: number): boolean {
    return this.#branches[branch]?.status !== 'unstarted';
  }

  passTime(seconds: number): void {
    this.#passTo(this.#now + seconds);
  }

  happen(happening: Happening): void {
    this.passTime(happening.after);
    if ('end' in happening) this.#told = true;
    else this.#answer(this.#branches[happening.branch] as BranchState, happening.answer);
    this.#goOn();
  }

  #passTo(time: number): void {
    for (;;) {
      const open = this.#branches.filter(({ status }) => status === 'open');
      const due = Math.min(this.#rules.deadline ?? Infinity, ...open.map(({ timeoutAt }) => timeoutAt));
      if (this.outcome !== undefined || due > time) break;
      this.#now = due;
      for (const branch of open) {
        if (branch.timeoutAt > due) continue;
        branch.status = 'failed';
        branch.failure = 'StepTimeout';
        branch.doubtful = true;
        branch.timedOut = true;
      }
      this.#decide();
      const over = this.#rules.deadline !== undefined && this.#rules.deadline <= due;
      if (over && this.outcome === undefined) this.#complete('deadline', this.#rules.quorum === undefined);
      this.#goOn();
    }
    this.#now = time;
  }

  #answer(branch: BranchState, answer: Answer): void {
    if (branch.status === 'open') {
      branch.answered = true;
      branch.status = answer === 'success' ? 'done' : 'failed';
      branch.effect = answer === 'success' ? 'known' : answer === 'Rejected' ? 'none' : 'unknown';
      branch.doubtful = branch.effect === 'unknown';
      branch.timedOut = answer === 'DeadlineExceeded' && branch.timeoutAt < Infinity;
      branch.failure = branch.timedOut ? 'StepTimeout' : answer;
      return;
    }
    if (branch.status === 'done') return;
    const unwinding = this.#run === 'failed';
    const compensates = this.#rules.late === 'compensate' || unwinding;
    if (answer === 'success') {
      if (this.#rules.late === 'ignore' && !unwinding) return;
      branch.effect = 'known';
      if (compensates) branch.orphan = true;
      return;
    }
    const awaited = branch.timedOut || branch.status === 'left';
    if (!compensates || !awaited || branch.orphan) return;
    if (answer === 'Rejected') {
      if (!branch.doubtful) branch.effect = 'none';
      return;
    }
    branch.orphan = true;
    branch.effect = 'unknown';
  }

  #goOn(): void {
    this.#decide();
    this.#dispatch();
    if (this.outcome !== undefined && this.#told && this.#run === 'running')
      this.#run = this.#rules.throws ? 'failed' : 'completed';
    this.#undo();
  }

  #count(wanted: BranchState['status']): number {
    return this.#branches.filter(({ status }) => status === wanted).length;
  }

  #decide(): void {
    if (this.outcome !== undefined) return;
    const { quorum } = this.#rules;
    const total = this.#branches.length;
    const [done, failed] = [this.#count('done'), this.#count('failed')];
    const tolerated = this.#rules.tolerated ?? (quorum === undefined ? 0 : total - quorum);
    if (done === total) this.#complete('all', true);
    else if (quorum !== undefined && done >= quorum) this.#complete('quorum', true);
    else if (failed > total - (quorum ?? 0)) this.#complete('quorum-unreachable', false);
    else if (failed > tolerated) this.#complete('tolerance-exceeded', false);
    else if (done + failed === total) this.#complete('all', true);
  }

  #dispatch(): void {
    if (this.outcome !== undefined) return;
    const { concurrency = Infinity } = this.#rules;
    let order = this.#branches.length - this.#count('unstarted');
    for (const [position, branch] of this.#branches.entries()) {
      if (branch.status !== 'unstarted') continue;
      if (this.#count('open') >= concurrency) return;
      const timeout = this.#rules.timeouts[position];
      branch.status = 'open';
      branch.order = order++;
      if (timeout !== undefined) branch.timeoutAt = this.#now + timeout;
      this.sent.push(`${this.#now} do ${position}`);
    }
  }

  #complete(reason: string, ok: boolean): void {
    const told = this.#branches.map(({ status, failure }) => (status === 'failed' ? failure : status));
    this.outcome = ok ? `${reason} ${told.join(' ')}` : reason;
    for (const branch of this.#branches) {
      // Nothing more is to come that could tell what it did.
      const inDoubt = branch.status === 'failed' && branch.answered && branch.doubtful;
      if (inDoubt && this.#rules.late === 'compensate') branch.orphan = true;
      if (branch.status === 'open') branch.status = 'left';
    }
  }

  /** The latest first; once more where only now it is known what it did. */
  #undo(): void {
    for (;;) {
      const due = this.#branches.filter(
        ({ status, effect, orphan, undone }) =>
          status !== 'unstarted' &&
          effect !== 'none' &&
          (orphan || this.#run === 'failed') &&
          (undone === 'not' || (undone === 'unknown' && effect === 'known')),
      );
      const next = due.sort((a, b) => b.order - a.order)[0];
      if (!next) return;
      next.undone = next.effect === 'known' ? 'known' : 'unknown';
      this.sent.push(`${this.#now} undo ${this.#branches.indexOf(next)} ${next.undone}`);
    }
  }
}
