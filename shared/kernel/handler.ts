import type { AgentSpec, EventRef, MessageRef, SignalName, SignalPayload } from '../contract/agent.ts';
import type { BaggageEntry, BaggageView } from '../contract/baggage.ts';
import type { DeadLetter } from '../contract/dead-letter.ts';
import type { Duration } from '../contract/duration.ts';
import type { Json } from '../contract/json.ts';
import type { Log } from '../contract/log.ts';
import type { Envelope } from '../contract/message.ts';
import type { PlanFor, ScheduledWorkflow } from '../contract/plan-rules.ts';
import type { ReachedWorkflow, RunTarget } from '../contract/run-target.ts';
import type { Overlap } from '../contract/schedule-plan.ts';
import type { Given, Parsed, Schema } from '../contract/schema.ts';
import type { ProviderAccess } from './providers/providers.ts';

/** The agent's state documents, as they were read before the handler ran, and as it leaves them. */
export interface StateAccess<State> {
  /** The document, or undefined where there is none. Sees what this handler has set. */
  get(key: string): State | undefined;
  /** Replaces the document. Committed with the message (I1), under the version that was read. */
  set(key: string, value: State): void;
  delete(key: string): void;
}

/** What a handler is given. */
export interface HandlerContext<State = never> {
  readonly message: Envelope & { readonly deliveryAttempt?: number };
  /**
   * Give it to providers as their idempotency key. The same however often the message is delivered (I2), and for all attempts that a
   * workflow makes of one step: what an earlier one did, though it seemed to fail, is not done again.
   */
  readonly idempotencyKey: string;
  readonly state: StateAccess<State>;
  /** When nobody waits for the outcome any more. */
  readonly deadline?: Date;
  /**
   * Aborts at the deadline, or when the contract's timeout has passed. In `effect` mode also, within about ten seconds, when nobody waits for
   * the outcome any more: the run was cancelled, terminated or failed, or let the step go. Its `reason` is then a `CallerGone`, and a handler
   * that throws after that is not tried again. Hand it to every call to the outside.
   */
  readonly signal: AbortSignal;
  /**
   * Where the message before this one left off, by `proceed`; undefined in the first. What `input` is, the state and the deadline are the same
   * in each.
   */
  readonly cursor: Json | undefined;
  /**
   * Goes on with the work in another message, for what takes longer than one may: commits what was done, and sends this agent the same
   * message again, with the cursor. Whoever waits for the reply waits on, and is answered by the last. Each of the messages has exactly one
   * effect, and an `idempotencyKey` of its own. It throws: call it as the last thing, and don't catch what it throws.
   *
   * @param cursor JSON of at most 1,024 bytes, which travels in the clear
   * @throws MeshError `ArgumentInvalid` for what no JSON carries, `PayloadTooLarge`; `ContractInvalid` where a program asked for the reply
   * @example
   * const from = Number(ctx.cursor ?? 0);
   * await exportRows(from, from + 10_000, { key: ctx.idempotencyKey, signal: ctx.signal });
   * if (from + 10_000 < input.rows) ctx.proceed(from + 10_000);
   * return { rows: input.rows };
   */
  proceed(cursor: unknown): never;
  /**
   * What an earlier attempt at this message last told by `heartbeat`, for this one to go on from; undefined where there is nothing. It may be
   * a few seconds old.
   */
  readonly lastHeartbeat: Json | undefined;
  /**
   * Tells how far the work has come, in `effect` mode. Call it as often as you like: the newest details are written at once, or a few seconds
   * after the last. They are lost with the process if it dies before; they are never older than what an earlier call wrote.
   *
   * @param details JSON of at most 4,000 bytes
   * @throws MeshError `ContractInvalid` in mode `commit`, `ArgumentInvalid` for what no JSON carries, `PayloadTooLarge`
   * @example
   * for (let page = Number(ctx.lastHeartbeat ?? 0); page < pages; page++) {
   *   await upload(page, { key: `${ctx.idempotencyKey}-${page}`, signal: ctx.signal });
   *   ctx.heartbeat(page + 1);
   * }
   */
  heartbeat(details?: unknown): void;
  readonly log: Log;
  /** Facts that travel with the message, and with all that this handler sends. */
  readonly baggage: BaggageView;
  now(): Date;
  /** Sends a command, after the commit. Throws `CallNotDeclared`, `SchemaMismatch`, `PayloadTooLarge`. */
  send<Input, Output, Wire>(
    ref: MessageRef<Input, Output, Wire>,
    input: NoInfer<Wire>,
    options?: SendOptions,
  ): void;
  /**
   * Makes, changes or ends a schedule that starts runs of a workflow, after the commit. What becomes of it can be read by a client.
   *
   * @throws MeshError `CallNotDeclared`; `ScheduleInvalid` naming the field
   * @example
   * ctx.schedule(reports['daily-report'], customer, { op: 'create', plan: { cron: '0 6 * * *', input: { customer } } });
   */
  schedule<Wire>(ref: ScheduledWorkflow<Wire>, id: string, change: ScheduleRequest<NoInfer<Wire>>): void;
  /** Publishes a domain event, after the commit. Throws `EventNotDeclared`, `SchemaMismatch`, `PayloadTooLarge`. */
  publish<Data, Wire>(
    event: EventRef<Data, Wire>,
    data: NoInfer<Wire>,
    options?: Pick<SendOptions, 'baggage'>,
  ): void;
  /**
   * Sends a signal to a run of a workflow, after the commit. One that comes before the start of its run is kept for it; for a run that is
   * not there, or has ended, it becomes a dead letter. Throws `CallNotDeclared`, `SchemaMismatch`, `PayloadTooLarge`.
   *
   * @example
   * ctx.signalRun(orders.fulfill, { key: orderId }, 'paid', { amount });
   */
  signalRun<Signals, Name extends SignalName<Signals>>(
    ref: ReachedWorkflow<Signals>,
    run: RunTarget,
    name: Name,
    payload?: SignalPayload<Signals, Name>,
  ): void;
  /** The value of a secret of the contract. Throws `SecretNotDeclared`, `SecretMissing`. */
  secret(name: string): Promise<string>;
  /** A setting of the contract (an environment variable), or undefined. */
  setting(name: string): string | undefined;
  /** A provider of the contract, to be called within its limits. Throws `ProviderNotDeclared`. */
  provider(name: string): ProviderAccess;
}

/** What is asked of a schedule that is made at run time. */
export type ScheduleRequest<Input> =
  | {
      readonly op: 'create' | 'update';
      readonly plan: PlanFor<Input> | PlanFor<Partial<Input>>;
    }
  | { readonly op: 'pause'; readonly note?: string }
  | { readonly op: 'resume' | 'delete' }
  | { readonly op: 'trigger'; readonly overlap?: Overlap }
  | { readonly op: 'backfill'; readonly from: Date; readonly to: Date; readonly overlap?: Overlap };

export interface SendOptions {
  /** So long from now. A run is there at once, and begins then; a command is sent then. */
  readonly delay?: Duration;
  /** In place of `delay`: a moment. One that is past is now. */
  readonly at?: Date;
  readonly subject?: string;
  /** Facts to add to the baggage that the message travels with. Throws `BaggageInvalid`. */
  readonly baggage?: readonly BaggageEntry[];
}

/** Behaviour for one message. Return the output; throw `rejected(…)` to refuse, anything else to be tried again. */
export type Handle<Input, Output, State> = (
  input: Input,
  ctx: HandlerContext<State>,
) => Promise<Output> | Output;

/**
 * A handler that touches state says which documents, so that they are read with the inbox record in one request (I5). For a command of
 * an entity that is the entity's own, unless it says otherwise.
 */
export interface StatefulHandler<Input, Output, State> {
  keys(input: Input): readonly string[];
  readonly handle: Handle<Input, Output, State>;
}

export type Handler<Input, Output, State> =
  | Handle<Input, Output, State>
  | StatefulHandler<Input, Output, State>;

type StateOf<Spec extends AgentSpec> = Spec extends {
  readonly state: { readonly schema: infer S extends Schema };
}
  ? Parsed<S>
  : never;
type Part<Spec, Name extends string> = Spec extends { readonly [K in Name]: infer P }
  ? P
  : Record<never, never>;
type InputOf<Spec> = Spec extends { readonly input: infer Input extends Schema }
  ? Parsed<Input>
  : Spec extends { readonly data: infer Data extends Schema }
    ? Parsed<Data>
    : never;
type ResultOf<Spec> = Spec extends { readonly output: infer Output extends Schema } ? Given<Output> : unknown;
type HandlersFor<Specs, State> = {
  readonly [K in keyof Specs]: Handler<InputOf<Specs[K]>, ResultOf<Specs[K]>, State>;
};
type DeadLetterHandler<Spec, State> = Spec extends { readonly recordsDeadLetters: true }
  ? { readonly deadLetter: Handler<DeadLetter, unknown, State> }
  : Record<never, never>;
type HandlersOfSpec<Spec extends AgentSpec> = HandlersFor<Part<Spec, 'commands'>, StateOf<Spec>> &
  HandlersFor<Part<Spec, 'subscribes'>, StateOf<Spec>> &
  DeadLetterHandler<Spec, StateOf<Spec>>;

/**
 * The handlers that an agent's contract asks for: one for every command, one for every event that it subscribes to (by full
 * type), and nothing else.
 *
 * @example
 * export const handlers = {
 *   greet: async ({ name }) => ({ text: `Hello ${name}` }),
 * } satisfies HandlersOf<typeof greeter>;
 */
export type HandlersOf<Defined extends { readonly spec: AgentSpec }> = HandlersOfSpec<Defined['spec']>;

/** Any agent's handlers, as the kernel takes them. */
export interface Handlers {
  readonly [name: string]: Handler<never, unknown, never>;
}
