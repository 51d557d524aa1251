import type {
  EventRef,
  MessageRef,
  QueryAnswerOf,
  QuerySpecs,
  SignalName,
  SignalPayload,
  UpdateAnswer,
  UpdateInput,
  UpdateOutput,
  UpdateParsed,
} from '../contract/agent.ts';
import type { AttributeChanges, AttributeSpecs } from '../contract/attributes.ts';
import type { BaggageView } from '../contract/baggage.ts';
import type { Duration } from '../contract/duration.ts';
import type { Jsonify } from '../contract/json.ts';
import type { Log } from '../contract/log.ts';
import type { ReachedWorkflow, RunTarget } from '../contract/run-target.ts';
import type { Parsed, Schema } from '../contract/schema.ts';
import type {
  CallOptions,
  ChildOptions,
  ChildRun,
  EffectAttempt,
  SideEffectOptions,
} from './call-options.ts';
import type { Branches, Gathered, GatherOptions } from './gathering.ts';
import type { MapReduced, MapReduceOptions } from './map-reducing.ts';

export {
  type CallOptions,
  type ChildOptions,
  type ChildRun,
  type Compensation,
  type EffectAttempt,
  type SideEffectOptions,
  type StepRetry,
  undo,
} from './call-options.ts';

/** A part of a workflow that can be cancelled as a whole. */
export interface CancelScope {
  /** Cancels it, once. One that has come to its end is undone. */
  cancel(): void;
  /** Whether it, or a scope that it is in, was cancelled. */
  readonly cancelled: boolean;
}

/**
 * The durable operations that a workflow is written with. Await nothing else (I9).
 *
 * `Status` is what the `status` schema of the workflow's definition takes; `Attributes` and `Queries` are those that the
 * definition declares.
 */
export interface WorkflowContext<Status = unknown, Attributes = AttributeSpecs, Queries = QuerySpecs> {
  readonly runId: string;
  /** The key of the run: the value of the contract's `key` field, or the run's id. */
  readonly key: string;
  /** Logs once, not again on replay. */
  readonly log: Log;
  /** Facts that travelled with the message which started the run, and travel on with all that it sends. */
  readonly baggage: BaggageView;

  /**
   * Commands another agent and awaits its reply. Rejects with the agent's failure as a `MeshError` (`Rejected` with its `reason`,
   * …), with `StepTimeout` when the timeout passes first, or `RunCancelled`.
   */
  call<Input, Output, Wire>(
    ref: MessageRef<Input, Output, Wire>,
    input: NoInfer<Wire>,
    options?: CallOptions<NoInfer<Wire>, Output>,
  ): Promise<Output>;

  /**
   * Starts a run of a workflow, of another agent or of this one, and awaits its end: its output, or its failure as a `MeshError`. The
   * child is its parent's: when the parent fails or is cancelled, and when `timeout` passes, the child is cancelled; a parent that
   * undoes what it did waits until the child has undone what it did. With `detached: true` nobody waits: resolves at once, to the id
   * of the child's run, which goes on by itself.
   */
  child<Input, Output, Wire, Detached extends boolean = false>(
    ref: MessageRef<Input, Output, Wire>,
    input: NoInfer<Wire>,
    options?: ChildOptions<NoInfer<Wire>, Output, Detached>,
  ): Promise<Detached extends true ? ChildRun : Output>;

  /**
   * Ends the code here, and begins the run anew with this input, in the newest version of the workflow and with an empty history: for
   * loops without end. The run keeps its id, its key, whoever waits for it, and signals that nobody took. What was done is not undone
   * if it fails later; steps that are not finished are let go. Nothing after it is run. Rejects with `SchemaMismatch` for an input
   * that does not fit.
   *
   * @example
   * return wf.continueAsNew({ ...input, page: input.page + 1 });
   */
  continueAsNew(input: unknown): Promise<never>;

  /**
   * Scatter-gather: calls under way together. Resolves when enough of them have been answered, saying why it is complete and what each
   * came to. Rejects with `GatherFailed`, its `reason` one of `tolerance-exceeded` (too many failed), `quorum-unreachable` and
   * `deadline` (passed before the quorum was reached). Branches that succeeded are undone as any step is, when the run fails.
   *
   * @example
   * const { outputs, reason } = await wf.gather(
   *   [branch(security.review, design), branch(finops.estimate, design, { timeout: '20s' })],
   *   { quorum: 1, deadline: '1m' },
   * );
   */
  gather<const Given extends Branches>(branches: Given, options?: GatherOptions): Promise<Gathered<Given>>;

  /**
   * Maps items in shards, and reduces the results in a tree to one; neighbours with neighbours, so that the result does not depend on
   * what comes first. Items are given, or read page by page by a command, so that there may be many more than a document could hold.
   * How far it has come is the field `progress` of the run's document. Its commands may run more than once and are not undone: they
   * are to have no effect but their result. Rejects with `MapReduceFailed`, its `reason` one of `tolerance-exceeded`, `read-failed`
   * and `reduce-failed`.
   *
   * @example
   * const { result } = await wf.mapReduce({
   *   read: stage(orders.page, { day }),
   *   map: stage(orders.total),
   *   reduce: stage(orders.sum),
   *   retry: { maxAttempts: 3 },
   * });
   */
  mapReduce<Item, Mapped>(options: MapReduceOptions<Item, Mapped>): Promise<MapReduced<Mapped>>;

  /**
   * Resolves or rejects with the first of its branches to do so, and cancels the others: their timers and signals are let go, and what their
   * calls did is undone, also when it is heard of only later. Code of a branch that goes on gets `StepCancelled`. Each branch is a function,
   * so that the steps which it begins are known to be its own.
   *
   * @example
   * const decision = await wf.race([
   *   async () => (await wf.signal('approve', { schema: Approval })).by,
   *   async () => {
   *     await wf.sleep('2d');
   *     return 'nobody';
   *   },
   * ]);
   */
  race<const Race extends readonly (() => Promise<unknown>)[]>(
    branches: Race,
  ): Promise<Awaited<ReturnType<Race[number]>>>;

  /**
   * Runs a part of the workflow that can be cancelled as a whole, by its `cancel` or by its `timeout`. Then its open steps are let go, what
   * its calls did is undone in reverse order, and its code gets `StepCancelled`; the run goes on. Resolves and rejects as `run` does; with
   * `StepTimeout` where the timeout passed.
   *
   * @example
   * await wf.scope(
   *   async () => {
   *     await wf.call(hotels.book, trip, { compensate: undo(hotels.cancel, ({ input }) => input) });
   *     await wf.signal('confirm', { schema: z.undefined() });
   *   },
   *   { timeout: '1h' },
   * );
   */
  scope<T>(run: (scope: CancelScope) => Promise<T>, options?: { readonly timeout?: Duration }): Promise<T>;

  /**
   * Runs a part of the workflow that is not cancelled with the scope that it is in, such as what a scope has to clean up. When the run
   * itself is cancelled, its code begins nothing more, shielded or not: the run is undone.
   */
  shield<T>(run: () => Promise<T>): Promise<T>;

  /** Resolves after the duration, however long. */
  sleep(duration: Duration): Promise<void>;

  /** Resolves at the date; at once where it is past. */
  until(date: Date): Promise<void>;

  /**
   * Awaits a signal sent to the run, such as an approval. Signals that came early are kept, and taken in the order in which they
   * came. Rejects with `SignalTimeout` when `timeout` passes first.
   */
  signal<S extends Schema>(
    name: string,
    options: { readonly schema: S; readonly timeout?: Duration },
  ): Promise<Parsed<S>>;

  /**
   * Sends a signal to another run, once. It is not awaited, and not undone: a run that is not there, or has ended, makes it a dead letter.
   * Throws `CallNotDeclared` for an agent that the contract does not list in `calls`, `SchemaMismatch` for a payload that does not fit the
   * signal that the contract of the workflow declares, `PayloadTooLarge`.
   *
   * @example
   * wf.signalRun(orders.fulfill, { key: orderId }, 'packed', { boxes: 3 });
   */
  signalRun<Signals, Name extends SignalName<Signals>>(
    ref: ReachedWorkflow<Signals>,
    run: RunTarget,
    name: Name,
    payload?: SignalPayload<Signals, Name>,
  ): void;

  /**
   * Asks a running workflow for something, and awaits its answer: an update of another run, which its contract declares. Rejects with the
   * failure that the run answered (`Rejected` with a `reason`, …), with `RunEnded`, `RunNotFound`, or with `StepTimeout`. It is not undone.
   *
   * @example
   * const { items } = await wf.updateRun(carts.shopping, { key: cartId }, 'add', { sku }, { timeout: '1m' });
   */
  updateRun<Updates, Name extends keyof Updates & string>(
    ref: ReachedWorkflow<unknown, Updates>,
    run: RunTarget,
    name: Name,
    input: UpdateInput<Updates, Name>,
    options?: { readonly timeout?: Duration },
  ): Promise<UpdateOutput<Updates, Name>>;

  /**
   * Answers the updates of a name, which the contract of this workflow declares. The handler may use the operations of `wf`; updates are
   * handled side by side, each in the order in which it came. What `validate` throws refuses an update before it is accepted, and so does an
   * input that does not fit. What the handler throws is the answer too: the run goes on. An update that comes before its handler is there
   * waits for it; one that is not answered when the run ends is answered with `RunEnded`.
   *
   * @param ref the workflow itself, as its agent's contract defines it
   * @example
   * wf.onUpdate(carts.shopping, 'add', async ({ sku }) => ({ items: items.push(sku) }), {
   *   validate: ({ sku }) => {
   *     if (items.length === 20) throw rejected('full', `there is no room for ${sku}`);
   *   },
   * });
   */
  onUpdate<Updates, Name extends keyof Updates & string>(
    ref: ReachedWorkflow<unknown, Updates>,
    name: Name,
    handle: (
      input: UpdateParsed<Updates, Name>,
    ) => UpdateAnswer<Updates, Name> | Promise<UpdateAnswer<Updates, Name>>,
    options?: { readonly validate?: (input: UpdateParsed<Updates, Name>) => void },
  ): void;

  /**
   * Runs `effect` in this very process and records its JSON result; on replay the record is returned. It may run again if the process dies first,
   * so it is for reading; effects are for agents. Rejects with what it threw, with `StepTimeout`, or with `OutputInvalid` for a result that JSON
   * does not carry.
   *
   * @example
   * const rates = await wf.sideEffect('rates', ({ signal }) => readRates(signal), {
   *   timeout: '5s',
   *   retry: { maxAttempts: 5, minBackoff: '500ms' },
   * });
   */
  sideEffect<Result>(
    name: string,
    effect: (attempt: EffectAttempt) => Result | Promise<Result>,
    options?: SideEffectOptions,
  ): Promise<Jsonify<Result>>;

  /** Publishes a domain event of the hosting agent, once. */
  publish<Data, Wire>(event: EventRef<Data, Wire>, data: NoInfer<Wire>): void;

  /**
   * Says how far the run has come, in words of its own: kept as the field `customStatus` of the run's document, where queries and
   * `mesh runs list` find it. The last one stands. At most 4 KB, of what Firestore keeps in a field: no list in a list.
   */
  setStatus(value: Status): void;

  /**
   * Sets search attributes of the run, which its contract declares: lists of runs are filtered by them. Those that are not named stay;
   * null removes one. They stay when the run continues as new.
   *
   * @throws MeshError `SchemaMismatch` naming the attribute, for a value of another type or over a limit; `ContractInvalid` for one that
   * is not declared
   * @example
   * wf.setAttributes({ customer: order.customerId, total: 1250, courier: null });
   */
  setAttributes(changes: AttributeChanges<Attributes>): void;

  /**
   * Registers the answer to a query that the contract declares: a function of what the code knows. It is called at the end of each turn,
   * and what it returns is kept on the run's document, where it is read without the code: by a client's `handle.query`, by
   * `mesh runs query`. It may only look: it changes nothing, awaits nothing and uses nothing of `wf`. One that throws, or returns what does
   * not fit its schema, fails the query and not the run. Registering it again replaces it. The answers of a run take 16 KB at most.
   *
   * @throws MeshError `ContractInvalid` for a query that is not declared
   * @example
   * let packed = 0;
   * wf.onQuery('progress', () => ({ packed, of: lines.length }));
   */
  onQuery<Name extends keyof Queries & string>(name: Name, answer: () => QueryAnswerOf<Queries, Name>): void;

  /**
   * Whether the run goes the new way at a change of its code: true for runs that come here for the first time, which is recorded,
   * and false for those that passed here before the change was made. Once none of these is left, drop the question and the old way:
   * what is recorded of it is passed over.
   *
   * @example
   * if (wf.patched('check-fraud')) await wf.call(risk.check, order);
   */
  patched(id: string): boolean;

  /** The time, the same on every replay. */
  now(): Date;
  /** A random UUID, the same on every replay. */
  uuid(): string;
  /** A random number, 0 or more and less than 1, the same on every replay. */
  random(): number;
}
