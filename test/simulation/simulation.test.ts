import { describe, expect, it } from 'vitest';
import { explore } from './command/explore.ts';
import { exploreInLanes } from './command/lanes.ts';
import { failureReport } from './command/report.ts';
import { shrink } from './command/shrink.ts';
import { mutate } from './mutations/mutation.ts';
import { mutations } from './mutations/mutations.ts';
import { workloads } from './workloads/index.ts';
import { FAULT_KINDS } from './world/faults.ts';
import { simulate } from './world/simulate.ts';

/** Of each workload. `npm run test:long` tries more, and `npm run simulate` goes on from any seed for as long as one likes. */
const SCHEDULES = 25;

describe.each(workloads)('the mesh, used for $name', (workload) => {
  it('keeps every invariant on every schedule', async () => {
    let tried = 0;
    const { schedules, states, failure } = await explore({
      workloads: [workload],
      seed: 1,
      goOn: () => tried++ < SCHEDULES,
    });
    expect(failure && failureReport(await shrink(failure))).toBeUndefined();
    expect(schedules).toBe(SCHEDULES);
    expect(states.size).toBeGreaterThan(5);
  });

  it('does the same, step by step, for the same seed', async () => {
    for (const seed of [3, 14]) {
      const [first, second] = [
        await simulate({ workload, seed, traced: true }),
        await simulate({ workload, seed, traced: true }),
      ];
      expect(second.trace).toEqual(first.trace);
      expect(second.digest).toBe(first.digest);
      expect((await simulate({ workload, seed: seed + 1 })).digest).not.toBe(first.digest);
    }
  });
});

describe('the simulation', () => {
  it('injects every kind of fault', async () => {
    const { faults } = await explore({ workloads, seed: 1, goOn: (begun) => begun < 30 * workloads.length });
    expect([...faults.keys()].sort()).toEqual([...FAULT_KINDS].sort());
  });

  it('tries the same on several threads as on one', async () => {
    const options = { workloads: workloads.slice(0, 2), seed: 7, goOn: (begun: number) => begun < 6 };
    const [alone, together] = [await explore(options), await exploreInLanes(options, 2)];
    expect(together).toEqual(alone);
  });

  it('knows where its mutations belong', async () => {
    const { readFile } = await import('node:fs/promises');
    for (const mutation of mutations) {
      const source = await readFile(new URL(`../../${mutation.file}`, import.meta.url), 'utf8');
      expect(mutate(source, mutation), mutation.name).not.toBe(source);
    }
  });
});
