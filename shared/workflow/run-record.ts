import type { Attributes } from '../contract/attributes.ts';
import type { Baggage } from '../contract/baggage.ts';
import { type Failure, mended } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { Fields, FieldValue, StoredDocument } from '../contract/store.ts';
import { plainText } from '../contract/text.ts';
import type { RunEvent } from './entry.ts';
import type { LedgerStatus } from './ledger.ts';
import type { QueryAnswers } from './run-queries.ts';
import type { WorkProgress } from './step.ts';
import type { Stuck } from './turn-watch.ts';

/**
 * `blocked`: parked until code that matches its history is deployed (I7). `paused`: by an operator. `waiting`: for a slot of its
 * concurrency key. Each keeps what comes.
 */
export type RunStatus = LedgerStatus | 'blocked' | 'paused' | 'waiting';

/** Who is told of the run's end. */
export interface Waiter {
  readonly replyTo: string;
  readonly runId?: string;
  readonly stepId?: string;
  /** The id of the message that is answered. */
  readonly causationId: string;
}

/** A run, as the document `workflows/{runId}` holds it. */
export interface RunRecord {
  readonly runId: string;
  readonly workflow: string;
  /** The version that it began with, and keeps to (I7). */
  readonly version: number;
  /** The agent that hosts it. */
  readonly agent: string;
  readonly key: string;
  readonly status: RunStatus;
  readonly correlationId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly endedAt?: Date;
  /** When Firestore may delete it: some time after its end. */
  readonly expireAt?: Date;
  /** The open steps in words: `call payments.charge`, `signal approval`. */
  readonly waitingFor: readonly string[];
  readonly steps: StepCounts;
  readonly output?: Json;
  /** What the workflow's code last said of itself: its `wf.setStatus`. */
  readonly customStatus?: Json;
  /** Its search attributes. */
  readonly attributes?: Attributes;
  /** What its code last answered to its queries. */
  readonly queries?: QueryAnswers;
  /** How far its latest map-reduce has come. */
  readonly progress?: WorkProgress;
  /** Why it failed or was cancelled, or why it is blocked. */
  readonly failure?: Failure;
  /** Of the input that it was started with: a second start with another is refused. */
  readonly inputDigest: string;
  readonly waiters: readonly Waiter[];
  /** What it was started with, and gives to all that it sends. */
  readonly baggage?: Baggage;
  /** Whose key its payloads are encrypted with. Left out: they are not. */
  readonly tenant?: string;
  /** That key was dropped: there is no history any more. */
  readonly erased?: true;
  /** Its payloads were not decrypted: the history, the output and what it says of itself are left out here. */
  readonly closed?: true;
  /** Another with each write by the engine: what an instance keeps in memory of the run is held against it. */
  readonly revision: string;
  /** The tail of the history as JSON, which is parsed only by who needs it. What is older is in pages (run-history.ts). */
  readonly history: string;
  readonly pages: number;
  /** Bytes of JSON in the pages. */
  readonly pagedBytes: number;
  /** Under which name the pages of its history are kept; left out: its id. */
  readonly pagesIn?: string;
  /** The run that started it: its parent, where that awaits it. */
  readonly parentRunId?: string;
  /** The run whose work it goes on with, as it was when it continued; and on that one, the run that goes on. */
  readonly continuedFrom?: string;
  readonly continuedAs?: string;
  /** When it begins; left out once it has. */
  readonly startAt?: Date;
  /** The schedule that started it, and is told of its end. */
  readonly schedule?: string;
  /** When it is to have been heard of: a sweep looks after one that was not. Left out where it waits for people. */
  readonly wakeAt?: Date;
  /** When it fails, if it has not ended by then. */
  readonly deadlineAt?: Date;
  /** When the payloads that its history refers to are renewed next; left out as long as it refers to none. */
  readonly renewAt?: Date;
  /** The slot that it holds or waits for, by the value of its concurrency key. */
  readonly slot?: { readonly value: string; readonly held: boolean };
  /** It is paused; with its compensations, or else as long as it has none to run. */
  readonly paused?: { readonly compensation: boolean; readonly reason?: string };
  /** While blocked, paused or waiting: the events that came and are not in the history yet. None is ever lost. */
  readonly kept: readonly RunEvent[];
  /** Its code did not come to rest: whoever watched it says so, and the same build does not run it again. */
  readonly stuck?: Stuck;
  /** The run that this one repeats, and the first step that it takes anew; left out for all of it. */
  readonly rerunOf?: RerunOf;
  /** How many times a look at a blocked run was armed, ever; how many of them since it was blocked. */
  readonly rechecks: number;
  readonly checks: number;
}

export interface RerunOf {
  readonly runId: string;
  readonly from?: string;
}

export interface StepCounts {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly open: number;
}

/** Of a step that a run waits for, in characters. */
const LONGEST_WORDS = 600;

/** Lists and the unlike are kept as JSON: a field of Firestore's can't hold a list in a list, and is indexed. */
export function encodeRun(run: RunRecord): Fields {
  const {
    runId: _,
    output,
    failure,
    waiters,
    kept,
    steps,
    waitingFor,
    rerunOf,
    progress,
    queries,
    stuck,
    baggage,
    ...plain
  } = run;
  return {
    ...plain,
    ...(stuck && { stuck: { ...stuck } }),
    ...(queries && { queries: JSON.stringify(queries) }),
    ...(progress && { progress: { ...progress } }),
    waitingFor: waitingFor.map((words) => plainText(words, LONGEST_WORDS)),
    steps: { ...steps },
    ...(output !== undefined && { output: JSON.stringify(output) }),
    // Whoever made it: a text that no document keeps would keep the run from ending.
    ...(failure && { failure: { ...mended(failure) } as Fields }),
    waiters: JSON.stringify(waiters),
    ...(baggage && { baggage: { ...baggage } }),
    kept: JSON.stringify(kept),
    ...(rerunOf && { rerunOf: { ...rerunOf } }),
  };
}

/** Reads a run's document. Throws a `TypeError` for a document that is none. */
export function decodeRun(document: StoredDocument): RunRecord {
  const { fields, path } = document;
  const text = (name: string) => typed(path, name, fields[name], isString);
  const count = (name: string) => typed(path, name, fields[name], isNumber);
  const date = (name: string) => typed(path, name, fields[name], isDate);
  const { endedAt, expireAt, output, customStatus, attributes, queries, progress, failure, rerunOf } = fields;
  const {
    baggage,
    pagesIn,
    parentRunId,
    continuedFrom,
    continuedAs,
    deadlineAt,
    renewAt,
    wakeAt,
    startAt,
    schedule,
    slot,
    paused,
    stuck,
  } = fields;
  return {
    runId: path.slice(path.lastIndexOf('/') + 1),
    workflow: text('workflow'),
    version: count('version'),
    agent: text('agent'),
    key: text('key'),
    status: text('status') as RunStatus,
    correlationId: text('correlationId'),
    createdAt: date('createdAt'),
    updatedAt: date('updatedAt'),
    ...(isDate(endedAt) && { endedAt }),
    ...(isDate(expireAt) && { expireAt }),
    waitingFor: fields.waitingFor as readonly string[],
    steps: fields.steps as unknown as StepCounts,
    ...(customStatus !== undefined && { customStatus: customStatus as Json }),
    ...(attributes && { attributes: attributes as Attributes }),
    ...(isString(queries) && { queries: JSON.parse(queries) as QueryAnswers }),
    ...(progress && { progress: progress as unknown as WorkProgress }),
    ...(isString(output) && { output: JSON.parse(output) as Json }),
    ...(failure && { failure: failure as unknown as Failure }),
    inputDigest: text('inputDigest'),
    waiters: JSON.parse(text('waiters')) as Waiter[],
    revision: text('revision'),
    history: text('history'),
    pages: count('pages'),
    pagedBytes: count('pagedBytes'),
    ...(baggage && { baggage: baggage as Baggage }),
    ...(isString(fields.tenant) && { tenant: fields.tenant }),
    ...(fields.erased === true && { erased: true as const }),
    ...(fields.closed === true && { closed: true as const }),
    ...(isString(pagesIn) && { pagesIn }),
    ...(isString(parentRunId) && { parentRunId }),
    ...(isString(continuedFrom) && { continuedFrom }),
    ...(isString(continuedAs) && { continuedAs }),
    ...(isDate(deadlineAt) && { deadlineAt }),
    ...(isDate(renewAt) && { renewAt }),
    ...(isDate(wakeAt) && { wakeAt }),
    ...(isDate(startAt) && { startAt }),
    ...(isString(schedule) && { schedule }),
    ...(slot && { slot: slot as unknown as NonNullable<RunRecord['slot']> }),
    ...(paused && { paused: paused as unknown as NonNullable<RunRecord['paused']> }),
    ...(stuck && { stuck: stuck as unknown as Stuck }),
    kept: JSON.parse(text('kept')) as RunEvent[],
    ...(rerunOf && { rerunOf: rerunOf as unknown as RerunOf }),
    rechecks: count('rechecks'),
    checks: count('checks'),
  };
}

const isString = (value: FieldValue | undefined): value is string => typeof value === 'string';
const isNumber = (value: FieldValue | undefined): value is number => typeof value === 'number';
const isDate = (value: FieldValue | undefined): value is Date => value instanceof Date;

function typed<T>(
  path: string,
  name: string,
  value: FieldValue | undefined,
  is: (value: FieldValue | undefined) => value is T & FieldValue,
): T {
  if (!is(value)) throw new TypeError(`${path} is not a run: its field ${name} is ${typeof value}`);
  return value;
}
