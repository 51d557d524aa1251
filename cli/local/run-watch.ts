import { type Clock, sleep } from '../../shared/contract/clock.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { runPath } from '../../shared/contract/names.ts';
import type { Store } from '../../shared/contract/store.ts';
import { decodeRun, type RunRecord } from '../../shared/workflow/index.ts';
import { hasEnded } from '../runs/run-status.ts';

export interface WatchOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called after each look, with the runs that have ended so far. */
  readonly onLook?: (ended: ReadonlyMap<string, RunRecord>) => void | Promise<void>;
}

const PAUSE_MS = 100;
/** An end is written with the time at which it was decided: it may show up this much later than a later one. */
const OVERLAP_MS = 1_500;
const PAGE = 500;
/** After so long without news, the runs that are missing are read themselves. */
const QUIET_MS = 1_000;
const DIRECT_READS = 50;

/**
 * Waits until all the runs have ended. What has ended since the last look is asked for, not every run each time.
 *
 * @throws MeshError `Timeout`, naming runs that have not ended and what each waits for; the signal's reason
 */
export async function watchRuns(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  runIds: ReadonlySet<string>,
  { timeoutMs, signal, onLook }: WatchOptions,
): Promise<Map<string, RunRecord>> {
  const begun = clock.now();
  const ended = new Map<string, RunRecord>();
  let news = begun;
  let since = 0;
  const take = (run: RunRecord) => {
    if (!runIds.has(run.runId) || !hasEnded(run)) return;
    since = Math.max(since, run.endedAt?.getTime() ?? 0);
    if (!ended.has(run.runId)) news = clock.now();
    ended.set(run.runId, run);
  };
  for (;;) {
    const after = new Date(since - OVERLAP_MS);
    const documents = await store.query({
      collection: 'workflows',
      where: [{ field: 'endedAt', op: '>', value: after }],
      orderBy: { field: 'endedAt' },
      limit: PAGE,
    });
    for (const document of documents) take(decodeRun(document));
    if (clock.now() - news > QUIET_MS) for (const run of await readMissing(store, runIds, ended)) take(run);
    await onLook?.(ended);
    if (ended.size === runIds.size) return ended;
    if (clock.now() - begun > timeoutMs) throw await timeout(store, runIds, ended, timeoutMs);
    if (documents.length < PAGE) await sleep(clock, PAUSE_MS, signal);
  }
}

async function readMissing(
  store: Store,
  runIds: ReadonlySet<string>,
  ended: ReadonlyMap<string, RunRecord>,
): Promise<RunRecord[]> {
  const missing = [...runIds].filter((runId) => !ended.has(runId)).slice(0, DIRECT_READS);
  const documents = await store.read(missing.map(runPath));
  return documents.flatMap((document) => (document ? [decodeRun(document)] : []));
}

async function timeout(
  store: Store,
  runIds: ReadonlySet<string>,
  ended: ReadonlyMap<string, RunRecord>,
  timeoutMs: number,
): Promise<MeshError> {
  const open = (await readMissing(store, runIds, ended)).filter((run) => !hasEnded(run));
  const named = open
    .slice(0, 5)
    .map(
      ({ key, status, waitingFor }) => `${key} ${status}, waiting for ${waitingFor.join(', ') || 'nothing'}`,
    );
  const count = runIds.size - ended.size;
  return new MeshError(
    'Timeout',
    `after ${timeoutMs / 1_000} s, ${count} of ${runIds.size} runs have not ended: ${named.join('; ') || 'none of them has begun'}`,
    {
      hint: 'Look at one with mesh runs show while the mesh runs, and at .mesh/logs; or wait longer: --timeout 10m',
    },
  );
}
