import type { FaultKind } from '../world/faults.ts';
import type { Simulation, SimulationOptions } from '../world/simulate.ts';

/** A schedule on which something was that must not be. */
export interface Failure {
  readonly options: SimulationOptions;
  readonly simulation: Simulation;
}

/** What was tried. */
export interface Tally {
  schedules: number;
  events: number;
  virtualMs: number;
  readonly faults: Map<FaultKind, number>;
  readonly states: Set<string>;
}

export const emptyTally = (): Tally => ({
  schedules: 0,
  events: 0,
  virtualMs: 0,
  faults: new Map(),
  states: new Set(),
});

/** Adds one schedule of a workload. */
export function count(tally: Tally, workload: string, simulation: Simulation): void {
  tally.schedules += 1;
  tally.events += simulation.events;
  tally.virtualMs += simulation.virtualMs;
  for (const [kind, times] of simulation.faults)
    tally.faults.set(kind, (tally.faults.get(kind) ?? 0) + times);
  for (const state of simulation.states) tally.states.add(`${workload} ${state}`);
}

/** Adds what was tried elsewhere. */
export function add(tally: Tally, other: Tally): void {
  tally.schedules += other.schedules;
  tally.events += other.events;
  tally.virtualMs += other.virtualMs;
  for (const [kind, times] of other.faults) tally.faults.set(kind, (tally.faults.get(kind) ?? 0) + times);
  for (const state of other.states) tally.states.add(state);
}
