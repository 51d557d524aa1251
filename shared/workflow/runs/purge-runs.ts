import { hasCode } from '../../contract/errors.ts';
import type { Store, StoredDocument, Write } from '../../contract/store.ts';
import { mailboxOf, markOf } from '../../kernel/mailbox.ts';
import { pagePaths } from '../run-history.ts';
import { decodeRun, type RunStatus } from '../run-record.ts';
import { RUNS } from './run-page.ts';

export interface PurgeFilter {
  /** Runs that ended before this time. Replies to a run that is gone become dead letters: leave them a week (Pub/Sub's retention). */
  readonly endedBefore: Date;
  readonly status?: RunStatus;
  readonly workflow?: string;
}

export interface Purged {
  readonly runs: number;
  /** Of the runs and all that belongs to them; none on a dry run. */
  readonly documents: number;
}

const PAGE = 100;
const AT_A_TIME = 8;
/** Writes in a commit: with room to spare below what one request may take (https://firebase.google.com/docs/firestore/quotas#writes_and_transactions). */
const BATCH = 300;

/**
 * Deletes runs that ended long enough ago, with their history pages and mailboxes. A run that is written meanwhile, by a late reply,
 * stays; and so does one to which a late reply was left since then, which has been acked and is still to be folded (I4). Whoever dies on the way has purged some: the next purge takes the rest.
 *
 * @param options.dryRun only counts
 * @param options.onPage hears how far it has come, after each batch of runs
 */
export async function purgeRuns(
  store: Store,
  filter: PurgeFilter,
  options: { readonly dryRun?: boolean; readonly onPage?: (purged: Purged) => void } = {},
): Promise<Purged> {
  const { dryRun = false, onPage } = options;
  let purged: Purged = { runs: 0, documents: 0 };
  let last: StoredDocument | undefined;
  for (;;) {
    const page = await endedRuns(store, filter, last);
    for (let at = 0; at < page.length; at += AT_A_TIME) {
      const some = page.slice(at, at + AT_A_TIME);
      const counts = await Promise.all(some.map((run) => (dryRun ? 0 : purgeRun(store, run, filter))));
      const done = counts.filter((documents) => dryRun || documents > 0);
      purged = {
        runs: purged.runs + done.length,
        documents: done.reduce((sum, documents) => sum + documents, purged.documents),
      };
    }
    if (page.length > 0) onPage?.(purged);
    last = page.at(-1);
    if (page.length < PAGE) return purged;
  }
}

async function endedRuns(
  store: Store,
  { endedBefore, status, workflow }: PurgeFilter,
  last: StoredDocument | undefined,
): Promise<StoredDocument[]> {
  const equal = Object.entries({ status, workflow }).flatMap(([field, value]) =>
    value === undefined ? [] : [{ field, op: '==' as const, value }],
  );
  return store.query({
    collection: RUNS,
    where: [...equal, { field: 'endedAt', op: '<', value: endedBefore }],
    orderBy: { field: 'endedAt' },
    ...(last && { startAfter: { value: last.fields.endedAt ?? null, path: last.path } }),
    limit: PAGE,
  });
}

/**
 * Deletes a run, its document first, or with the rest where one commit holds them: never is a run without its history. What a process
 * that dies in between leaves, Firestore's TTL takes. Returns how many documents.
 */
async function purgeRun(
  store: Store,
  document: StoredDocument,
  { endedBefore }: PurgeFilter,
): Promise<number> {
  const { path, version } = document;
  const mailbox = await store.query({ collection: mailboxOf(path) });
  const mark = markOf(document);
  const since = (at: unknown) => at instanceof Date && at >= endedBefore;
  if (since(mark?.until) || mailbox.some(({ fields }) => since(fields.at))) return 0;
  const parts = [...pagePaths(decodeRun(document)), ...mailbox.map((kept) => kept.path)];
  const writes: Write[] = [
    { kind: 'delete', path, ifVersion: version },
    ...parts.map((part) => ({ kind: 'delete' as const, path: part })),
  ];
  try {
    for (let at = 0; at < writes.length; at += BATCH) await store.commit(writes.slice(at, at + BATCH));
  } catch (error) {
    if (hasCode(error, 'Conflict')) return 0;
    throw error;
  }
  return writes.length;
}
