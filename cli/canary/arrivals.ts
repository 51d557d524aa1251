import { type Clock, sleep } from '../../shared/contract/clock.ts';
import type { Store } from '../../shared/contract/store.ts';

/** One way that a message can take: from the command line, or from an agent, to an agent. */
export interface Flight {
  readonly agent: string;
  /** The agent that passes it on; undefined: the command line. */
  readonly from?: string;
  readonly path: string;
}

export interface Arrival {
  readonly agent: string;
  readonly from: string;
  readonly result: 'arrived' | 'lost';
  readonly ms?: number;
}

const FIRST_LOOK_MS = 50;
const LONGEST_BETWEEN_MS = 1_000;

/** Looks for the records of the flights until all are there, or the time is up. */
export async function awaitArrivals(
  { store, clock }: { readonly store: Pick<Store, 'read'>; readonly clock: Clock },
  flights: readonly Flight[],
  timeoutMs: number,
): Promise<Arrival[]> {
  const started = clock.now();
  const arrived = new Map<Flight, number>();
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(LONGEST_BETWEEN_MS, pause * 1.5)) {
    const open = flights.filter((flight) => !arrived.has(flight));
    const records = await store.read(open.map(({ path }) => path));
    for (const [at, flight] of open.entries()) if (records[at]) arrived.set(flight, clock.now() - started);
    const left = started + timeoutMs - clock.now();
    if (arrived.size === flights.length || left <= 0) break;
    await sleep(clock, Math.min(pause, left));
  }
  return flights.map((flight) => {
    const ms = arrived.get(flight);
    const { agent, from = 'mesh canary' } = flight;
    return ms === undefined ? { agent, from, result: 'lost' } : { agent, from, result: 'arrived', ms };
  });
}
