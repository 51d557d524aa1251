import type { HandlerContext, Handlers } from '../kernel/handler.ts';
import type { ProviderAccess } from '../kernel/providers/providers.ts';

/** One call of a provider, as a test sees it. */
export interface ProviderCall {
  /** The number of the call to this provider, from 1. */
  readonly attempt: number;
  /** Aborts when the handling is over. */
  readonly signal: AbortSignal;
  /** Runs what the handler gave to `ctx.provider(name).call`. */
  work(): Promise<unknown>;
}

/**
 * A provider, as a test plays it. It stands behind the breaker, the rate, the bulkhead and the retries that the contract sets: what it
 * throws counts as what a real call throws.
 *
 * @example
 * // The first two calls fail, the rest is done.
 * const stripe: ProviderFake = ({ attempt, work }) => {
 *   if (attempt <= 2) throw new MeshError('ProviderFailed', 'Stripe is down');
 *   return work();
 * };
 */
export type ProviderFake = (call: ProviderCall) => unknown;

type AnyHandle = (input: never, ctx: HandlerContext<never>) => unknown;

/** The handlers, calling these providers in place of the real ones. */
export function withProviderFakes(
  handlers: Handlers,
  fakes: Readonly<Record<string, ProviderFake>>,
): Handlers {
  if (Object.keys(fakes).length === 0) return handlers;
  const attempts = new Map<string, number>();
  const access = (name: string, real: ProviderAccess): ProviderAccess => {
    const fake = fakes[name];
    if (!fake) return real;
    return {
      call: <Result>(work: (signal: AbortSignal) => Promise<Result>) =>
        real.call(async (signal) => {
          const attempt = (attempts.get(name) ?? 0) + 1;
          attempts.set(name, attempt);
          // The test answers for what the handler's own work would have returned.
          return (await fake({ attempt, signal, work: () => work(signal) })) as Result;
        }),
    };
  };
  const faked =
    (handle: AnyHandle): AnyHandle =>
    (input, ctx) =>
      handle(input, { ...ctx, provider: (name) => access(name, ctx.provider(name)) });
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [
      name,
      typeof handler === 'function' ? faked(handler) : { keys: handler.keys, handle: faked(handler.handle) },
    ]),
  );
}
