/**
 * A thread that explores: gets a seed, tries it with each workload, and answers with what was tried since its last answer. Started by
 * `lanes.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { workloads } from '../workloads/index.ts';
import { explore } from './explore.ts';
import type { Tried } from './lanes.ts';

// Errors are the daily bread of a schedule; nobody reads where they were made, and finding out costs.
Error.stackTraceLimit = 0;
const names: readonly string[] = workerData;
const chosen = workloads.filter(({ name }) => names.includes(name));
/** States that were told of already: most are seen over and over. */
const told = new Set<string>();

parentPort?.on('message', async (seed: number) => {
  const { failure, states, ...tally } = await explore({
    workloads: chosen,
    seed,
    goOn: (tried) => tried === 0,
  });
  const fresh = new Set([...states].filter((state) => !told.has(state)));
  for (const state of fresh) told.add(state);
  const tried: Tried = { seed, tally: { ...tally, states: fresh }, failed: failure?.options.workload.name };
  parentPort?.postMessage(tried);
});
