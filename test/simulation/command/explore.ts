import { simulate } from '../world/simulate.ts';
import type { Workload } from '../world/workload.ts';
import { count, emptyTally, type Failure, type Tally } from './exploration.ts';

export interface ExploreOptions {
  readonly workloads: readonly Workload[];
  /** The first seed; the workloads take turns, each with the same seeds. */
  readonly seed: number;
  /** Asked before each seed, with the number of schedules begun. */
  readonly goOn: (begun: number) => boolean;
}

/** What was tried, and what was found. */
export interface Exploration extends Readonly<Tally> {
  /** The first schedule on which something was that must not be. */
  readonly failure: Failure | undefined;
}

/** Tries one schedule after the other until one fails, or it is told to stop. */
export async function explore({ workloads, seed, goOn }: ExploreOptions): Promise<Exploration> {
  const tally = emptyTally();
  let failure: Failure | undefined;
  for (let at = seed; failure === undefined && goOn((at - seed) * workloads.length); at++) {
    for (const workload of workloads) {
      const options = { workload, seed: at };
      const simulation = await simulate(options);
      count(tally, workload.name, simulation);
      if (simulation.violations.length === 0) continue;
      failure = { options, simulation };
      break;
    }
  }
  return { ...tally, failure };
}
