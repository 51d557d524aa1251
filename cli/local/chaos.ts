import { seededRandom } from '../../emulator/providers/random.ts';
import type { Clock } from '../../shared/contract/clock.ts';

export interface ChaosOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly services: readonly string[];
  /** Ends the service's instances; returns how many there were. */
  readonly kill: (service: string) => number;
}

/** Between two kills. */
const SHORTEST_MS = 500;
const LONGEST_MS = 2_500;

/** Kills a random service's instances, again and again at random times, until it is stopped. */
export function startChaos({ clock, seed, services, kill }: ChaosOptions): { stop(): number } {
  const random = seededRandom(seed ^ 0xc4a05);
  let kills = 0;
  let cancel = () => {};
  const next = () => {
    cancel = clock.after(SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS), () => {
      const service = services[Math.floor(random() * services.length)];
      if (service !== undefined) kills += kill(service);
      next();
    });
  };
  next();
  return {
    /** Returns how many instances were killed. */
    stop() {
      cancel();
      return kills;
    },
  };
}
