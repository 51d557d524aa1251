import type { Failure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { StepTimer } from './entry.ts';

/** What the core asks its host to do once the history that caused it is committed (I6). Plain data. */
export type Command = CallCommand | TimerCommand | PublishCommand | UndoFailed | RunEnd;

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

/** Raise the alarm: a compensation failed for good. */
export interface UndoFailed {
  readonly do: 'alert';
  readonly step: string;
  readonly failure: Failure;
}

/** Tell whoever waits for the run that it ended. */
export interface RunEnd {
  readonly do: 'end';
}
