import type { Baggage, BaggageEntry } from '../contract/baggage.ts';
import type { Failure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { Reply } from '../contract/reply.ts';

/**
 * The history of a run: a list that only grows (I6). Events came from outside; what follows an event, up to the next one, is
 * what the run did because of it. Names are short because the whole history is one document's field. Times are milliseconds
 * since the Unix epoch.
 */
export type Entry = RunEvent | CodeEntry | EngineEntry;

/** What came from outside, with the time at which it was taken. */
export type RunEvent = Started | Replied | Fired | Signalled | Updated | Ran | Interruption;

/** What ends a run from outside: its code begins nothing any more. */
export type Interruption = Cancelled | Terminated | Expired;

export interface Started {
  readonly e: 'started';
  readonly at: number;
  /** As it came on the wire. */
  readonly input: Json;
  /** What `uuid()` is derived from, so that it is random and yet the same on every replay. */
  readonly seed: string;
  /** The baggage of the message that started the run. */
  readonly baggage?: Baggage;
  /** Of a run that continues another: the steps that those before it began. Its own are counted on from there. */
  readonly after?: number;
  /** The search attributes that it begins with. */
  readonly attributes?: AttributesEntry;
}

/** A reply to an attempt of a call. */
export interface Replied {
  readonly e: 'replied';
  readonly at: number;
  readonly step: string;
  readonly attempt: number;
  readonly reply: Reply;
  /** The input of the step's compensation, made from the output. */
  readonly undo?: Json;
  /** Why that input could not be made, though the output is known. */
  readonly undoFailed?: Failure;
  /** The output did not fit the schema of the call. */
  readonly invalid?: Failure;
}

export type StepTimer = 'sleep' | 'timeout' | 'retry';

export interface Fired {
  readonly e: 'fired';
  readonly at: number;
  readonly step: string;
  readonly timer: StepTimer;
  /** The attempt that a `retry` follows. */
  readonly attempt: number;
}

export interface Signalled {
  readonly e: 'signalled';
  readonly at: number;
  readonly name: string;
  readonly payload?: Json;
  /** It did not fit the schema of the step that waited for it, and was skipped. */
  readonly invalid?: true;
}

/** An update came: a request to the code, which is answered once. */
export interface Updated {
  readonly e: 'updated';
  readonly at: number;
  /** K of its message. */
  readonly id: string;
  readonly name: string;
  readonly input?: Json;
  readonly by: UpdateSender;
  /** It can't be given to the code, for this reason. */
  readonly refused?: Failure;
}

/** Who waits for the answer to an update: nobody, an agent, or a program. */
export interface UpdateSender {
  readonly causationId: string;
  readonly replyTo?: string;
  readonly runId?: string;
  readonly stepId?: string;
  /** The sender looks for the answer among the documents: the digest of what it sent. */
  readonly keep?: string;
}

/** A side effect ran. */
export interface Ran {
  readonly e: 'ran';
  readonly at: number;
  readonly step: string;
  readonly value?: Json;
  readonly failure?: Failure;
  /** The latest attempt, where there may be several. */
  readonly attempt?: number;
}

export interface Cancelled {
  readonly e: 'cancelled';
  readonly at: number;
  readonly reason?: string;
}

export interface Terminated {
  readonly e: 'terminated';
  readonly at: number;
  readonly reason?: string;
  /** Whether what the run did is undone. */
  readonly compensate: boolean;
}

/** The deadline of the run passed. */
export interface Expired {
  readonly e: 'expired';
  readonly at: number;
}

/** What the workflow's code did: replay must do it again, in the same order (I7). */
export type CodeEntry = Exclude<StepEntry, UndoEntry> | Returned | Threw | Continued;

/** What the engine did by itself: replay reads it, the code knows nothing of it. */
export type EngineEntry = UndoEntry | Ended;

/** The beginning of a step. An operation adds its own here. */
export type StepEntry =
  | CallEntry
  | ChildEntry
  | UndoEntry
  | SleepEntry
  | SignalEntry
  | SideEffectEntry
  | PublishEntry
  | GatherEntry
  | MapReduceEntry
  | SetStatusEntry
  | CancelEntry
  | SetAttributesEntry
  | SignalRunEntry
  | UpdateEntry
  | AnswerEntry
  | UpdateRunEntry
  | PatchedEntry;

interface Step<Op extends string> {
  readonly e: 'step';
  readonly op: Op;
  /** `1`, `2`, … in the order in which steps start; `undo-1` undoes step `1`. */
  readonly id: string;
  readonly name: string;
}

export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Codes and reasons of the failures that alone are tried again, and of those that never are. */
  readonly on?: readonly string[];
  readonly unless?: readonly string[];
}

interface Commanded<Op extends string> extends Step<Op> {
  readonly agent: string;
  readonly input?: Json;
  readonly timeoutAt?: number;
  readonly retry?: RetryPolicy;
  /** The compensation, with its input for the case that the outcome stays unknown (I8). */
  readonly undo?: { readonly agent: string; readonly name: string; readonly input: Json };
  /** It was never dispatched, for this reason. */
  readonly refused?: Failure;
  /** Added to the run's baggage. */
  readonly baggage?: readonly BaggageEntry[];
}

export type CallEntry = Commanded<'call'>;

/** A child's run, named before it is there. */
export interface ChildRef {
  readonly id: string;
  readonly workflow: string;
  readonly key: string;
  /** What the message that starts it is known by. */
  readonly startedBy: string;
}

/** A run of another workflow. Its input, timeout and compensation are those of a call. */
export interface ChildEntry extends Commanded<'child'> {
  /** Left out where it was refused before its run could be named. */
  readonly run?: ChildRef;
  /** Nobody awaits it. */
  readonly detached?: true;
}

/** The start of a compensation. Its input is that of the step it undoes. */
export interface UndoEntry extends Step<'undo'> {
  readonly at: number;
  readonly agent: string;
  /** The step that it undoes. */
  readonly of: string;
  /** Whether the step was known to have had its effect. */
  readonly known: boolean;
  /** It was never dispatched: its input could not be made from the output of the step, for this reason. */
  readonly refused?: Failure;
}

export interface SleepEntry extends Step<'sleep'> {
  readonly until: number;
}

export interface SignalEntry extends Step<'signal'> {
  readonly timeoutAt?: number;
  /** The early signal that it took, by order of arrival from 0. */
  readonly takes?: number;
  /**
   * A signal goes to the waits of the latest turn first. Left out in histories of earlier releases, where it went to the oldest wait of its
   * name.
   */
  readonly served?: 'latest-first';
  /** The payload of that signal, where its schema filled something in. */
  readonly payload?: Json;
  /** Early signals that it passed over because they did not fit its schema. */
  readonly skips?: readonly number[];
}

export interface SideEffectEntry extends Step<'sideEffect'> {
  readonly retry?: RetryPolicy;
  /** Of one attempt. */
  readonly timeoutMs?: number;
}

export interface PublishEntry extends Step<'publish'> {
  readonly data: Json;
}

/** Calls under way together: `3/0`, `3/1`, … are the steps of the gather `3`, whose beginnings follow from it. */
export interface GatherEntry extends Step<'gather'> {
  readonly calls: readonly BranchCall[];
  readonly branches: readonly BranchInput[];
  /** So many failures are let pass. */
  readonly tolerated: number;
  readonly quorum?: number;
  readonly deadlineAt?: number;
  readonly late: LatePolicy;
  readonly concurrency?: number;
  /** Left out in histories of earlier releases, which counted a late answer as another end. */
  readonly counted?: 'once';
}

/** Pages read, shards mapped, results reduced: `3/p0`, `3/0`, `3/r1-0`, … are steps of the map-reduce `3`. */
export interface MapReduceEntry extends Step<'mapReduce'> {
  /** Left out where pages are read, or where they go by claim check. */
  readonly items?: readonly Json[];
  /** Items that are too large to inline: the claim check of their list, and how many they are. */
  readonly itemsIn?: { readonly payload: Json; readonly count: number };
  readonly read?: StageEntry;
  readonly map: StageEntry;
  readonly reduce: StageEntry;
  readonly shardSize: number;
  readonly concurrency: number;
  readonly fanIn: number;
  /** How many shards may fail, and which share of all. */
  readonly failures?: number;
  readonly share?: number;
  /** Bytes that a command may carry. */
  readonly most: number;
  readonly timeoutMs?: number;
  readonly retry?: RetryPolicy;
  /** Nothing of it was ever dispatched, for this reason. */
  readonly refused?: Failure;
}

/** A command, and the part of its input that is always the same. */
export interface StageEntry {
  readonly agent: string;
  readonly name: string;
  readonly with: { readonly [field: string]: Json };
  /** Bytes that its input may have by claim check; left out: it goes inline only. */
  readonly claim?: number;
}

export type LatePolicy = 'ignore' | 'record' | 'compensate';

/** What the branches of a gather have in common. */
export interface BranchCall {
  readonly agent: string;
  readonly name: string;
  readonly timeoutMs?: number;
  readonly retry?: RetryPolicy;
  readonly undo?: { readonly agent: string; readonly name: string };
}

/** What is a branch's own: of which call it is (the first, where it does not say), its input, and that of its compensation. */
export interface BranchInput {
  readonly of?: number;
  readonly in?: Json;
  readonly undo?: Json;
  readonly refused?: Failure;
}

export interface SetStatusEntry extends Step<'setStatus'> {
  readonly value: Json;
}

/** Steps are let go: of the branches that lost a race, or of a scope that was cancelled. What they did is undone. */
export interface CancelEntry extends Step<'cancel'> {
  readonly steps: readonly string[];
}

/** Search attributes: a date as `{ "date": "<RFC 3339>" }`, null for one that is removed. */
export type AttributesEntry = { readonly [name: string]: Json };

export interface SetAttributesEntry extends Step<'setAttributes'> {
  readonly set: AttributesEntry;
}

/** A signal to another run. The name is that of the workflow and of the signal. */
export interface SignalRunEntry extends Step<'signalRun'> {
  readonly agent: string;
  readonly run: string;
  readonly signal: string;
  readonly payload?: Json;
}

/** The code accepted an update that came, or refused it. */
export interface UpdateEntry extends Step<'update'> {
  /** The id of the update. */
  readonly update: string;
  readonly refused?: Failure;
}

/** The code answered an update. */
export interface AnswerEntry extends Step<'answer'> {
  readonly update: string;
  /** The step by which it was accepted. */
  readonly of: string;
  readonly reply: Reply;
}

/** An update of another run. The name is that of the workflow and of the update. */
export type UpdateRunEntry = Commanded<'updateRun'>;

/** The name is that of the patch. */
export type PatchedEntry = Step<'patched'>;

export interface Returned {
  readonly e: 'returned';
  readonly output: Json;
}

export interface Threw {
  readonly e: 'threw';
  readonly failure: Failure;
}

/** The code asked for the run to go on from the beginning, with this input. */
export interface Continued {
  readonly e: 'continued';
  readonly input: Json;
}

/** The run came to its end: no compensation is left to run. */
export interface Ended {
  readonly e: 'ended';
  readonly at: number;
}

export function isCodeEntry(entry: Entry): entry is CodeEntry {
  return entry.e === 'step' ? entry.op !== 'undo' : isCodeEnd(entry);
}

/** The end of the workflow's function, one way or the other. */
export function isCodeEnd(entry: Entry): entry is Returned | Threw | Continued {
  return entry.e === 'returned' || entry.e === 'threw' || entry.e === 'continued';
}

export function isInterruption(entry: Entry): entry is Interruption {
  return entry.e === 'cancelled' || entry.e === 'terminated' || entry.e === 'expired';
}

/** Whether it came from outside; the rest is what the run did because of it. */
export function isRunEvent(entry: Entry): entry is RunEvent {
  return !isCodeEntry(entry) && entry.e !== 'step' && entry.e !== 'ended';
}

/** A step in words: `step 3, call payments.charge`. */
export function describeEntry(entry: {
  readonly e: string;
  readonly op?: string;
  readonly name?: string;
}): string {
  if (entry.e === 'returned') return 'the return of the workflow';
  if (entry.e === 'threw') return 'the failure of the workflow';
  if (entry.e === 'continued') return 'the continuation of the run as a new one';
  if (entry.op === undefined) return entry.e;
  return entry.name === undefined || entry.name === entry.op ? entry.op : `${entry.op} ${entry.name}`;
}
