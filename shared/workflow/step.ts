import type { Failure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { Reply } from '../contract/reply.ts';
import type { Command } from './command.ts';
import type { AttributesEntry, RunEvent, StepEntry } from './entry.ts';
import type { Payloads } from './payloads.ts';
import type { PendingUpdates } from './pending-updates.ts';

/**
 * `open` until it settles. A step still open when the run fails or is cancelled is `abandoned`: its outcome is unknown. One
 * still open when the workflow returns is `ignored`: nobody wants it. One whose scope was cancelled, or that lost a race, is `cancelled`.
 */
export type StepStatus = 'open' | 'done' | 'failed' | 'abandoned' | 'ignored' | 'cancelled';

/** What a step came to, for the code that awaits it. */
export type Result =
  | { readonly ok: true; readonly value?: Json }
  | { readonly ok: false; readonly failure: Failure };

/** How far a map-reduce has come. */
export interface WorkProgress {
  /** Items that are known of: all, once the last page has been read. */
  readonly items: number;
  readonly mapped: number;
  readonly failedShards: number;
}

/** What the beginning of a step, or an event, caused. */
export interface Progress {
  /** What the history is to hold of the event, where that is less than what came. */
  readonly record?: RunEvent;
  readonly result?: Result;
  readonly commands?: readonly Command[];
}

/** What a step may ask of the run that it belongs to. */
export interface StepRun {
  /** The payload of an early signal, by order of arrival; it leaves the buffer. */
  takeSignal(arrival: number): Json | undefined;
  /** The input of the compensation of a step. */
  undoInput(step: string): Json;
  /** Takes up a step that another consists of. What beginning it takes to be done. */
  adopt(step: Step): readonly Command[];
  /** Takes notice of what became of such a step without an event of its own. */
  note(step: Step): void;
  readonly updates: PendingUpdates;
  /** The code answered an update that it had accepted by this step. */
  answered(step: string, at: number, reply: Reply): void;
  /** Lets go of steps, and of the branches of those that have any. What that takes to be done. */
  cancel(steps: readonly string[]): readonly Command[];
  /** Whether what the run did is to be undone. */
  readonly unwinding: boolean;
  /** Undefined where the history is only looked at: what claim checks stand for is then not known. */
  readonly payloads: Payloads | undefined;
  /** How far the latest map-reduce has come. */
  progress?: WorkProgress;
  /** What the run last said of itself. */
  customStatus?: Json;
  /** Its search attributes. */
  attributes: AttributesEntry;
}

/**
 * One step as its history tells it: a state machine that needs no workflow code, so that compensations and late replies are
 * dealt with even where the code is gone.
 */
export abstract class Step<E extends StepEntry = StepEntry> {
  readonly entry: E;
  readonly startedAt: number;
  endedAt?: number;
  status: StepStatus = 'open';
  failure?: Failure;
  /** Dispatched so far; 1 for what is not dispatched in attempts. */
  attempts = 1;

  constructor(entry: E, at: number) {
    this.entry = entry;
    this.startedAt = at;
  }

  /** When the next timer of it rings, in milliseconds since the epoch. */
  get due(): number | undefined {
    return undefined;
  }

  abstract begin(run: StepRun): Progress;

  /** Takes an event of this step. Undefined: it has no effect, being stale or a duplicate. */
  abstract take(event: RunEvent): Progress | undefined;

  /** The run ends without it, for `how`. What its being left alone takes to be done. */
  abandon(_how: 'cancel' | 'terminate'): readonly Command[] {
    this.status = 'abandoned';
    return [];
  }

  /** The code that began it was cancelled, and the run goes on. What that takes to be done. */
  cancel(): readonly Command[] {
    if (this.status !== 'open') return [];
    const commands = this.abandon('cancel');
    this.status = 'cancelled';
    return commands;
  }

  settle(at: number, result: Result, commands: readonly Command[] = []): Progress {
    this.endedAt = at;
    this.status = result.ok ? 'done' : 'failed';
    if (result.ok) delete this.failure;
    else this.failure = result.failure;
    return { result, commands };
  }
}
