import type { Failure } from '../contract/failure.ts';

/**
 * The code can't go on with this history: it has changed, awaits something foreign, or lacks the run's version. No fault of the
 * message that came, which is kept; the run is parked as `blocked` until code that matches is deployed (I7, I9).
 */
export class Parked extends Error {
  override readonly name = 'Parked';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}
