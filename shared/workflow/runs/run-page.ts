import { type AttributeValue, attributeField } from '../../contract/attributes.ts';
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
  /** By search attributes. */
  readonly attributes?: readonly AttributeCondition[];
}

/** What a run's attribute is to be. With a range, runs come in order of the attribute, the highest first. */
export type AttributeCondition =
  | { readonly name: string; readonly equals: AttributeValue }
  /** Of a list: it holds the text. */
  | { readonly name: string; readonly contains: string }
  | { readonly name: string; readonly from?: number | Date; readonly before?: number | Date };

export interface RunPage {
  /** Newest first. Of their histories they hold what stands in their documents: `readRecordedRun` reads the whole. */
  readonly runs: readonly RunRecord[];
  /** What to ask for the next page with; left out on the last one. Good only for the same filter. */
  readonly next?: string;
}

/**
 * The runs that fit, newest first, a page at a time. Firestore wants a composite index on each field that is filtered by, followed by
 * `createdAt` descending (https://firebase.google.com/docs/firestore/query-data/index-overview#composite_indexes); filters of
 * several fields are merged from these. With a range of an attribute, the runs come in order of that attribute, the highest first.
 *
 * @param options.limit the most that a page holds
 * @param options.page `next` of the page before; left out: the first
 * @throws MeshError `UsageInvalid` for a token that is none, or that another filter's page gave; for filters that can't be combined
 */
export async function listRuns(
  store: Pick<Store, 'query'>,
  filter: RunFilter,
  { limit, page }: { readonly limit: number; readonly page?: string },
): Promise<RunPage> {
  const startAfter = page === undefined ? undefined : readToken(page, filter);
  const field = orderOf(filter);
  const documents = await store.query({
    collection: RUNS,
    where: conditionsOf(filter),
    orderBy: { field, descending: true },
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

type Condition = NonNullable<Query['where']>[number];

function conditionsOf(filter: RunFilter): readonly Condition[] {
  const { workflow, status, key, agent, createdFrom, createdBefore, attributes = [] } = filter;
  const conditions = Object.entries({ workflow, status, key, agent }).flatMap(([field, value]) =>
    value === undefined ? [] : [{ field, op: '==' as const, value }],
  );
  return [
    ...conditions,
    ...attributes.flatMap(attributeConditions),
    ...(createdFrom ? [{ field: 'createdAt', op: '>=' as const, value: createdFrom }] : []),
    ...(createdBefore ? [{ field: 'createdAt', op: '<' as const, value: createdBefore }] : []),
  ];
}

function attributeConditions(condition: AttributeCondition): Condition[] {
  const field = attributeField(condition.name);
  if ('equals' in condition) {
    const { equals } = condition;
    return [{ field, op: '==', value: equals }];
  }
  if ('contains' in condition) return [{ field, op: 'array-contains', value: condition.contains }];
  const { from, before } = condition;
  return [
    ...(from === undefined ? [] : [{ field, op: '>=' as const, value: from }]),
    ...(before === undefined ? [] : [{ field, op: '<' as const, value: before }]),
  ];
}

/**
 * The field that the runs are ordered by. Firestore orders by the field of the range, and there are indexes for what is combined with it.
 *
 * @throws MeshError `UsageInvalid` for filters that no index serves
 */
function orderOf(filter: RunFilter): string {
  const { attributes = [], createdFrom, createdBefore, key, agent } = filter;
  const ranges = attributes.filter((condition) => !('equals' in condition) && !('contains' in condition));
  const [range] = ranges;
  if (!range) return 'createdAt';
  const refused = (field: string, rule: string) =>
    new MeshError('UsageInvalid', `a range of the attribute ${range.name} ${rule}`, {
      field,
      hint: 'Ask for less, and filter what comes.',
    });
  if (ranges.some(({ name }) => name !== range.name))
    throw refused(range.name, 'allows no range of another one');
  if (attributes.length > ranges.length || key !== undefined || agent !== undefined)
    throw refused(range.name, 'can be combined with a workflow and a status only');
  if (createdFrom || createdBefore) throw refused(range.name, 'allows no range of the time of creation');
  return attributeField(range.name);
}

/** The value that a run was ordered by. */
function placeOf({ createdAt, attributes = {} }: RunRecord, filter: RunFilter): number | Date {
  const field = orderOf(filter);
  const value = field === 'createdAt' ? createdAt : attributes[field.slice(attributeField('').length)];
  return value instanceof Date || typeof value === 'number' ? value : createdAt;
}

function tokenOf(run: RunRecord, filter: RunFilter): string {
  const value = placeOf(run, filter);
  const at = value instanceof Date ? value.toISOString() : value;
  return Buffer.from(JSON.stringify([at, run.runId, filterDigest(filter)])).toString('base64url');
}

function readToken(token: string, filter: RunFilter): { value: FieldValue; path: string } {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    fields = undefined;
  }
  const [at, runId, of] = Array.isArray(fields) ? (fields as unknown[]) : [];
  const value = typeof at === 'string' ? new Date(at) : at;
  const isPlace = (value instanceof Date && !Number.isNaN(value.getTime())) || typeof value === 'number';
  if (!isPlace || typeof runId !== 'string' || of !== filterDigest(filter)) {
    throw new MeshError('UsageInvalid', 'the page is not one of this list', {
      field: 'page',
      hint: 'Give the token that the page before told, with the same filters.',
    });
  }
  return { value, path: `${RUNS}/${runId}` };
}

const filterDigest = (filter: RunFilter) =>
  digest('run-filter', JSON.stringify(conditionsOf(filter))).slice(0, 8);
