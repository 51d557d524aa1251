import type { Random } from './random.ts';

/** What can go wrong, by where it does. */
export const FAULTS = {
  /** At any call of a port. */
  call: {
    'crash-before': 'the instance dies before the request leaves',
    'crash-after': 'the instance dies while the request is on its way, or before its answer is heard',
    refused: 'the service says no, and nothing is done',
    'lost-response': 'the work is done, and the answer is lost',
    late: 'the call is given up on, and its work is done later',
    hang: 'no answer, until the call times out',
  },
  commit: {
    'sent-twice': 'the commit is made twice, as when an answer is lost below the port',
    contention: 'others are in the way, and nothing is written',
  },
  publish: { 'partial-publish': 'some of the messages are published, and the answer is an error' },
  push: {
    'push-lost': 'the request never reaches an instance',
    'push-answer-lost': 'the answer to the request is lost',
    'push-hangs': 'the request comes late, after its subscription gave up on it',
  },
  message: {
    duplicate: 'an acked message is delivered once more',
    delay: 'a message is held back, so that others overtake it',
  },
  task: {
    'timer-refused': 'the publish of a timer fails, and is tried again',
    'timer-twice': 'a timer is published twice',
    'timer-lost': 'a timer of a run is armed, and never fires',
  },
  provider: {
    'provider-errs': 'the provider says no, and has done nothing',
    'provider-hangs': 'the provider never answers',
    'provider-lies': 'the provider does the work, and answers with an error',
    'provider-late': 'the provider does the work long after it was given up on',
  },
  /** Once in a schedule, if at all. */
  service: {
    'store-out': 'the database refuses everything, for seconds to hours',
    'bus-out': 'nothing can be published, for seconds to hours',
    'timers-out': 'no timer can be armed, for seconds to hours',
    'clocks-differ': 'the clocks of the services differ by up to two seconds',
  },
  instance: {
    crash: 'an instance dies between two steps',
    'clock-jump': 'the clock of an instance jumps',
    'new-instance': 'a message goes to a fresh instance',
  },
} as const;

type Place = keyof typeof FAULTS;
export type FaultKind = { [P in Place]: keyof (typeof FAULTS)[P] & string }[Place];

export const FAULT_KINDS = Object.values(FAULTS).flatMap((kinds) =>
  Object.keys(kinds),
) as readonly FaultKind[];

export interface FaultLimits {
  /** Only these kinds. */
  readonly only?: ReadonlySet<string> | undefined;
  /** At most so many in a run; then all goes well. */
  readonly most?: number | undefined;
}

const RATES = [0, 0, 0.01, 0.04, 0.12] as const;
const MOST_FAULTS = 40;

/**
 * Decides what goes wrong. Each run draws for every kind whether it strikes at all, and how often (swarm testing: a run in which one
 * thing goes wrong often finds what a run in which everything does now and then can't), and how many faults it may have in all: so
 * that in the end the world comes to rest.
 */
export class Faults {
  readonly counts = new Map<FaultKind, number>();
  readonly #random: Random;
  readonly #rates = new Map<FaultKind, number>();
  #left: number;

  constructor(random: Random, { only, most }: FaultLimits = {}) {
    this.#random = random;
    const drawn = random.below(MOST_FAULTS + 1);
    this.#left = Math.min(drawn, most ?? MOST_FAULTS);
    for (const kind of FAULT_KINDS) {
      const rate = random.pick(RATES);
      this.#rates.set(kind, only && !only.has(kind) ? 0 : rate);
    }
  }

  /** Whether this kind strikes here. */
  strikes(kind: FaultKind): boolean {
    return this.#strike(kind, this.#rates.get(kind) ?? 0);
  }

  #strike(kind: FaultKind, rate: number): boolean {
    // Drawn in any case, so that one fault less does not shift all that follow.
    const drawn = this.#random.next();
    if (this.#left <= 0 || drawn >= rate) return false;
    this.#left -= 1;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    return true;
  }

  /** Whether this kind, which is asked for once in a schedule, strikes in it. */
  strikesOnce(kind: FaultKind): boolean {
    const rate = this.#rates.get(kind) ?? 0;
    return this.#strike(kind, Math.min(1, rate * 5));
  }

  /** The one of these kinds that strikes here, if any. */
  of<P extends Place>(place: P): (keyof (typeof FAULTS)[P] & FaultKind) | undefined {
    let struck: FaultKind | undefined;
    for (const kind of Object.keys(FAULTS[place]) as FaultKind[])
      if (struck === undefined && this.strikes(kind)) struck = kind;
    return struck as (keyof (typeof FAULTS)[P] & FaultKind) | undefined;
  }
}
