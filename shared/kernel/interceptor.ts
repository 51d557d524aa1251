import type { BaggageEntry } from '../contract/baggage.ts';
import { MeshError } from '../contract/errors.ts';
import type { Failure } from '../contract/failure.ts';
import type { Log } from '../contract/log.ts';
import type { HandlerContext } from './handler.ts';

/**
 * Code around every handler, and around every operation of every workflow, of an agent: for authorization, tracing, metrics, checks and
 * changes of payloads. The first of a list is the outermost.
 *
 * @example
 * const timed: Interceptor = {
 *   async handle({ type, ctx }, next) {
 *     const begin = ctx.now().getTime();
 *     try {
 *       return await next();
 *     } finally {
 *       ctx.log.info('timed', { type, ms: ctx.now().getTime() - begin });
 *     }
 *   },
 * };
 */
export interface Interceptor {
  /**
   * Around a handler. Returns the output, which is held to the contract afterwards. What it throws counts as thrown by the handler. It runs
   * as often as the handler does: again after a conflict or a failure.
   */
  handle?(call: HandlerCall, next: NextHandler): unknown;
  /**
   * Around the beginning of an operation of a workflow. It runs when the step begins, and never on replay: what it changes stands in the
   * history, from which replay reads it. It is synchronous, and calls `next` once. What it throws refuses the step for good, where that is a
   * call, a child, a gather or a map-reduce; at any other operation it fails the run. It runs again where the commit of the step fails.
   */
  operation?(operation: Operation, next: NextOperation): void;
  /** Told of the end of an operation, once the run has taken it in, and never on replay. What it throws is logged. */
  settled?(operation: Operation, result: OperationResult): void;
}

/** A handling of one message. */
export interface HandlerCall {
  /** `<agent>.<message>`. */
  readonly type: string;
  /** By the schema of the contract. */
  readonly input: unknown;
  readonly ctx: HandlerContext<unknown>;
}

/**
 * Goes on to the next interceptor, or the handler, and resolves to the output. May be called once, and has to be awaited.
 *
 * @param changes another input, which is not parsed again; facts to add to the baggage of this handling and of all that it sends
 */
export type NextHandler = (changes?: {
  readonly input?: unknown;
  readonly baggage?: readonly BaggageEntry[];
}) => Promise<unknown>;

/** One operation of a workflow. */
export interface Operation {
  /** `call`, `child`, `gather`, `mapReduce`, `sleep`, `signal`, `sideEffect`, `publish`, `setStatus`, … */
  readonly kind: string;
  /** What it is about: `payments.charge`, the name of a signal. */
  readonly name: string;
  /** The number of the step. */
  readonly step: string;
  /** Of a call or a child: what is sent. */
  readonly input?: unknown;
  readonly run: { readonly runId: string; readonly key: string; readonly workflow: string };
  readonly startedAt: Date;
  readonly log: Log;
}

/**
 * Begins the operation, or goes on to the next interceptor.
 *
 * @param changes of a call or a child: another input, and facts to add to the baggage of what is sent
 */
export type NextOperation = (changes?: {
  readonly input?: unknown;
  readonly baggage?: readonly BaggageEntry[];
}) => void;

/** How an operation ended. */
export type OperationResult =
  | { readonly ok: true; readonly endedAt: Date }
  | { readonly ok: false; readonly endedAt: Date; readonly failure: Failure };

/** Runs `inner` inside of the interceptors that have a `handle`. */
export async function interceptHandler(
  interceptors: readonly Interceptor[],
  call: HandlerCall,
  inner: (input: unknown, baggage: readonly BaggageEntry[]) => unknown,
  contextWith: (baggage: readonly BaggageEntry[]) => HandlerContext<unknown>,
): Promise<unknown> {
  const around = interceptors.filter(({ handle }) => handle !== undefined);
  const dispatch = async (
    at: number,
    input: unknown,
    ctx: HandlerContext<unknown>,
    added: readonly BaggageEntry[],
  ): Promise<unknown> => {
    const interceptor = around[at];
    if (!interceptor?.handle) return inner(input, added);
    let state: 'waiting' | 'under way' | 'over' = 'waiting';
    const next: NextHandler = async (changes = {}) => {
      if (state !== 'waiting') throw misused('called next() a second time');
      state = 'under way';
      const more = changes.baggage ? [...added, ...changes.baggage] : added;
      const given = 'input' in changes ? changes.input : input;
      try {
        return await dispatch(at + 1, given, changes.baggage ? contextWith(more) : ctx, more);
      } finally {
        state = 'over';
      }
    };
    const output = await interceptor.handle({ ...call, input, ctx }, next);
    // Its handler would go on after the commit, and what it then sends would be lost.
    if ((state as string) === 'under way') throw misused('did not await next()');
    return output;
  };
  return dispatch(0, call.input, call.ctx, []);
}

/** The changes that interceptors make to the beginning of an operation. */
export interface OperationChanges {
  readonly input?: unknown;
  readonly baggage: readonly BaggageEntry[];
}

/**
 * Runs `begin` inside of the interceptors that have an `operation`, and returns what it returns.
 *
 * @throws what an interceptor throws; MeshError `InterceptorInvalid`
 */
export function interceptOperation<Result>(
  interceptors: readonly Interceptor[],
  operation: Operation,
  begin: (changes: OperationChanges) => Result,
): Result {
  const around = interceptors.filter((interceptor) => interceptor.operation !== undefined);
  let begun: { readonly result: Result } | undefined;
  const dispatch = (at: number, changes: OperationChanges): void => {
    const interceptor = around[at];
    if (!interceptor?.operation) {
      begun = { result: begin(changes) };
      return;
    }
    let called = false;
    const input = 'input' in changes ? changes.input : operation.input;
    const returned: unknown = interceptor.operation({ ...operation, input }, (more = {}) => {
      if (called) throw misused('called next() a second time');
      called = true;
      dispatch(at + 1, { ...changes, ...more, baggage: [...changes.baggage, ...(more.baggage ?? [])] });
    });
    if (returned instanceof Promise) {
      returned.catch(() => {});
      throw misused('is asynchronous, around an operation of a workflow');
    }
    if (!called) throw misused('did not call next()');
  };
  dispatch(0, { baggage: [] });
  if (!begun) throw misused('did not call next()');
  return begun.result;
}

function misused(how: string): MeshError {
  return new MeshError('InterceptorInvalid', `an interceptor ${how}`, { field: 'interceptors' });
}
