import { MeshError } from '../contract/errors.ts';
import type { Store } from '../contract/store.ts';
import type { RunRecord } from '../workflow/index.ts';
import { listRuns, readRun } from '../workflow/runs/index.ts';

/** Reruns have the key of their origin. */
const MOST_OF_A_KEY = 50;
const RUN_ID = /^[0-9a-v]{32}$/;

/**
 * The run that `name` means: its id, or its key, such as an order's id. Of a run and its reruns, and of one that went on as
 * a new one, the newest is meant.
 *
 * @throws MeshError `RunNotFound`; `UsageInvalid` for a key that several runs have
 */
export async function findRun(store: Store, name: string): Promise<RunRecord> {
  const byId = RUN_ID.test(name) ? await readRun(store, name) : undefined;
  if (byId) return byId;
  const { runs } = await listRuns(store, { key: name }, { limit: MOST_OF_A_KEY });
  const [newest] = runs;
  if (!newest) {
    throw new MeshError('RunNotFound', `there is no run with the id or key ${JSON.stringify(name)}`, {
      field: 'run',
    });
  }
  const origin = originOf(newest, runs);
  const another = runs.find((run) => originOf(run, runs) !== origin);
  if (another) {
    throw new MeshError('UsageInvalid', `several runs have the key ${JSON.stringify(name)}`, {
      field: 'run',
      hint: `Name one by its id: ${newest.runId} (${newest.workflow}), ${another.runId} (${another.workflow}), …`,
    });
  }
  // A list decrypts nothing.
  return (newest.closed && (await readRun(store, newest.runId))) || newest;
}

/** The id of the run that a run, by way of others, repeats, or was before it went on as a new one; its own where it is neither. */
function originOf(run: RunRecord, runs: readonly RunRecord[]): string {
  if (run.continuedAs !== undefined) return run.continuedAs;
  if (!run.rerunOf) return run.runId;
  const { runId } = run.rerunOf;
  const origin = runs.find((other) => other.runId === runId);
  return origin ? originOf(origin, runs) : runId;
}
