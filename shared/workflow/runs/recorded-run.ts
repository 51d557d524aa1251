import { keysUnavailable, payloadErased } from '../../contract/encryption.ts';
import { MeshError } from '../../contract/errors.ts';
import { runPath } from '../../contract/names.ts';
import type { Store } from '../../contract/store.ts';
import { findBlobs } from '../../kernel/find-blobs.ts';
import { givenChecks } from '../claim-checks.ts';
import type { Entry } from '../entry.ts';
import { Payloads } from '../payloads.ts';
import { readHistory } from '../run-history.ts';
import { decodeRun, type RunRecord } from '../run-record.ts';

/** A run with its whole history, from the first entry to the last. */
export interface RecordedRun {
  readonly run: RunRecord;
  readonly history: readonly Entry[];
  /** What claim checks in the history stand for, as far as its code may look into them. Left out: it holds none. */
  readonly payloads?: Payloads;
}

/**
 * The run with its whole history, and with the payloads that its code was given. One that is gone is found out by who needs it.
 *
 * @throws MeshError `StoreUnavailable`; `KeysUnavailable`, `PayloadErased` where it is encrypted
 */
export async function recordedRun(store: Pick<Store, 'read'>, run: RunRecord): Promise<RecordedRun> {
  if (run.erased) throw payloadErased(run.tenant ?? '');
  if (run.closed) throw keysUnavailable(`the history of the run ${run.runId} is encrypted`);
  const history = await readHistory(store, run);
  const checks = givenChecks(history);
  if (checks.length === 0) return { run, history };
  const payloads = new Payloads();
  for (const [sha256, found] of await findBlobs(store, checks))
    payloads.add(new Map([[sha256, found instanceof MeshError ? found : found.json]]));
  return { run, history, payloads };
}

/** The run of this id, without what of its history stands in other documents; undefined where there is none. */
export async function readRun(store: Pick<Store, 'read'>, runId: string): Promise<RunRecord | undefined> {
  const [document] = await store.read([runPath(runId)]);
  return document && decodeRun(document);
}

/**
 * The run of this id with its whole history.
 *
 * @throws MeshError `RunNotFound`
 */
export async function readRecordedRun(store: Pick<Store, 'read'>, runId: string): Promise<RecordedRun> {
  const run = await readRun(store, runId);
  if (!run)
    throw new MeshError('RunNotFound', `there is no run with the id ${JSON.stringify(runId)}`, {
      field: 'run',
    });
  return recordedRun(store, run);
}
