import { milliseconds } from '../../contract/duration.ts';
import type { BreakerSpec } from '../../contract/provider.ts';

/** What the instances of an agent know together of a provider. Times are milliseconds since the epoch. */
export interface Circuit {
  /** `closed`: calls pass. `open`: none does before `until`. `probing`: one instance tries it out, up to `until`. */
  readonly state: 'closed' | 'open' | 'probing';
  readonly until: number;
  /** How many times it opened since it last stayed closed for long. */
  readonly trips: number;
  /** When it came into this state. */
  readonly since: number;
}

export const CLOSED: Circuit = { state: 'closed', until: 0, trips: 0, since: 0 };

export interface BreakerRules {
  readonly failures: number;
  readonly withinMs: number;
  readonly share: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
}

/** The rules of a contract's breaker, defaults filled in. Throws a `TypeError` for a malformed duration. */
export function breakerRules(spec: BreakerSpec): BreakerRules {
  const { failures = 5, within = '30s', share = 0.5, open = '5s', maxOpen = '2m' } = spec;
  const openMs = milliseconds(open);
  return {
    failures,
    withinMs: milliseconds(within),
    share,
    openMs,
    maxOpenMs: Math.max(openMs, milliseconds(maxOpen)),
  };
}

/** A prober that says nothing for so long is dead, and another one may try. */
const PROBE_MS = 10_000;

/** What a call may do: go ahead, go ahead as the probe (once the circuit is committed as probing), or come back later. */
export type Passage = 'pass' | 'probe' | { readonly waitUntil: number };

export function passage(circuit: Circuit, now: number, { maxOpenMs }: BreakerRules): Passage {
  if (circuit.state === 'closed') return 'pass';
  if (circuit.until <= now) return 'probe';
  // Written by a clock that is ahead of this one: it is never waited for longer than the longest that a breaker stays open.
  return { waitUntil: Math.min(circuit.until, now + Math.max(maxOpenMs, PROBE_MS)) };
}

/** Open, the longer the oftener it opened: a provider that flaps is asked less and less. */
export function opened(circuit: Circuit, now: number, { openMs, maxOpenMs }: BreakerRules): Circuit {
  const wellAgain = circuit.state === 'closed' && now - circuit.since > maxOpenMs;
  const trips = wellAgain ? 1 : circuit.trips + 1;
  const ms = Math.min(maxOpenMs, openMs * 2 ** Math.min(trips - 1, 30));
  return { state: 'open', until: now + ms, trips, since: now };
}

export function probing(circuit: Circuit, now: number): Circuit {
  return { state: 'probing', until: now + PROBE_MS, trips: circuit.trips, since: now };
}

export function closed(circuit: Circuit, now: number): Circuit {
  return { state: 'closed', until: 0, trips: circuit.trips, since: now };
}
