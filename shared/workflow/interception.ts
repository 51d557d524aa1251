import { MeshError } from '../contract/errors.ts';
import { type Failure, toFailure } from '../contract/failure.ts';
import type { Log } from '../contract/log.ts';
import {
  type Interceptor,
  interceptOperation,
  type Operation,
  type OperationChanges,
  type OperationResult,
} from '../kernel/interceptor.ts';
import type { Ledger } from './ledger.ts';
import type { Details, Op, StepRequest } from './scope.ts';
import type { Result } from './step.ts';

/** An interceptor failed around an operation that can't be refused: the run fails with it. */
export class Uninterceptable extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The run that the operations are of. */
interface Surroundings {
  readonly ledger: Pick<Ledger, 'time'>;
  readonly log: Log;
}

/**
 * The interceptors of one run. They are asked when a step begins and when it ends, and both only live: on replay the history says how a step
 * began, with all that interceptors changed. So code of theirs that changes, or that is not there any more, leaves every history valid (I7).
 */
export class Interception {
  readonly #interceptors: readonly Interceptor[];
  readonly #run: Operation['run'];
  readonly #surroundings: Surroundings;

  constructor(interceptors: readonly Interceptor[], run: Operation['run'], surroundings: Surroundings) {
    this.#interceptors = interceptors;
    this.#run = run;
    this.#surroundings = surroundings;
  }

  /** The beginning of a step, inside of the interceptors. It is called live only. */
  around<Name extends Op, T>(request: StepRequest<Name, T>): (id: string) => Details<Name> {
    const { op, name, begin, refuse } = request;
    return (id) => {
      const operation: Operation = {
        kind: op,
        name,
        step: id,
        run: this.#run,
        startedAt: new Date(this.#surroundings.ledger.time),
        log: this.#surroundings.log,
        ...('input' in request && { input: request.input }),
      };
      try {
        return interceptOperation(this.#interceptors, operation, (changes) => {
          checkChanges(operation, changes);
          return begin(id, changes);
        });
      } catch (error) {
        const failure = toFailure(error, 'WorkflowFailed');
        if (refuse) return refuse(failure);
        throw new Uninterceptable(failure);
      }
    };
  }

  /** Tells of the end of a step. */
  settled(ledger: Ledger, id: string, result: Result): void {
    const step = ledger.steps.get(id);
    if (!step) return;
    const { log } = this.#surroundings;
    const { op: kind, name } = step.entry;
    const operation: Operation = {
      kind,
      name,
      step: id,
      run: this.#run,
      startedAt: new Date(step.startedAt),
      log,
    };
    const endedAt = new Date(step.endedAt ?? ledger.time);
    const told: OperationResult = result.ok
      ? { ok: true, endedAt }
      : { ok: false, endedAt, failure: result.failure };
    for (const interceptor of this.#interceptors) {
      try {
        interceptor.settled?.(operation, told);
      } catch (error) {
        log.error('an interceptor failed at the end of an operation', { step: id, error });
      }
    }
  }
}

function checkChanges({ kind, ...operation }: Operation, { baggage, ...changes }: OperationChanges): void {
  if ('input' in operation || (baggage.length === 0 && !('input' in changes))) return;
  throw new MeshError('InterceptorInvalid', `an interceptor changes a ${kind}, of which nothing is sent`, {
    field: 'interceptors',
  });
}
