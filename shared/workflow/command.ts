import type { BaggageEntry } from '../contract/baggage.ts';
import type { Failure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { Reply } from '../contract/reply.ts';
import type { ChildRef, StepTimer, UpdateSender } from './entry.ts';

/** What the core asks its host to do once the history that caused it is committed (I6). Plain data. */
export type Command =
  | CallCommand
  | EndChild
  | TimerCommand
  | PublishCommand
  | SignalCommand
  | AnswerCommand
  | UndoFailed
  | RunEnd
  | Continuation;

/** Send an attempt of a call. */
export interface CallCommand {
  readonly do: 'call';
  readonly agent: string;
  readonly type: string;
  readonly data: Json;
  readonly step: string;
  readonly attempt: number;
  /** Milliseconds since the epoch, after which nobody waits. */
  readonly deadline?: number;
  /** Put it among the dead letters of its agent instead, for this reason. */
  readonly deadLetter?: Failure;
  /** Nobody waits for the reply. */
  readonly detached?: true;
  /** What the message is known by, where that is not the run and the step. */
  readonly idFrom?: string;
  /** Added to the run's baggage. */
  readonly baggage?: readonly BaggageEntry[];
}

/** End a child's run. */
export interface EndChild {
  readonly do: 'end-child';
  readonly how: 'cancel' | 'terminate';
  readonly agent: string;
  readonly run: ChildRef;
  readonly step: string;
}

export interface TimerCommand {
  readonly do: 'timer';
  readonly step: string;
  readonly timer: StepTimer;
  readonly attempt: number;
  readonly at: number;
}

export interface PublishCommand {
  readonly do: 'publish';
  readonly type: string;
  readonly data: Json;
  readonly step: string;
}

/** Send a signal to another run. */
export interface SignalCommand {
  readonly do: 'signal';
  readonly agent: string;
  readonly run: string;
  readonly data: Json;
  readonly step: string;
}

/** Tell whoever sent an update what came of it. */
export interface AnswerCommand {
  readonly do: 'answer';
  /** The id of the update. */
  readonly id: string;
  readonly by: UpdateSender;
  readonly reply: Reply;
}

/** Raise the alarm: a compensation failed for good. */
export interface UndoFailed {
  readonly do: 'alert';
  readonly step: string;
  readonly failure: Failure;
}

/** Begin the run anew, with this input. */
export interface Continuation {
  readonly do: 'continue';
  readonly input: Json;
}

/** Tell whoever waits for the run that it ended. */
export interface RunEnd {
  readonly do: 'end';
}
