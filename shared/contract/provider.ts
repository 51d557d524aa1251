import type { Duration } from './duration.ts';

/** So many in a second, a minute or an hour: `50/s`. */
export type Rate = `${number}/${'s' | 'm' | 'h'}`;

/** When an agent stops asking a provider that fails, and when it asks again. */
export interface BreakerSpec {
  /** Opens after so many failures within `within`, as one instance sees them. Default 5. */
  readonly failures?: number;
  /** Default `30s`. */
  readonly within?: Duration;
  /** The least share of the calls that must have failed, 0 to 1. Default 0.5. */
  readonly share?: number;
  /** How long it stays open before one call is let through as a probe; doubles each time that a probe fails. Default `5s`. */
  readonly open?: Duration;
  /** The longest that it stays open. Default `2m`. */
  readonly maxOpen?: Duration;
}

/** Trying a call again within one handling, after a jittered pause. */
export interface ProviderRetry {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** Before the second attempt; doubles each time. Default `100ms`. */
  readonly minBackoff?: Duration;
  /** Default `2s`. */
  readonly maxBackoff?: Duration;
}

/** How an agent treats a provider that it calls. What is left out is not applied. */
export interface ProviderSpec {
  /** Most calls, all instances of the agent together. A call over it defers its message to a later window. */
  readonly rate?: Rate;
  /** Its state is shared by all instances of the agent. While it is open, messages that need the provider are deferred. */
  readonly breaker?: BreakerSpec;
  /** Most calls that one instance has under way; as many again wait for their turn, and what comes then is deferred. */
  readonly bulkhead?: number;
  readonly retry?: ProviderRetry;
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;
const FORM = /^(\d{1,9})\/([smh])$/;

/** The rate as so many calls in a window of so many milliseconds. Throws a `TypeError` for anything that is not a `Rate`. */
export function rateOf(rate: Rate): { readonly limit: number; readonly windowMs: number } {
  const [, limit, unit] = FORM.exec(rate) ?? [];
  if (limit === undefined || Number(limit) < 1)
    throw new TypeError(`not a rate: ${JSON.stringify(rate)}; write for example 50/s, 600/m or 10000/h`);
  return { limit: Number(limit), windowMs: UNIT_MS[unit as keyof typeof UNIT_MS] };
}

/** No provider is left alone for longer, in milliseconds, whatever it says: what waits for it, such as a refund, must not wait for ever. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/**
 * What a `Retry-After` header says, in milliseconds from `now`: seconds, or a date
 * (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after); an hour at most. Undefined where it says nothing that can be read.
 */
export function retryAfterMs(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined;
  if (/^\d{1,9}(\.\d+)?$/.test(header.trim()))
    return Math.min(LONGEST_RETRY_AFTER_MS, Math.ceil(Number(header) * 1_000));
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, at - now));
}
