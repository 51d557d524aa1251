import { MeshError } from '../../contract/errors.ts';
import { runPath } from '../../contract/names.ts';
import type { Store } from '../../contract/store.ts';
import type { Entry } from '../entry.ts';
import { readHistory } from '../run-history.ts';
import { decodeRun, type RunRecord } from '../run-record.ts';

/** A run with its whole history, from the first entry to the last. */
export interface RecordedRun {
  readonly run: RunRecord;
  readonly history: readonly Entry[];
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
  return { run, history: await readHistory(store, run) };
}
