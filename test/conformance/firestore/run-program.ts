import type { FirestoreWire, Outcome } from '../../support/firestore-wire.ts';
import { DATABASE, type Program } from './program.ts';

/** What a program came to, with all that may differ between two right servers taken out of it. */
export async function runProgram(
  wire: FirestoreWire,
  database: string,
  program: Program,
): Promise<unknown[]> {
  const times = new Times();
  const outcomes: unknown[] = [];
  for (const { method, request } of program)
    outcomes.push(comparable(await wire.outcome(method, bound(request, database) as object), times));
  return outcomes;
}

/** The request for a database. */
function bound(value: unknown, database: string): unknown {
  if (typeof value === 'string')
    return value.startsWith(DATABASE) ? value.replace(DATABASE, database) : value;
  if (Array.isArray(value)) return value.map((each) => bound(each, database));
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([key, member]) => [key, bound(member, database)]));
}

/** Stands for times by the order in which they were first seen: which are equal is compared, not what they are. */
class Times {
  readonly #seen = new Map<string, number>();

  nameOf(time: unknown): string {
    const key = JSON.stringify(time);
    const known = this.#seen.get(key) ?? this.#seen.size + 1;
    this.#seen.set(key, known);
    return `time ${known}`;
  }
}

/** Messages are compared for some statuses only: their wording is not documented. */
function comparable(outcome: Outcome, times: Times): unknown {
  if ('code' in outcome) return { code: outcome.code };
  return outcome.answers.map((answer) => strip(answer, times));
}

/** Read times are no two alike; page tokens and oneof markers are a server's own business. */
const IGNORED = new Set([
  'readTime',
  'nextPageToken',
  'commitTime',
  'valueType',
  'result',
  'message',
  'skippedResults',
]);
const COMPARED_TIMES = new Set(['createTime', 'updateTime']);

function strip(value: unknown, times: Times): unknown {
  if (Array.isArray(value)) return value.map((each) => strip(each, times));
  if (Buffer.isBuffer(value)) return `bytes ${value.toString('hex')}`;
  if (typeof value === 'number' && Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).flatMap(([key, member]) => {
    if (IGNORED.has(key) && typeof member !== 'object') return [];
    if (IGNORED.has(key) && key.endsWith('Time')) return [];
    // What is zero is not sent, or is.
    if (key === 'timestampValue') return [[key, { seconds: '0', nanos: 0, ...(member as object) }]];
    if (COMPARED_TIMES.has(key)) return member ? [[key, times.nameOf(member)]] : [];
    // Absent and empty are the same on the wire.
    const stripped = strip(member, times);
    return stripped === undefined || stripped === null || isEmptyList(stripped) ? [] : [[key, stripped]];
  });
  return Object.fromEntries(members);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
