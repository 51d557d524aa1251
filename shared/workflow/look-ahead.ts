import type { ClaimCheck } from '../contract/claim-check.ts';
import { givenCheck } from './claim-checks.ts';
import type { Entry } from './entry.ts';
import type { Payloads } from './payloads.ts';

/** Bytes of payloads that replay has at hand before it needs them: so few that a long run fits the memory, so many that there are few reads. */
const AHEAD_BYTES = 8_000_000;

/** Has at hand, on replay, the payloads that the code is about to be given: not those of the whole history at once. */
export class LookAhead {
  readonly #places: readonly { readonly at: number; readonly check: ClaimCheck }[];
  /** The first that was not asked for yet. */
  #next = 0;

  constructor(history: readonly Entry[]) {
    this.#places = history.flatMap((entry, at) => {
      const check = givenCheck(entry);
      return check ? [{ at, check }] : [];
    });
  }

  get any(): boolean {
    return this.#places.length > 0;
  }

  /** Puts at hand what the entries before `end` refer to, and some of what comes after. */
  async load(payloads: Payloads, end: number): Promise<void> {
    const next = this.#places[this.#next];
    if (!next || next.at >= end) return;
    const wanted: ClaimCheck[] = [];
    let bytes = 0;
    for (; this.#next < this.#places.length; this.#next++) {
      const place = this.#places[this.#next];
      if (!place || (place.at >= end && bytes + place.check.bytes > AHEAD_BYTES)) break;
      wanted.push(place.check);
      bytes += place.check.bytes;
    }
    await payloads.load(wanted);
  }

  /** Those that were asked for, and are for entries from `at` on. */
  from(at: number): ReadonlySet<string> {
    const left = new Set<string>();
    for (let place = this.#next - 1; place >= 0; place--) {
      const each = this.#places[place];
      if (!each || each.at < at) break;
      left.add(each.check.sha256);
    }
    return left;
  }
}
