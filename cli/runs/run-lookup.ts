import { MeshError } from '../../shared/contract/errors.ts';
import { runPath } from '../../shared/contract/names.ts';
import type { Query, Store } from '../../shared/contract/store.ts';
import { decodeRun, type RunRecord, type RunStatus } from '../../shared/workflow/index.ts';

const COLLECTION = 'workflows';
const RUN_ID = /^[0-9a-v]{32}$/;

export interface RunFilter {
  readonly status?: RunStatus;
  readonly workflow?: string;
  readonly key?: string;
  readonly limit: number;
}

/** The runs that fit, newest first. */
export async function listRuns(
  store: Store,
  { status, workflow, key, limit }: RunFilter,
): Promise<RunRecord[]> {
  const fields = { status, workflow, key };
  const where: Query['where'] = Object.entries(fields).flatMap(([field, value]) =>
    value === undefined ? [] : [{ field, op: '==' as const, value }],
  );
  const documents = await store.query({
    collection: COLLECTION,
    where,
    orderBy: { field: 'createdAt', descending: true },
    limit,
  });
  return documents.map(decodeRun);
}

/** The run of this id; undefined where there is none. */
export async function readRun(store: Store, runId: string): Promise<RunRecord | undefined> {
  const [document] = await store.read([runPath(runId)]);
  return document && decodeRun(document);
}

/**
 * The run that `name` means: its id, or its key, such as an order's id.
 *
 * @throws MeshError `RunNotFound`; `UsageInvalid` for a key that several runs have
 */
export async function findRun(store: Store, name: string): Promise<RunRecord> {
  const byId = RUN_ID.test(name) ? await readRun(store, name) : undefined;
  if (byId) return byId;
  const [run, another] = await listRuns(store, { key: name, limit: 2 });
  if (!run) {
    throw new MeshError('RunNotFound', `there is no run with the id or key ${JSON.stringify(name)}`, {
      field: 'run',
    });
  }
  if (another) {
    throw new MeshError('UsageInvalid', `several runs have the key ${JSON.stringify(name)}`, {
      field: 'run',
      hint: `Name one by its id: ${run.runId} (${run.workflow}), ${another.runId} (${another.workflow}), …`,
    });
  }
  return run;
}
