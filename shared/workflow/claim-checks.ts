import { type ClaimCheck, claimCheckOf, isClaimCheck } from '../contract/claim-check.ts';
import type { Json } from '../contract/json.ts';
import type { Entry } from './entry.ts';

/** The claim checks of all that the code of a run, or the fold of its history, may look into: what it was given from outside. */
export function givenChecks(entries: readonly Entry[]): ClaimCheck[] {
  return entries.flatMap((entry) => givenCheck(entry) ?? []);
}

/** The claim check of what an entry was given from outside. */
export function givenCheck(entry: Entry): ClaimCheck | undefined {
  return claimCheckOf(given(entry), 'the history');
}

function given(entry: Entry): Json | undefined {
  switch (entry.e) {
    case 'started':
      return entry.input;
    case 'replied':
      return entry.reply.ok ? entry.reply.output : undefined;
    case 'signalled':
      return entry.payload;
    case 'updated':
      return entry.input;
    case 'ran':
      return entry.value;
    case 'step':
      if (entry.op === 'signal') return entry.payload;
      return entry.op === 'mapReduce' ? entry.itemsIn?.payload : undefined;
    default:
      return undefined;
  }
}

/** Every claim check in a value, wherever it stands: an input that is yet to be sent again, a compensation's, an output. */
export function allChecks(
  value: unknown,
  found = new Map<string, ClaimCheck>(),
): ReadonlyMap<string, ClaimCheck> {
  if (typeof value !== 'object' || value === null) return found;
  if (isClaimCheck(value as Json)) {
    // What only looks like one stands for nothing.
    const check = attempt(() => claimCheckOf(value as Json));
    if (check) found.set(check.sha256, check);
    return found;
  }
  for (const part of Object.values(value)) allChecks(part, found);
  return found;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
