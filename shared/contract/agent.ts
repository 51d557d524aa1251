import type * as z from 'zod';
import type { AttributeSpecs } from './attributes.ts';
import type { Duration } from './duration.ts';
import type { EncryptionSpec } from './encryption-spec.ts';
import type { Json } from './json.ts';
import type { ProviderSpec } from './provider.ts';

/** How a command is handled: `commit` only touches its state and sends; `effect` calls the outside world too. */
export type Mode = 'commit' | 'effect';

export interface CommandSpec<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly input: Input;
  /** What the handler returns, and the reply carries. Left out: nothing. */
  readonly output?: Output;
  /** Schemas of the details of a refusal, by its reason: `rejected('card_declined', text, { details })`. */
  readonly errors?: Readonly<Record<string, z.ZodType>>;
  /** Defaults to `commit`. */
  readonly mode?: Mode;
  /** Left out: messages are handled side by side. */
  readonly entity?: EntitySpec;
  /**
   * Most bytes of JSON that the input, and the output that is replied, may have. Over `limits.inlineBytes` it goes by claim check. Default: the
   * agent's `limits.claimCheckBytes`.
   */
  readonly claimCheckBytes?: number;
}

/**
 * An entity: a key whose messages are handled one at a time, over all instances, in the order in which they come. The commands of an
 * agent that declare one share it by the value of the key, whatever their fields are called.
 */
export interface EntitySpec {
  /** The field of the input that holds the key, a string: `accountId`. */
  readonly key: string;
}

export interface SubscriptionSpec<Data extends z.ZodType = z.ZodType> {
  readonly data: Data;
  readonly mode?: Mode;
  /**
   * Most bytes of JSON that the data may have. Over `limits.inlineBytes` it goes by claim check. Default: the
   * agent's `limits.claimCheckBytes`.
   */
  readonly claimCheckBytes?: number;
}

export interface WorkflowSpec<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly input: Input;
  readonly output?: Output;
  /**
   * The field of the input that names the work, such as `orderId`: starting twice with the same value is starting once. Left
   * out: each message starts a run of its own.
   */
  readonly key?: string;
  /**
   * How long a run may take from its start, the time in which it waits for a slot included. Passing it fails the run with
   * `RunDeadlineExceeded` and compensates. A definition's own `deadline` goes before it. Left out: as long as it likes.
   */
  readonly deadline?: Duration;
  /** Left out: as many runs at a time as are started. */
  readonly concurrency?: ConcurrencySpec;
  /**
   * Signals that runs of this workflow take, by name, with the schema of the payload. A payload that does not fit is refused when it
   * arrives. A signal that is not listed is held against the schema of the `wf.signal` that takes it, and nothing else.
   */
  readonly signals?: Readonly<Record<string, z.ZodType>>;
  /** Requests that a running workflow answers, by name: `wf.onUpdate`. Any other name is refused. */
  readonly updates?: Readonly<Record<string, UpdateSpec>>;
  /** Search attributes of its runs, at most 20: lists of runs are filtered by them. Each is an index of the database. */
  readonly attributes?: AttributeSpecs;
  /** What a run tells of itself to who asks, by name: `wf.onQuery`. */
  readonly queries?: QuerySpecs;
  /**
   * Most bytes of JSON that the input, the output, and the payload of a signal may have. Over `limits.inlineBytes` it goes by claim check. Default: the
   * agent's `limits.claimCheckBytes`.
   */
  readonly claimCheckBytes?: number;
}

/** A request to a running workflow, and the answer. */
export interface UpdateSpec<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly input: Input;
  /** The schema of the answer. Left out: the answer carries no data. */
  readonly output?: Output;
}

/** An answer that a run keeps ready. */
export interface QuerySpec<Output extends z.ZodType = z.ZodType> {
  readonly output: Output;
}
export type QuerySpecs = Readonly<Record<string, QuerySpec>>;

/** How many runs of a workflow may be under way at a time; the others wait, in the order in which they were started. */
export interface ConcurrencySpec {
  /** The field of the input by whose value runs are counted, such as `customerId`. Left out: all runs are counted together. */
  readonly key?: string;
  /** 1 to 1,000 runs for each value. */
  readonly limit: number;
}

/** A message that an agent is sent again and again: a job of Cloud Scheduler. */
export interface ScheduleSpec {
  /**
   * Minute, hour, day of month, month, day of week: `5 0 * * *` is every day at 00:05
   * (https://docs.cloud.google.com/scheduler/docs/configuring/cron-job-schedules).
   */
  readonly cron: string;
  /** Of the tz database, such as `Europe/Paris`. Default `Etc/UTC`, which has no clock changes. */
  readonly timeZone?: string;
  /** A command or workflow of this agent. A workflow may have no `key`: the input is always the same, and so would be the run. */
  readonly message: string;
  /** Left out: null. */
  readonly input?: Json;
}

export interface StateSpec<Schema extends z.ZodType = z.ZodType> {
  /** An object schema: its fields are the fields of the Firestore document. */
  readonly schema: Schema;
  /** Kept in this top-level collection instead of `agents/<name>/state`. */
  readonly collection?: string;
  /** How long a document is kept after its last write. Left out: for ever. */
  readonly keep?: Duration;
}

export interface Limits {
  /** Most bytes of JSON that a message may carry, received or sent. Default 102,400. */
  readonly inlineBytes: number;
  /**
   * Most bytes of JSON that a payload may have which is too large to inline: it is kept in Firestore, and the message carries a claim
   * check. Of whatever this agent takes, unless the message's own spec says otherwise, and of the events that it publishes. At most
   * 50,000,000. Default 0: there are none, and what is too large to inline is refused.
   */
  readonly claimCheckBytes: number;
  /** How long one handling may take, and the lease of an `effect`. At most 540 s. Default `60s`. */
  readonly timeout: Duration;
  /** Messages that one instance handles at a time. Default 20. */
  readonly concurrency: number;
}

export interface Retry {
  /** Backoff before the second attempt, doubling up to `maxBackoff`: Pub/Sub's retry policy, 0 to 600 s each. */
  readonly minBackoff: Duration;
  readonly maxBackoff: Duration;
  /** Delivery attempts before the message becomes a dead letter: 5 to 100. */
  readonly maxAttempts: number;
}

/** What an agent accepts, sends and needs: pure data, from which the topology and every grant are computed. */
export interface AgentSpec {
  /** Lower-case letters, digits and dashes. Part of topic, function and account names. */
  readonly name: string;
  readonly description?: string;
  readonly commands?: Readonly<Record<string, CommandSpec>>;
  /** Domain events that this agent publishes, by name. On the wire: `<agent>.<event>`. */
  readonly publishes?: Readonly<Record<string, z.ZodType>>;
  /** Events of other agents that this one handles, by full type `<agent>.<event>`. The schema is the consumer's own. */
  readonly subscribes?: Readonly<Record<string, SubscriptionSpec>>;
  readonly workflows?: Readonly<Record<string, WorkflowSpec>>;
  /** Messages of its own that it is sent at set times, by a name of letters, digits and dashes. */
  readonly schedules?: Readonly<Record<string, ScheduleSpec>>;
  /** Names of the agents that this one commands. */
  readonly calls?: readonly string[];
  /** Ids of the secrets that it reads. */
  readonly secrets?: readonly string[];
  /** Environment variables that its function may be given, such as a provider's address in a sandbox. */
  readonly settings?: readonly string[];
  /** The providers that its handlers call, by name, and the limits within which they do: `ctx.provider(name)`. */
  readonly providers?: Readonly<Record<string, ProviderSpec>>;
  readonly state?: StateSpec;
  /** The payloads of its messages and documents are encrypted, and those of all that follows from them. Left out: they are not. */
  readonly encryption?: EncryptionSpec;
  readonly limits?: Partial<Limits>;
  readonly retry?: Partial<Retry>;
  /** The one agent that the dead-letter topics of all are pushed to. */
  readonly recordsDeadLetters?: boolean;
}

/** A contract with every default filled in. */
export interface Contract extends AgentSpec {
  readonly commands: Readonly<Record<string, CommandSpec>>;
  readonly publishes: Readonly<Record<string, z.ZodType>>;
  readonly subscribes: Readonly<Record<string, SubscriptionSpec>>;
  readonly workflows: Readonly<Record<string, WorkflowSpec>>;
  readonly schedules: Readonly<Record<string, ScheduleSpec>>;
  readonly calls: readonly string[];
  readonly secrets: readonly string[];
  readonly settings: readonly string[];
  readonly providers: Readonly<Record<string, ProviderSpec>>;
  readonly limits: Limits;
  readonly retry: Retry;
}

/** A typed reference to a command or workflow of an agent: what `send` and `wf.call` take. */
export interface MessageRef<Input = unknown, Output = unknown, Wire = Input> {
  /** Of a command: schemas of the details of its refusals, by reason. */
  readonly errors?: Readonly<Record<string, z.ZodType>>;
  readonly kind: 'command' | 'workflow';
  readonly agent: string;
  readonly name: string;
  /** On the wire: `<agent>.<name>`. */
  readonly type: string;
  readonly input: z.ZodType<Input, Wire>;
  readonly output: z.ZodType<Output> | undefined;
  /** Of a workflow: the field of the input that names its run. */
  readonly key?: string;
  /** Most bytes of JSON that an input may have inline: `limits.inlineBytes` of the agent's contract. */
  readonly inlineBytes: number;
  /** How large an input may be that goes by claim check. Left out: none does. */
  readonly claimCheckBytes?: number;
}

/** A typed reference to a workflow, with the signals and updates that its contract declares. */
export interface WorkflowRef<
  Input = unknown,
  Output = unknown,
  Wire = Input,
  Signals = Readonly<Record<string, z.ZodType>>,
  Updates = Readonly<Record<string, UpdateSpec>>,
  Attributes = AttributeSpecs,
  Queries = QuerySpecs,
> extends MessageRef<Input, Output, Wire> {
  readonly kind: 'workflow';
  /** The schemas of the payloads, by the name of the signal. Empty where none is declared. */
  readonly signals: Signals;
  /** Empty where none is declared. */
  readonly updates: Updates;
  /** Empty where none is declared. */
  readonly attributes: Attributes;
  /** Empty where none is declared. */
  readonly queries: Queries;
}

/** The names of the signals that may be sent to runs of a workflow: any, where the contract declares none. */
export type SignalName<Signals> = [keyof Signals] extends [never] ? string : keyof Signals & string;

/** The payload of a signal as its sender writes it. */
export type SignalPayload<Signals, Name extends string> = Name extends keyof Signals
  ? Signals[Name] extends z.ZodType
    ? z.input<Signals[Name]>
    : unknown
  : unknown;

/** The input of an update as its sender writes it. */
export type UpdateInput<Updates, Name extends keyof Updates> = Updates[Name] extends {
  readonly input: infer Input extends z.ZodType;
}
  ? z.input<Input>
  : never;

/** The input of an update as its handler gets it. */
export type UpdateParsed<Updates, Name extends keyof Updates> = Updates[Name] extends {
  readonly input: infer Input extends z.ZodType;
}
  ? z.output<Input>
  : never;

/** The answer to an update as its handler gives it. */
export type UpdateAnswer<Updates, Name extends keyof Updates> = Updates[Name] extends {
  readonly output: infer Output extends z.ZodType;
}
  ? z.input<Output>
  : unknown;

/** The answer to an update as its sender gets it. */
export type UpdateOutput<Updates, Name extends keyof Updates> = OutputOf<Updates[Name]>;

/** The answer to a query as the workflow gives it. */
export type QueryAnswerOf<Queries, Name extends keyof Queries> = Queries[Name] extends {
  readonly output: infer Output extends z.ZodType;
}
  ? z.input<Output>
  : never;

/** The answer to a query as its reader gets it. */
export type QueryOutput<Queries, Name extends keyof Queries> = OutputOf<Queries[Name]>;

/** A typed reference to an event that an agent publishes. */
export interface EventRef<Data = unknown, Wire = Data> {
  readonly kind: 'event';
  readonly agent: string;
  readonly name: string;
  readonly type: string;
  readonly data: z.ZodType<Data, Wire>;
  /** Most bytes of JSON that the data may have inline, and by claim check (left out: none). */
  readonly inlineBytes: number;
  readonly claimCheckBytes?: number;
}

type OutputOf<Spec> = Spec extends { readonly output: infer Output extends z.ZodType }
  ? z.output<Output>
  : undefined;
type RefOf<Spec extends { readonly input: z.ZodType }> = MessageRef<
  z.output<Spec['input']>,
  OutputOf<Spec>,
  z.input<Spec['input']>
> & { readonly errors: Part<Spec, 'errors'> };
type WorkflowRefOf<Spec extends WorkflowSpec> = WorkflowRef<
  z.output<Spec['input']>,
  OutputOf<Spec>,
  z.input<Spec['input']>,
  Part<Spec, 'signals'>,
  Part<Spec, 'updates'>,
  Part<Spec, 'attributes'>,
  Part<Spec, 'queries'>
>;
type Part<Spec, Name extends string> = Spec extends { readonly [K in Name]: infer P }
  ? P
  : Record<never, never>;

/** A defined agent: its contract, and a reference for each of its commands, workflows and events. */
export type Agent<Spec extends AgentSpec = AgentSpec> = {
  readonly contract: Contract;
  /** The contract as it was written: what types are inferred from. */
  readonly spec: Spec;
} & {
  readonly [K in keyof Part<Spec, 'commands'>]: Part<Spec, 'commands'>[K] extends CommandSpec
    ? RefOf<Part<Spec, 'commands'>[K]>
    : never;
} & {
  readonly [K in keyof Part<Spec, 'workflows'>]: Part<Spec, 'workflows'>[K] extends WorkflowSpec
    ? WorkflowRefOf<Part<Spec, 'workflows'>[K]>
    : never;
} & {
  readonly [K in keyof Part<Spec, 'publishes'>]: Part<Spec, 'publishes'>[K] extends z.ZodType
    ? EventRef<z.output<Part<Spec, 'publishes'>[K]>, z.input<Part<Spec, 'publishes'>[K]>>
    : never;
};
