import { simulate } from '../world/simulate.ts';
import type { Failure } from './exploration.ts';

/**
 * The same seed with as few faults as still make it fail: first only the first so many, then without each of their kinds that is not
 * needed.
 */
export async function shrink(failure: Failure): Promise<Failure> {
  let smallest = failure;
  const attempt = async (options: Failure['options']): Promise<boolean> => {
    const simulation = await simulate(options);
    if (simulation.violations.length === 0) return false;
    smallest = { options, simulation };
    return true;
  };
  const total = [...failure.simulation.faults.values()].reduce((sum, count) => sum + count, 0);
  for (let most = 0; most <= total; most++) if (await attempt({ ...failure.options, most })) break;
  for (const kind of [...smallest.simulation.faults.keys()]) {
    const kinds = [...smallest.simulation.faults.keys()].filter((other) => other !== kind);
    await attempt({ ...smallest.options, only: new Set<string>(kinds) });
  }
  return smallest;
}
