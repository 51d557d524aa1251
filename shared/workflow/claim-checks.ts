import { type ClaimCheck, claimCheckOf } from '../contract/claim-check.ts';
import type { Json } from '../contract/json.ts';
import type { Entry } from './entry.ts';

/** The claim checks of all that the code of a run, or the fold of its history, may look into: what it was given from outside. */
export function givenChecks(entries: readonly Entry[]): ClaimCheck[] {
  const checks: ClaimCheck[] = [];
  for (const entry of entries) {
    const check = claimCheckOf(given(entry), 'the history');
    if (check) checks.push(check);
  }
  return checks;
}

function given(entry: Entry): Json | undefined {
  switch (entry.e) {
    case 'started':
      return entry.input;
    case 'replied':
      return entry.reply.ok ? entry.reply.output : undefined;
    case 'signalled':
      return entry.payload;
    case 'ran':
      return entry.value;
    case 'step':
      return entry.op === 'mapReduce' ? entry.itemsIn?.payload : undefined;
    default:
      return undefined;
  }
}
