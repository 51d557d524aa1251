import type { Clock } from '../../contract/clock.ts';
import {
  type BreakerRules,
  type Circuit,
  CLOSED,
  closed,
  opened,
  type Passage,
  passage,
  probing,
} from './circuit.ts';
import { SharedDocument, type SharedDocumentOptions } from './shared-document.ts';
import { Tally } from './tally.ts';

/** What is known of the circuit is looked up anew, at most this often, by an instance that has calls to make. */
const REFRESH_MS = 5_000;

export type BreakerOptions = Pick<SharedDocumentOptions<Circuit>, 'path' | 'store' | 'log'> & {
  readonly rules: BreakerRules;
  readonly clock: Clock;
};

/**
 * A circuit breaker whose state the instances of an agent share.
 *
 * It costs no request per call: an instance counts for itself how its calls go, looks up the shared state every few seconds, and writes
 * only when the state changes. Whoever finds an open circuit due commits itself as the one prober (the version decides who), and its
 * outcome closes or opens the circuit for all.
 */
export class Breaker {
  readonly #rules: BreakerRules;
  readonly #clock: Clock;
  readonly #circuit: SharedDocument<Circuit>;
  readonly #tally: Tally;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #opening = false;

  constructor({ rules, clock, ...document }: BreakerOptions) {
    this.#rules = rules;
    this.#clock = clock;
    this.#tally = new Tally(rules.withinMs);
    this.#circuit = new SharedDocument({ ...document, initial: CLOSED, encode, decode });
  }

  /** What a call may do now. `probe` is to be asked for with `probe()`. */
  async passage(): Promise<Passage> {
    await this.#refresh();
    return this.#passage(this.#circuit.value);
  }

  /** Makes this instance the prober. False where another one was faster. */
  probe(): Promise<boolean> {
    return this.#circuit.change((circuit) =>
      this.#passage(circuit) === 'probe' ? probing(circuit, this.#clock.now()) : undefined,
    );
  }

  /** The provider answered, be it with a refusal. */
  async answered(probe: boolean): Promise<void> {
    this.#tally.add('answered', this.#clock.now());
    if (!probe) return;
    this.#tally.clear();
    await this.#circuit.change((circuit) =>
      circuit.state === 'closed' ? undefined : closed(circuit, this.#clock.now()),
    );
  }

  /** The provider failed. Opens the circuit when it was the probe, or one failure too many. */
  async failed(probe: boolean): Promise<void> {
    const now = this.#clock.now();
    this.#tally.add('failed', now);
    const { failures, share } = this.#rules;
    const { failed, answered } = this.#tally.counts(now);
    const tooMany = failed >= failures && failed >= share * (failed + answered);
    if (!(probe || tooMany) || this.#opening) return;
    this.#opening = true;
    try {
      // Opened by another instance meanwhile: that is enough.
      const from: Circuit['state'] = probe ? 'probing' : 'closed';
      await this.#circuit.change((circuit) =>
        circuit.state === from ? opened(circuit, this.#clock.now(), this.#rules) : undefined,
      );
      this.#tally.clear();
    } finally {
      this.#opening = false;
    }
  }

  /** When calls may pass again, as far as is known here; undefined while they do. */
  get closedUntil(): number | undefined {
    const found = this.#passage(this.#circuit.value);
    return typeof found === 'object' ? found.waitUntil : undefined;
  }

  #passage(circuit: Circuit): Passage {
    return passage(circuit, this.#clock.now(), this.#rules);
  }

  async #refresh(): Promise<void> {
    if (this.#reading) return this.#reading;
    if (this.#clock.now() - this.#readAt < REFRESH_MS) return;
    this.#reading = this.#circuit.refresh().finally(() => {
      this.#readAt = this.#clock.now();
      this.#reading = undefined;
    });
    await this.#reading;
  }
}

const encode = ({ state, until, trips, since }: Circuit) => ({
  state,
  until: new Date(until),
  trips,
  since: new Date(since),
});

function decode({ state, until, trips, since }: Readonly<Record<string, unknown>>): Circuit {
  if (state !== 'open' && state !== 'probing' && state !== 'closed') return CLOSED;
  return {
    state,
    until: until instanceof Date ? until.getTime() : 0,
    trips: typeof trips === 'number' ? trips : 0,
    since: since instanceof Date ? since.getTime() : 0,
  };
}
