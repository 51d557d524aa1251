import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { simulate } from '../world/simulate.ts';
import { add, emptyTally, type Tally } from './exploration.ts';
import type { Exploration, ExploreOptions } from './explore.ts';

/** A lane's answer for one seed. */
export interface Tried {
  readonly seed: number;
  readonly tally: Tally;
  /** The workload on which something was that must not be. */
  readonly failed: string | undefined;
}

/** Most of what a schedule makes is garbage at its end: a larger nursery copies less of it. */
const NURSERY_MB = 96;

/**
 * Explores on several threads. The seeds are handed out in their order, so the first failure is that of the lowest seed, however many
 * threads there are; it is played once more here, since a seed is a schedule wherever it is played.
 */
export async function exploreInLanes(
  { workloads, seed, goOn }: ExploreOptions,
  lanes: number,
): Promise<Exploration> {
  const tally = emptyTally();
  const failures: Tried[] = [];
  let next = seed;
  const lane = async () => {
    const worker = new Worker(new URL('lane.ts', import.meta.url), {
      workerData: workloads.map(({ name }) => name),
      resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
    });
    try {
      while (failures.length === 0 && goOn((next - seed) * workloads.length)) {
        worker.postMessage(next++);
        const [tried]: Tried[] = await once(worker, 'message');
        if (!tried) continue;
        add(tally, tried.tally);
        if (tried.failed !== undefined) failures.push(tried);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const [first] = failures.sort((a, b) => a.seed - b.seed);
  const workload = workloads.find(({ name }) => name === first?.failed);
  if (!first || !workload) return { ...tally, failure: undefined };
  const options = { workload, seed: first.seed };
  return { ...tally, failure: { options, simulation: await simulate(options) } };
}
