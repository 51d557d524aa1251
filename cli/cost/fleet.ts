import type { Topology } from '../../shared/topology.ts';

/** What of a deployed mesh bears on its price. */
export interface Fleet {
  readonly functions: readonly FunctionSize[];
  readonly schedules: number;
  readonly secrets: number;
}

export interface FunctionSize {
  readonly agent: string;
  readonly cpu: number;
  readonly memoryMiB: number;
  /** Messages that one instance handles at a time. */
  readonly concurrency: number;
  readonly minInstances: number;
}

export type Size = Pick<FunctionSize, 'cpu' | 'memoryMiB' | 'minInstances'>;

/** The functions of a topology, of which `sizeOf` tells the size of each. */
export function fleetOf(topology: Topology, sizeOf: (agent: string) => Size): Fleet {
  return {
    functions: topology.functions.map(({ agent, concurrency }) => ({ agent, concurrency, ...sizeOf(agent) })),
    schedules: topology.schedules.length,
    secrets: topology.secrets.length,
  };
}
