import type { Failure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { Command } from './command.ts';
import type { Entry, RunEvent, StepEntry } from './entry.ts';
import { BranchStep } from './operations/branch-step.ts';
import { CallStep } from './operations/call-step.ts';
import { SignalStep } from './operations/signal-step.ts';
import { stepOf } from './operations/steps.ts';
import { UndoStep } from './operations/undo-step.ts';
import { Parked } from './parked.ts';
import type { Progress, Result, Step, StepRun } from './step.ts';

/** How the code of a run came to its end; what is left to do then is known from the history alone. */
export type Outcome = 'completed' | 'failed' | 'cancelled';

export type LedgerStatus = 'running' | 'compensating' | Outcome | 'compensation_failed';

/** What an entry caused: steps that settled, for the code that awaits them, and what to send. */
export interface Applied {
  readonly settled: readonly { readonly step: string; readonly result: Result }[];
  readonly commands: readonly Command[];
}

interface EarlySignal {
  readonly arrival: number;
  readonly name: string;
  readonly payload: Json | undefined;
}

/**
 * The state of a run, folded from its history and from nothing else: no workflow code, no I/O, no clock. Entries are applied in
 * the order of the history.
 */
export class Ledger implements StepRun {
  readonly steps = new Map<string, Step>();
  /** The time of the last event: what `now()` says. */
  time = 0;
  outcome?: Outcome;
  output?: Json;
  failure?: Failure;
  /** Steps that the code began. */
  codeSteps = 0;
  endedAt?: number;
  /** What the code last said of itself. */
  customStatus?: Json;
  /** Whether a step succeeded after the code had been told that it failed (I10). */
  hasLate = false;
  #signals: EarlySignal[] = [];
  #arrivals = 0;

  static of(history: readonly Entry[]): Ledger {
    const ledger = new Ledger();
    for (const entry of history) ledger.apply(entry);
    return ledger;
  }

  /** Undefined: an event without any effect, being stale or a duplicate. The ledger is then unchanged but for its time. */
  apply(entry: Entry): Applied | undefined {
    if ('at' in entry) this.time = Math.max(this.time, entry.at);
    switch (entry.e) {
      case 'started':
        return NOTHING;
      case 'step':
        return this.#begin(entry);
      case 'signalled':
        return this.#signalled(entry);
      case 'cancelled':
        return this.#cancelled(entry.reason);
      case 'returned':
        this.outcome = 'completed';
        this.output = entry.output;
        for (const step of this.#open()) step.status = 'ignored';
        return NOTHING;
      case 'threw':
        this.outcome = 'failed';
        this.failure = entry.failure;
        for (const step of this.#open()) step.status = 'abandoned';
        return NOTHING;
      case 'ended':
        this.endedAt = entry.at;
        return { settled: [], commands: [{ do: 'end' }] };
      default:
        return this.#take(entry);
    }
  }

  get status(): LedgerStatus {
    if (!this.outcome) return 'running';
    if (this.endedAt === undefined) return 'compensating';
    return this.failedUndos().length > 0 ? 'compensation_failed' : this.outcome;
  }

  /** Compensations that failed for good, and that no later one of the same step made up for. */
  failedUndos(): UndoStep[] {
    const latest = new Map<string, UndoStep>();
    for (const undo of this.undos()) latest.set(undo.entry.of, undo);
    return [...latest.values()].filter((undo) => undo.status === 'failed');
  }

  *undos(): Iterable<UndoStep> {
    for (const step of this.steps.values()) if (step instanceof UndoStep) yield step;
  }

  /** The step that the next signal of this name goes to. */
  signalStep(name: string): SignalStep | undefined {
    for (const step of this.steps.values()) {
      if (step instanceof SignalStep && step.status === 'open' && step.entry.name === name) return step;
    }
    return undefined;
  }

  /** Signals of this name that nobody has taken yet, in the order in which they came. */
  earlySignals(name: string): readonly EarlySignal[] {
    return this.#signals.filter((signal) => signal.name === name);
  }

  takeSignal(arrival: number): Json | undefined {
    const at = this.#signals.findIndex((signal) => signal.arrival === arrival);
    return this.#signals.splice(at, at < 0 ? 0 : 1)[0]?.payload;
  }

  undoInput(step: string): Json {
    const call = this.steps.get(step);
    return call instanceof CallStep ? call.undoInput : null;
  }

  #begin(entry: StepEntry): Applied {
    const step = stepOf(entry, entry.op === 'undo' ? entry.at : this.time);
    if (!step) {
      const message = `step ${entry.id}: this code does not know the operation ${entry.op}`;
      throw new Parked({ code: 'NonDeterministic', message });
    }
    this.steps.set(entry.id, step);
    if (entry.op !== 'undo') this.codeSteps += 1;
    return applied(entry.id, step.begin(this));
  }

  #take(event: Exclude<RunEvent, { e: 'started' | 'signalled' | 'cancelled' }>): Applied | undefined {
    const step = this.steps.get(event.step);
    const progress = step?.take(event);
    if (step instanceof CallStep && step.late) this.hasLate = true;
    if (!progress || !(step instanceof BranchStep)) return progress && applied(event.step, progress);
    const { group } = step;
    const after = group.branchTook(step, this.time);
    // The code awaits the group, and knows nothing of its branches.
    const commands = [...(progress.commands ?? []), ...(after.commands ?? [])];
    return applied(group.entry.id, { ...after, commands });
  }

  adopt(step: Step): readonly Command[] {
    this.steps.set(step.entry.id, step);
    return step.begin(this).commands ?? [];
  }

  note(): void {}

  /** Whether what the run did is to be undone. */
  get unwinding(): boolean {
    return this.outcome === 'failed' || this.outcome === 'cancelled';
  }

  #signalled(event: Extract<RunEvent, { e: 'signalled' }>): Applied | undefined {
    if (this.outcome) return undefined;
    const arrival = this.#arrivals++;
    if (event.invalid) return NOTHING;
    const waiting = this.signalStep(event.name);
    const progress = waiting?.take(event);
    if (waiting && progress) return applied(waiting.entry.id, progress);
    this.#signals.push({ arrival, name: event.name, payload: event.payload });
    return NOTHING;
  }

  #cancelled(reason: string | undefined): Applied | undefined {
    if (this.outcome) return undefined;
    this.outcome = 'cancelled';
    const message = reason ? `the run was cancelled: ${reason}` : 'the run was cancelled';
    const failure: Failure = { code: 'RunCancelled', message };
    this.failure = failure;
    const settled: Applied['settled'][number][] = [];
    for (const step of this.#open()) {
      step.status = 'abandoned';
      settled.push({ step: step.entry.id, result: { ok: false, failure } });
    }
    return { settled, commands: [] };
  }

  /** The open steps of the code. Compensations are no business of its: nothing but their own end ends them (I8). */
  *#open(): Iterable<Step> {
    for (const step of this.steps.values())
      if (step.status === 'open' && !(step instanceof UndoStep)) yield step;
  }
}

const NOTHING: Applied = { settled: [], commands: [] };

function applied(step: string, { result, commands = [] }: Progress): Applied {
  return { settled: result ? [{ step, result }] : [], commands };
}
