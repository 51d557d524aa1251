import type { Failure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { Reply } from '../contract/reply.ts';
import type { Command } from './command.ts';
import {
  type AttributesEntry,
  type Entry,
  type Interruption,
  isRunEvent,
  type RunEvent,
  type StepEntry,
  type Terminated,
} from './entry.ts';
import { interruptionOf, OUTCOMES } from './interruption.ts';
import { BranchStep } from './operations/branch-step.ts';
import { CallStep } from './operations/call-step.ts';
import { ChildStep } from './operations/child-step.ts';
import { GroupStep } from './operations/group-step.ts';
import { SignalStep } from './operations/signal-step.ts';
import { stepOf } from './operations/steps.ts';
import { UndoStep } from './operations/undo-step.ts';
import { UnknownStep } from './operations/unknown-step.ts';
import { UpdateStep } from './operations/update-step.ts';
import { Parked } from './parked.ts';
import type { Payloads } from './payloads.ts';
import { PendingUpdates } from './pending-updates.ts';
import { type EarlySignal, SignalBuffer } from './signal-buffer.ts';
import type { Progress, Result, Step, StepRun, WorkProgress } from './step.ts';

/** How the code of a run came to its end; what is left to do then is known from the history alone. */
export type Outcome = 'completed' | 'failed' | 'cancelled' | 'terminated' | 'continued';

export type LedgerStatus = 'running' | 'compensating' | Outcome | 'compensation_failed';

/** What an entry caused: steps that settled, for the code that awaits them, and what to send. */
export interface Applied {
  readonly settled: readonly { readonly step: string; readonly result: Result }[];
  readonly commands: readonly Command[];
  /** What the history is to hold instead of the event. */
  readonly record?: RunEvent;
}

/**
 * The state of a run, folded from its history and from nothing else: no workflow code, no I/O, no clock. Entries are applied in
 * the order of the history.
 */
export class Ledger implements StepRun {
  readonly payloads: Payloads | undefined;
  readonly steps = new Map<string, Step>();
  /** The steps that are open, in the order of their beginning, and those that are done: looking for them would cost more the longer the run. */
  readonly open = new Map<string, Step>();
  readonly done = new Set<string>();
  /** Those that failed: one that nobody waits for any more is neither. */
  readonly failed = new Set<string>();
  /** The time of the last event: what `now()` says. */
  time = 0;
  outcome?: Outcome;
  output?: Json;
  failure?: Failure;
  started = false;
  /** Ended from outside: the code, were it to go on, gets `failure` for whatever it asks. */
  interrupted = false;
  /** Steps that the code began, those of the runs that this one continues included. */
  codeSteps = 0;
  /** Of these, the ones of the runs that this one continues. */
  stepsBefore = 0;
  endedAt?: number;
  /** How far the latest map-reduce has come. */
  progress?: WorkProgress;
  /** What the code last said of itself. */
  customStatus?: Json;
  /** What the run is found by. */
  attributes: AttributesEntry = {};
  /** Whether a step succeeded after the code had been told that it failed (I10). */
  hasLate = false;
  /** Nothing is done with it but looking. */
  #seen = false;
  readonly updates = new PendingUpdates();
  readonly #signals = new SignalBuffer();
  #events = 0;
  #uncompensated = false;
  #continuation: Json = null;

  constructor(payloads?: Payloads) {
    this.payloads = payloads;
  }

  /** @throws Parked where the history holds what this code does not know: it was written by a later release (I7) */
  static of(history: readonly Entry[]): Ledger {
    const ledger = new Ledger();
    for (const entry of history) ledger.apply(entry);
    return ledger;
  }

  /** For who only looks: what this code does not know is an `UnknownStep`, or passed over. */
  static seen(history: readonly Entry[]): Ledger {
    const ledger = new Ledger();
    ledger.#seen = true;
    for (const entry of history) ledger.apply(entry);
    return ledger;
  }

  /** Undefined: an event without any effect, being stale or a duplicate. The ledger is then unchanged. */
  apply(entry: Entry): Applied | undefined {
    const before = this.time;
    if ('at' in entry) this.time = Math.max(before, entry.at);
    const applied = this.#apply(entry);
    // It will not be in the history either.
    if (!applied) this.time = before;
    else if (isRunEvent(entry)) this.#events += 1;
    return applied;
  }

  #apply(entry: Entry): Applied | undefined {
    switch (entry.e) {
      case 'started':
        this.started = true;
        this.stepsBefore = entry.after ?? 0;
        this.codeSteps = this.stepsBefore;
        this.attributes = entry.attributes ?? {};
        return NOTHING;
      case 'step':
        return this.#begin(entry);
      case 'signalled':
        return this.#signalled(entry);
      case 'updated':
        return this.#updated(entry);
      case 'cancelled':
      case 'expired':
        return this.#interrupted(entry, 'cancel');
      case 'terminated':
        return this.#terminated(entry);
      case 'continued':
        this.outcome = 'continued';
        this.#continuation = entry.input;
        for (const step of this.#ofCode()) this.#note(step, 'ignored');
        return { settled: [], commands: this.updates.end('went on as a new one', 'waiting') };
      case 'returned':
        this.outcome = 'completed';
        this.output = entry.output;
        for (const step of this.#ofCode()) this.#note(step, 'ignored');
        return { settled: [], commands: this.updates.end('completed') };
      case 'threw':
        this.outcome = 'failed';
        this.failure = entry.failure;
        return {
          settled: [],
          commands: [
            ...this.#ofCode().flatMap((step) => this.#abandon(step, 'cancel')),
            ...this.updates.end('failed'),
          ],
        };
      case 'ended':
        this.endedAt = entry.at;
        return { settled: [], commands: [this.#endCommand()] };
      case 'replied':
      case 'fired':
      case 'ran':
        return this.#take(entry);
      default:
        if (this.#seen) return NOTHING;
        throw unknown(`does not know the event ${(entry as Entry).e}`);
    }
  }

  get status(): LedgerStatus {
    if (!this.outcome) return 'running';
    if (this.endedAt === undefined) return 'compensating';
    return this.undoneInPart ? 'compensation_failed' : this.outcome;
  }

  /** Whether what the run did is to be undone. */
  get unwinding(): boolean {
    if (this.outcome === 'terminated') return !this.#uncompensated;
    return this.outcome === 'failed' || this.outcome === 'cancelled';
  }

  /** Whether all that the run did has been undone, the run having ended. */
  get undone(): boolean {
    return this.unwinding && this.endedAt !== undefined && !this.undoneInPart;
  }

  /** Whether something that was to be undone is not, for good. */
  get undoneInPart(): boolean {
    if (this.failedUndos().length > 0) return true;
    if (!this.unwinding) return false;
    for (const step of this.steps.values()) if (step instanceof ChildStep && step.undoneInPart) return true;
    return false;
  }

  /** Signals that came and were not taken, in the order in which they came. */
  get leftSignals(): readonly EarlySignal[] {
    return this.#signals.left;
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

  /**
   * The step that the next signal of this name goes to: of those that wait for it, the waits of the latest turn come first, since one of an
   * earlier turn may have lost a race. Waits of one turn are served in the order in which they began.
   */
  signalStep(name: string): SignalStep | undefined {
    const waits = [...this.open.values()].filter(
      (step): step is SignalStep => step instanceof SignalStep && step.entry.name === name,
    );
    if (!waits.some(({ entry }) => entry.served === 'latest-first')) return waits[0];
    return waits.reduce((first, next) => (next.turn > first.turn ? next : first));
  }

  /** Those of these steps that are open, or did what can be undone: what cancelling them can change. */
  cancellable(steps: readonly string[]): readonly string[] {
    return steps.filter((id) => {
      const step = this.steps.get(id);
      if (!step) return false;
      return (
        step.status === 'open' || step instanceof GroupStep || (step instanceof CallStep && step.undoable)
      );
    });
  }

  cancel(steps: readonly string[]): readonly Command[] {
    const groups = new Set(steps.filter((id) => this.steps.get(id) instanceof GroupStep));
    const branches =
      groups.size === 0 ? [] : [...this.steps.keys()].filter((id) => groups.has(id.split('/', 1)[0] ?? ''));
    return [...new Set([...steps, ...branches])].flatMap((id) => {
      const step = this.steps.get(id);
      if (!step) return [];
      const commands = step.cancel();
      this.note(step);
      return commands;
    });
  }

  /** Signals of this name that nobody has taken yet, in the order in which they came. */
  earlySignals(name: string): readonly EarlySignal[] {
    return this.#signals.of(name);
  }

  takeSignal(arrival: number): Json | undefined {
    return this.#signals.take(arrival);
  }

  answered(step: string, at: number, reply: Reply): void {
    const update = this.steps.get(step);
    if (!(update instanceof UpdateStep)) return;
    update.answered(at, reply);
    this.#note(update);
  }

  undoInput(step: string): Json {
    const call = this.steps.get(step);
    return call instanceof CallStep ? call.undoInput : null;
  }

  #begin(entry: StepEntry): Applied {
    const known = stepOf(entry, entry.op === 'undo' ? entry.at : this.time);
    if (!known && !this.#seen) throw unknown(`does not know the operation ${entry.op}`, entry.id);
    const step = known ?? new UnknownStep(entry, this.time);
    this.steps.set(entry.id, step);
    if (entry.op !== 'undo') this.codeSteps += 1;
    if (step instanceof SignalStep) step.turn = this.#events;
    const progress = step.begin(this);
    this.#note(step);
    return applied(entry.id, progress);
  }

  #take(
    event: Exclude<RunEvent, Interruption | { e: 'started' | 'signalled' | 'updated' }>,
  ): Applied | undefined {
    const step = this.steps.get(event.step);
    const progress = step?.take(event);
    if (step && progress) this.#note(step);
    if (step instanceof CallStep && step.late) this.hasLate = true;
    if (!progress || !(step instanceof BranchStep)) return progress && applied(event.step, progress);
    const { group } = step;
    const after = group.branchTook(step, this.time);
    this.#note(group);
    // The code awaits the group, and knows nothing of its branches.
    const commands = [...(progress.commands ?? []), ...(after.commands ?? [])];
    const { record } = progress;
    return applied(group.entry.id, { ...after, commands, ...(record && { record }) });
  }

  adopt(step: Step): readonly Command[] {
    this.steps.set(step.entry.id, step);
    const { commands = [] } = step.begin(this);
    this.#note(step);
    return commands;
  }

  note(step: Step): void {
    this.#note(step);
    if (step instanceof CallStep && step.late) this.hasLate = true;
  }

  /** One that was kept, and is taken once the code is over, is answered at once; or carried over to the run that goes on. */
  #updated(event: Extract<RunEvent, { e: 'updated' }>): Applied | undefined {
    const taken = this.updates.take(event);
    const over = taken && this.outcome && this.outcome !== 'continued';
    return taken && { settled: [], commands: over ? [...taken, ...this.updates.end('ended')] : taken };
  }

  #signalled(event: Extract<RunEvent, { e: 'signalled' }>): Applied | undefined {
    // Kept for the run that goes on.
    if (this.outcome && this.outcome !== 'continued') return undefined;
    const arrival = this.#signals.count();
    if (event.invalid) return NOTHING;
    const waiting = this.signalStep(event.name);
    const progress = waiting?.take(event);
    if (waiting && progress) {
      this.#note(waiting);
      return applied(waiting.entry.id, progress);
    }
    this.#signals.keep({ arrival, name: event.name, payload: event.payload });
    return NOTHING;
  }

  /** The code is told; what it does with that begins nothing. */
  #interrupted(entry: Interruption, how: 'cancel' | 'terminate'): Applied | undefined {
    if (this.outcome) return undefined;
    this.outcome = OUTCOMES[entry.e];
    this.interrupted = true;
    const failure = interruptionOf(entry);
    this.failure = failure;
    const steps = this.#ofCode();
    const commands = [
      ...steps.flatMap((step) => this.#abandon(step, how)),
      ...this.updates.end(entry.e === 'expired' ? 'passed its deadline' : `was ${entry.e}`),
    ];
    return {
      settled: steps.map(({ entry: { id } }) => ({ step: id, result: { ok: false, failure } })),
      commands,
    };
  }

  /** The code is over without its being told. A run that is being undone already may still be left as it is. */
  #terminated(entry: Terminated): Applied | undefined {
    if (entry.compensate) {
      const applied = this.#interrupted(entry, 'cancel');
      return applied && { settled: [], commands: applied.commands };
    }
    if (this.endedAt !== undefined) return undefined;
    this.outcome = 'terminated';
    this.interrupted = true;
    this.#uncompensated = true;
    this.failure = interruptionOf(entry);
    const commands: Command[] = [...this.updates.end('was terminated')];
    for (const step of this.steps.values())
      if (step.status === 'open' || (step instanceof ChildStep && step.underWay))
        commands.push(...this.#abandon(step, 'terminate'));
    return { settled: [], commands };
  }

  #abandon(step: Step, how: 'cancel' | 'terminate'): readonly Command[] {
    const commands = step.abandon(how);
    this.#note(step);
    return commands;
  }

  #endCommand(): Command {
    if (this.outcome !== 'continued') return { do: 'end' };
    return { do: 'continue', input: this.#continuation };
  }

  /** The open steps of the code. Compensations are no business of its: nothing but their own end ends them (I8). */
  #ofCode(): Step[] {
    return [...this.open.values()].filter((step) => !(step instanceof UndoStep));
  }

  #note(step: Step, status = step.status): void {
    const { id } = step.entry;
    step.status = status;
    if (status === 'open') this.open.set(id, step);
    else this.open.delete(id);
    if (status === 'done') this.done.add(id);
    else this.done.delete(id);
    if (status === 'failed') this.failed.add(id);
    else this.failed.delete(id);
  }
}

const NOTHING: Applied = { settled: [], commands: [] };

function unknown(what: string, step?: string): Parked {
  const message = `${step === undefined ? '' : `step ${step}: `}this code ${what}`;
  return new Parked({ code: 'OperationUnknown', message });
}

function applied(step: string, { result, commands = [], record }: Progress): Applied {
  return { settled: result ? [{ step, result }] : [], commands, ...(record && { record }) };
}
