import type { FaultKind } from '../world/faults.ts';
import { type Simulation, type SimulationOptions, simulate } from '../world/simulate.ts';
import type { Workload } from '../world/workload.ts';

export interface ExploreOptions {
  readonly workloads: readonly Workload[];
  /** The first seed; the workloads take turns, each with the same seeds. */
  readonly seed: number;
  /** Asked before each schedule. */
  readonly goOn: (tried: number) => boolean;
}

/** What was tried, and what was found. */
export interface Exploration {
  readonly schedules: number;
  readonly events: number;
  readonly virtualMs: number;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly states: ReadonlySet<string>;
  /** The first schedule on which something was that must not be. */
  readonly failure: Failure | undefined;
}

export interface Failure {
  readonly options: SimulationOptions;
  readonly simulation: Simulation;
}

/** Tries one schedule after the other until one fails, or it is told to stop. */
export async function explore({ workloads, seed, goOn }: ExploreOptions): Promise<Exploration> {
  const faults = new Map<FaultKind, number>();
  const states = new Set<string>();
  let [schedules, events, virtualMs] = [0, 0, 0];
  let failure: Failure | undefined;
  for (let at = seed; failure === undefined && goOn(schedules); at++) {
    for (const workload of workloads) {
      const options = { workload, seed: at };
      const simulation = await simulate(options);
      schedules += 1;
      events += simulation.events;
      virtualMs += simulation.virtualMs;
      for (const [kind, count] of simulation.faults) faults.set(kind, (faults.get(kind) ?? 0) + count);
      for (const state of simulation.states) states.add(`${workload.name} ${state}`);
      if (simulation.violations.length === 0) continue;
      failure = { options, simulation };
      break;
    }
  }
  return { schedules, events, virtualMs, faults, states, failure };
}
