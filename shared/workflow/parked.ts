import { MeshError } from '../contract/errors.ts';
import type { Failure } from '../contract/failure.ts';
import { describeEntry, type Entry, isCodeEntry } from './entry.ts';

/**
 * The code can't go on with this history: it has changed, awaits something foreign, or lacks the run's version. No fault of the
 * message that came, which is kept; the run is parked as `blocked` until code that matches is deployed (I7, I9).
 */
export class Parked extends Error {
  override readonly name = 'Parked';
  readonly failure: Failure;
  /** Where the code issued another command than the history holds. */
  readonly difference?: Difference;

  constructor(failure: Failure, difference?: Difference) {
    super(failure.message);
    this.failure = failure;
    if (difference) this.difference = difference;
  }
}

/**
 * The run can't be brought on with what came, and could not be the next time: no fault of the message, nor of the store. It fails by that, and
 * what it did is undone.
 */
export class RunFault extends Error {
  override readonly name = 'RunFault';

  constructor(cause: unknown) {
    super('the run can not be brought on', { cause });
  }
}

/** Whether an error met on bringing a run on is another's: of a service, which may pass, or of a payload that the message refers to and is gone. */
export function isOthers(error: unknown): error is MeshError {
  if (!(error instanceof MeshError)) return false;
  return error.retry || error.code === 'ClaimCheckLost' || error.code === 'ClaimCheckDamaged';
}

/** What such an error says to who asked for something that can't be done with the history. Any other error is passed on as it is. */
export function refusedFor(error: unknown): unknown {
  if (!(error instanceof Parked)) return error;
  return new MeshError(error.failure.code, error.message, { cause: error });
}

/** The first command that differs, in words: `call payments.charge`. */
export interface Difference {
  /** Left out where the history holds no command that the code's could be. */
  readonly step?: string;
  /** What the history holds; left out for nothing. */
  readonly recorded?: string;
  /** What the code issued; left out for nothing. */
  readonly issued?: string;
  /** Where the code issued it, as `file:line`; left out where the stack does not tell. */
  readonly line?: string;
}

/** That the code did something else than the history holds (I7). */
export function mismatch(
  entry: Entry | undefined,
  issued: string | undefined,
  instead: string,
  line?: string,
): Parked {
  // A step that the code begins while the history holds an event, or nothing, is one that was not there before.
  const held = entry && isCodeEntry(entry) ? describeEntry(entry) : undefined;
  const step = entry?.e === 'step' ? entry.id : undefined;
  const message = `${step === undefined ? '' : `step ${step}: `}the history holds ${held ?? 'no further command'}, ${instead}`;
  const difference: Difference = {
    ...(step !== undefined && { step }),
    ...(held !== undefined && { recorded: held }),
    ...(issued !== undefined && { issued }),
    ...(line !== undefined && { line }),
  };
  return new Parked({ code: 'NonDeterministic', message }, difference);
}
