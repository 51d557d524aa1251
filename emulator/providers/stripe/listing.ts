import type { Params } from './params.ts';
import { invalidRequest, noSuch } from './problem.ts';
import type { PaymentIntent } from './records.ts';

interface Listed {
  readonly id: string;
  readonly createMs: number;
}

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 10;

/** How a list is cut: by cursor and time (https://docs.stripe.com/api/pagination). */
export interface Cut {
  readonly limit: number;
  readonly startingAfter?: string;
  readonly endingBefore?: string;
  readonly since: number;
  readonly before: number;
}

export function readCut(params: Params): Cut {
  const limit = readLimit(params);
  const startingAfter = params.string('starting_after');
  const endingBefore = params.string('ending_before');
  const created = params.nested('created');
  const gte = created?.integer('gte', 0) ?? 0;
  const gt = created?.integer('gt', 0) ?? -1;
  const lte = created?.integer('lte', 0) ?? Number.POSITIVE_INFINITY;
  const lt = created?.integer('lt', 0) ?? Number.POSITIVE_INFINITY;
  created?.done();
  return {
    limit,
    since: Math.max(gte, gt + 1),
    before: Math.min(lte + 1, lt),
    ...(startingAfter === undefined ? {} : { startingAfter }),
    ...(endingBefore === undefined ? {} : { endingBefore }),
  };
}

/** A page, newest first, of records that are given oldest first. */
export function listObject<T extends Listed>(
  url: string,
  records: readonly T[],
  cut: Cut,
  objectOf: (record: T) => object,
): object {
  const inTime = records.filter(({ createMs }) => {
    const seconds = Math.floor(createMs / 1000);
    return seconds >= cut.since && seconds < cut.before;
  });
  const newestFirst = inTime.reverse();
  if (cut.endingBefore !== undefined) {
    const end = indexOf(newestFirst, cut.endingBefore, 'ending_before');
    const start = Math.max(0, end - cut.limit);
    return { object: 'list', url, has_more: start > 0, data: newestFirst.slice(start, end).map(objectOf) };
  }
  const start =
    cut.startingAfter === undefined ? 0 : indexOf(newestFirst, cut.startingAfter, 'starting_after') + 1;
  const data = newestFirst.slice(start, start + cut.limit).map(objectOf);
  return { object: 'list', url, has_more: start + data.length < newestFirst.length, data };
}

/** Stripe makes no promise that search sees what was written less than a minute ago: the sandbox never does. */
export const SEARCH_LAG_MS = 60_000;

const CLAUSE =
  /^(?:metadata\[(['"])(?<key>.+?)\1\]|(?<field>status|currency|amount|customer)):(?:(['"])(?<text>.*?)\4|(?<number>[0-9]+))$/;

/**
 * Reads a search query: clauses joined by `AND`, each a metadata key, `status`, `currency`, `amount` or `customer` that is equal
 * to a value (https://docs.stripe.com/search#search-query-language; the rest of that language is refused).
 */
export function readSearch(query: string): (intent: PaymentIntent) => boolean {
  const tests = query.split(/\s+AND\s+/i).map((clause) => {
    const { key, field, text, number } = CLAUSE.exec(clause.trim())?.groups ?? {};
    const wanted = text ?? number;
    if (wanted === undefined) {
      const message = `We were unable to parse your search query at "${clause}". Clauses of the form field:"value" joined by AND are understood here.`;
      throw invalidRequest(message, { param: 'query' });
    }
    return (intent: PaymentIntent) =>
      key === undefined ? String(fieldOf(intent, field)) === wanted : intent.metadata[key] === wanted;
  });
  return (intent) => tests.every((test) => test(intent));
}

export function readLimit(params: Params): number {
  const limit = params.integer('limit', 1) ?? DEFAULT_LIMIT;
  if (limit <= MAX_LIMIT) return limit;
  const message = `This value must be less than or equal to ${MAX_LIMIT}.`;
  throw invalidRequest(message, { code: 'parameter_invalid_integer', param: 'limit' });
}

function fieldOf(intent: PaymentIntent, field: string | undefined): unknown {
  switch (field) {
    case 'status':
      return intent.status;
    case 'currency':
      return intent.currency;
    case 'amount':
      return intent.amount;
    default:
      return intent.customer;
  }
}

function indexOf(records: readonly Listed[], id: string, param: string): number {
  const index = records.findIndex((record) => record.id === id);
  if (index < 0) throw noSuch(400, 'object', id, param);
  return index;
}
