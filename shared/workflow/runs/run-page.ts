import { MeshError } from '../../contract/errors.ts';
import { digest } from '../../contract/keys.ts';
import type { FieldValue, Query, Store } from '../../contract/store.ts';
import { decodeRun, type RunRecord, type RunStatus } from '../run-record.ts';

export const RUNS = 'workflows';

/** Which runs; what is left out does not matter. */
export interface RunFilter {
  readonly workflow?: string;
  readonly status?: RunStatus;
  readonly key?: string;
  /** The agent that hosts them. */
  readonly agent?: string;
  /** Created at this time or later. */
  readonly createdFrom?: Date;
  /** Created before this time. */
  readonly createdBefore?: Date;
}

export interface RunPage {
  /** Newest first. Of their histories they hold what stands in their documents: `readRecordedRun` reads the whole. */
  readonly runs: readonly RunRecord[];
  /** What to ask for the next page with; left out on the last one. Good only for the same filter. */
  readonly next?: string;
}

/**
 * The runs that fit, newest first, a page at a time. Firestore wants a composite index on each field that is filtered by, followed by
 * `createdAt` descending (https://firebase.google.com/docs/firestore/query-data/index-overview#composite_indexes); filters of
 * several fields are merged from these.
 *
 * @param options.limit the most that a page holds
 * @param options.page `next` of the page before; left out: the first
 * @throws MeshError `UsageInvalid` for a token that is none, or that another filter's page gave
 */
export async function listRuns(
  store: Pick<Store, 'query'>,
  filter: RunFilter,
  { limit, page }: { readonly limit: number; readonly page?: string },
): Promise<RunPage> {
  const startAfter = page === undefined ? undefined : readToken(page, filter);
  const documents = await store.query({
    collection: RUNS,
    where: conditionsOf(filter),
    orderBy: { field: 'createdAt', descending: true },
    ...(startAfter && { startAfter }),
    // One more tells whether there is a further page.
    limit: limit + 1,
  });
  const runs = documents.slice(0, limit).map(decodeRun);
  const last = runs.at(-1);
  return { runs, ...(documents.length > limit && last && { next: tokenOf(last, filter) }) };
}

/** Every run that fits, newest first, read `limit` at a time. */
export async function* allRuns(
  store: Pick<Store, 'query'>,
  filter: RunFilter,
  limit = 100,
): AsyncGenerator<RunRecord> {
  for (let page: string | undefined; ; ) {
    const { runs, next } = await listRuns(store, filter, { limit, ...(page !== undefined && { page }) });
    yield* runs;
    if (next === undefined) return;
    page = next;
  }
}

function conditionsOf({ createdFrom, createdBefore, ...equal }: RunFilter): NonNullable<Query['where']> {
  const { workflow, status, key, agent } = equal;
  const conditions = Object.entries({ workflow, status, key, agent }).flatMap(([field, value]) =>
    value === undefined ? [] : [{ field, op: '==' as const, value }],
  );
  return [
    ...conditions,
    ...(createdFrom ? [{ field: 'createdAt', op: '>=' as const, value: createdFrom }] : []),
    ...(createdBefore ? [{ field: 'createdAt', op: '<' as const, value: createdBefore }] : []),
  ];
}

function tokenOf({ createdAt, runId }: RunRecord, filter: RunFilter): string {
  return Buffer.from(JSON.stringify([createdAt.getTime(), runId, filterDigest(filter)])).toString(
    'base64url',
  );
}

function readToken(token: string, filter: RunFilter): { value: FieldValue; path: string } {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    fields = undefined;
  }
  const [createdAt, runId, of] = Array.isArray(fields) ? (fields as unknown[]) : [];
  if (typeof createdAt !== 'number' || typeof runId !== 'string' || of !== filterDigest(filter)) {
    throw new MeshError('UsageInvalid', 'the page is not one of this list', {
      field: 'page',
      hint: 'Give the token that the page before told, with the same filters.',
    });
  }
  return { value: new Date(createdAt), path: `${RUNS}/${runId}` };
}

const filterDigest = (filter: RunFilter) =>
  digest('run-filter', JSON.stringify(conditionsOf(filter))).slice(0, 8);
