import { MeshError } from '../../shared/contract/errors.ts';
import type { Ports } from '../../shared/contract/ports.ts';

/**
 * What goes wrong at one port call of a handling:
 * - `crash-before`, `crash-after`: the process dies on that line; nothing it does afterwards has any effect;
 * - `lost-response`: the work is done, and the answer is lost;
 * - `refused`: the service says no, and nothing is done.
 */
export type Fault = 'crash-before' | 'crash-after' | 'lost-response' | 'refused';

export const FAULTS: readonly Fault[] = ['crash-before', 'crash-after', 'lost-response', 'refused'];

/** Counts the port calls of every handling, and makes the one at `at` go wrong. */
export class FaultPlan {
  calls = 0;
  /** The calls by name, in order: what a matrix enumerates. */
  readonly trace: string[] = [];
  readonly #at: number;
  readonly #fault: Fault | undefined;

  constructor(at = -1, fault?: Fault) {
    this.#at = at;
    this.#fault = fault;
  }

  /** The fault for the next call, if it is the one. */
  next(name: string): Fault | undefined {
    this.trace.push(name);
    return this.calls++ === this.#at ? this.#fault : undefined;
  }
}

/** One process: when it has crashed, nothing that its code still does reaches the world. */
export class Process {
  crashed = false;
}

const NEVER = new Promise<never>(() => {});

/** The ports as one process sees them, going wrong as planned. */
export function faulty(ports: Ports, plan: FaultPlan, process: Process): Ports {
  const wrap = async <Result>(
    name: string,
    unavailable: 'StoreUnavailable' | 'BusUnavailable' | 'TimersUnavailable',
    work: () => Promise<Result>,
  ): Promise<Result> => {
    if (process.crashed) return NEVER;
    const fault = plan.next(name);
    if (fault === 'crash-before') {
      process.crashed = true;
      return NEVER;
    }
    if (fault === 'refused') throw new MeshError(unavailable, `${name} refused`);
    const result = await work();
    if (fault === 'crash-after') {
      process.crashed = true;
      return NEVER;
    }
    if (fault === 'lost-response') throw new MeshError(unavailable, `the response of ${name} was lost`);
    return result;
  };
  return {
    ...ports,
    store: {
      read: (paths) => wrap('read', 'StoreUnavailable', () => ports.store.read(paths)),
      commit: (writes) => wrap('commit', 'StoreUnavailable', () => ports.store.commit(writes)),
      query: (query) => wrap('query', 'StoreUnavailable', () => ports.store.query(query)),
    },
    bus: {
      publish: (topic, messages) =>
        wrap('publish', 'BusUnavailable', () => ports.bus.publish(topic, messages)),
    },
    timers: {
      schedule: (timer) => wrap('schedule', 'TimersUnavailable', () => ports.timers.schedule(timer)),
    },
  };
}
