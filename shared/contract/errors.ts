/**
 * The error catalogue. Every error that the mesh raises has a stable code here, a class that says whether trying again can
 * help, and a section in docs/errors.md (a test holds the two against each other).
 */
interface ErrorKind {
  /** `true`: the same message may succeed later (it is retried). `false`: it never will (it becomes a dead letter). */
  readonly retry: boolean;
  readonly summary: string;
  /** What the reader can do. Shown when the error carries no hint of its own. */
  readonly hint: string;
}

export const ERROR_CATALOGUE = {
  // A message that can't be taken.
  NotJson: {
    retry: false,
    summary: 'The data of the message is not JSON.',
    hint: 'Publish UTF-8 JSON as the data of the message.',
  },
  SchemaMismatch: {
    retry: false,
    summary: 'The data does not fit the schema of its message.',
    hint: 'Correct the field that is named, then redrive or publish anew.',
  },
  UnknownMessage: {
    retry: false,
    summary: 'The agent has no message of this type.',
    hint: 'List the types with: mesh agents list',
  },
  InvalidAttribute: {
    retry: false,
    summary: 'An attribute of the message is malformed.',
    hint: 'Correct or leave out the attribute that is named.',
  },
  PayloadTooLarge: {
    retry: false,
    summary: 'The payload is over the limit of its contract.',
    hint: 'Let it go by claim check (claimCheckBytes of the contract that takes it), or raise limits.inlineBytes.',
  },
  ClaimCheckLost: {
    retry: false,
    summary: 'The payload that a claim check stands for is not there.',
    hint: 'It has expired, or the claim check was made up. Send the payload itself again.',
  },
  ClaimCheckDamaged: {
    retry: false,
    summary: 'What is kept under a claim check is not the payload that it stands for.',
    hint: 'Send the payload itself again: it is then written anew.',
  },
  ReplyToRefused: {
    retry: false,
    summary: 'The message asks for its reply to go to an agent that may not call this one.',
    hint: "Add this agent to the `calls` of the caller's contract.",
  },
  BaggageInvalid: {
    retry: false,
    summary: 'A fact of the baggage of a message does not keep its rules.',
    hint: 'Correct the fact that is named where it is set; never put a secret there.',
  },
  DeadlineExceeded: {
    retry: false,
    summary: 'The message arrived, or was still being handled, after its deadline.',
    hint: 'Nobody waits for it any more; redriving it does not help.',
  },
  DeliveriesExhausted: {
    retry: false,
    summary: 'Every delivery attempt failed.',
    hint: 'Look at the logs of the agent for the cause, mend it, then redrive.',
  },
  // A handler that fails.
  Rejected: {
    retry: false,
    summary: 'The agent refused the command for a business reason.',
    hint: 'The reason says what was refused.',
  },
  HandlerFailed: {
    retry: true,
    summary: 'The handler threw an error.',
    hint: 'Look at the cause in the logs of the agent.',
  },
  HandlerTimeout: {
    retry: true,
    summary: 'The handler took longer than limits.timeout of its contract.',
    hint: 'Make the handler faster, or raise the limit.',
  },
  ProviderFailed: {
    retry: true,
    summary: 'A provider failed or could not be reached.',
    hint: 'It is tried again by the retry policy of the contract.',
  },
  ProviderThrottled: {
    retry: true,
    summary: 'A provider asked to be called less often.',
    hint: 'The message is deferred for as long as the provider said.',
  },
  ProviderUnavailable: {
    retry: true,
    summary: 'A provider is not called for now: its breaker is open, or its limits are used up.',
    hint: 'The message is deferred, and uses up no delivery attempt.',
  },
  ProviderNotDeclared: {
    retry: false,
    summary: 'A handler called a provider that its contract does not list in `providers`.',
    hint: 'Add it to `providers`.',
  },
  InterceptorInvalid: {
    retry: false,
    summary: 'An interceptor did not call `next` once, or did not await it.',
    hint: 'Correct the interceptor, deploy, then redrive.',
  },
  OutputInvalid: {
    retry: false,
    summary: "The handler's output does not fit the schema of its contract.",
    hint: 'Correct the handler, then redrive.',
  },
  ArgumentInvalid: {
    retry: false,
    summary: 'An operation was given what it can not use.',
    hint: 'Correct what the code gives to the field that is named.',
  },
  StateInvalid: {
    retry: false,
    summary: "The state does not fit the contract's state schema.",
    hint: 'Correct the handler or migrate the document, then redrive.',
  },
  StateKeyUndeclared: {
    retry: false,
    summary: 'The handler used a state document that it did not declare in `keys`.',
    hint: 'Return every key that the handler may touch from `keys`.',
  },
  CallNotDeclared: {
    retry: false,
    summary: 'An agent sent to an agent that its contract does not list in `calls`.',
    hint: 'Add it to `calls`: the grant to publish there is computed from it.',
  },
  EventNotDeclared: {
    retry: false,
    summary: 'An agent published an event that its contract does not list in `publishes`.',
    hint: 'Add it to `publishes`.',
  },
  SecretNotDeclared: {
    retry: false,
    summary: 'An agent read a secret that its contract does not list in `secrets`.',
    hint: 'Add it to `secrets`: the grant to read it is computed from it.',
  },
  SecretMissing: {
    retry: true,
    summary: 'A secret that the contract names has no value.',
    hint: 'Add a version of the secret; the message is tried again.',
  },
  IdempotencyKeyReused: {
    retry: false,
    summary: 'A command was handled under this idempotency key before, with another input.',
    hint: 'Use a new key for new work.',
  },
  // The state of things.
  Conflict: {
    retry: true,
    summary: 'A document changed between being read and being written.',
    hint: 'It is tried again by itself.',
  },
  AlreadyExists: {
    retry: true,
    summary: 'A document that was to be created exists already.',
    hint: 'It is tried again by itself.',
  },
  DocumentTooLarge: {
    retry: false,
    summary: "A document would pass Firestore's limit of 1 MiB.",
    hint: 'Keep less in one state document.',
  },
  StoreRefused: {
    retry: false,
    summary: 'Firestore refuses a request for what is in it.',
    hint: 'Look at the reason that Firestore gives, and correct what the code writes.',
  },
  StoreUnavailable: {
    retry: true,
    summary: 'Firestore could not be reached or refused for now.',
    hint: 'It is tried again by itself.',
  },
  BusUnavailable: {
    retry: true,
    summary: 'Pub/Sub could not be reached or refused for now.',
    hint: 'It is tried again by itself.',
  },
  TimersUnavailable: {
    retry: true,
    summary: 'Cloud Tasks could not be reached or refused for now.',
    hint: 'It is tried again by itself.',
  },
  TopicNotFound: {
    retry: true,
    summary: 'A topic that the mesh publishes to does not exist.',
    hint: 'Deploy the topology: pulumi up, or mesh up on your machine.',
  },
  LeaseHeld: {
    retry: true,
    summary: 'Another instance is handling this very message.',
    hint: 'It is delivered again when the lease ends.',
  },
  // Workflows.
  RunNotFound: {
    retry: false,
    summary: 'The message names a run that does not exist.',
    hint: 'List the runs with: mesh runs list',
  },
  RunExists: {
    retry: false,
    summary: 'A run with this key exists already, with another input.',
    hint: 'Use a new key for new work.',
  },
  RunEnded: {
    retry: false,
    summary: 'The run has ended and takes no more signals.',
    hint: 'Look at it with: mesh runs show',
  },
  RunActive: {
    retry: false,
    summary: 'The run has not ended, and can not be gone on from by another.',
    hint: 'Wait until it has ended, or end it: mesh runs cancel, mesh runs terminate',
  },
  StepUndone: {
    retry: false,
    summary: 'What a step did was undone, so that no run can go on from it.',
    hint: 'Rerun from that step, or from an earlier one.',
  },
  RunBlocked: {
    retry: true,
    summary: 'The code no longer matches the history of the run; the run is parked.',
    hint: 'Deploy code that matches its history; the run goes on by itself.',
  },
  NonDeterministic: {
    retry: false,
    summary: 'Replay issued another command than the history holds.',
    hint: 'Keep the old path for old runs: raise the version of the workflow.',
  },
  WorkflowStuck: {
    retry: true,
    summary: 'The code of the run looped without coming to rest; the run is parked.',
    hint: 'Mend the loop at the named line and deploy; the run goes on by itself, or cancel it.',
  },
  OperationUnknown: {
    retry: true,
    summary: 'The history of the run holds an operation that this code does not know.',
    hint: 'Deploy the release that wrote it again, or a later one; the run goes on by itself.',
  },
  ForeignAwait: {
    retry: false,
    summary: 'The workflow awaits something that is not a workflow operation.',
    hint: 'Use wf.sideEffect, wf.sleep or a call; the line is named.',
  },
  VersionUnknown: {
    retry: true,
    summary: 'The run began with a version of its workflow that this code does not have.',
    hint: 'Deploy code that still holds that version.',
  },
  StepTimeout: {
    retry: false,
    summary: 'A step did not finish within its timeout; its outcome is unknown.',
    hint: 'Its compensation, if any, is run.',
  },
  SignalTimeout: {
    retry: false,
    summary: 'No signal arrived within the timeout.',
    hint: 'Send it in time with: mesh runs signal',
  },
  RunPaused: {
    retry: true,
    summary: 'The run is paused and keeps as many messages as it can hold.',
    hint: 'Let it go on with: mesh runs resume',
  },
  RunTerminated: {
    retry: false,
    summary: 'The run was terminated.',
    hint: 'Look at it with: mesh runs show',
  },
  RunDeadlineExceeded: {
    retry: false,
    summary: 'The run did not end within its deadline.',
    hint: 'Its compensations have been run. Give the workflow more time, or find what held it up: mesh runs show',
  },
  QueueFull: {
    retry: true,
    summary: 'As many runs wait for a slot of the same concurrency key as may.',
    hint: 'It is tried again; then redrive its dead letter when the queue is shorter, or raise concurrency.limit.',
  },
  MapReduceFailed: {
    retry: false,
    summary: 'A map-reduce could not be brought to its end.',
    hint: 'The message names the first failure; try its shards again, or tolerate more.',
  },
  GatherFailed: {
    retry: false,
    summary: 'Too few branches of a gather succeeded.',
    hint: 'The message names the first failure; tolerate more, or ask for a lower quorum.',
  },
  RunCancelled: { retry: false, summary: 'The run was cancelled.', hint: 'Its compensations have been run.' },
  WorkflowFailed: {
    retry: false,
    summary: 'The workflow threw an error.',
    hint: 'Look at the cause in the history: mesh runs show',
  },
  CompensationFailed: {
    retry: false,
    summary: 'A compensation failed for good; the undo is incomplete.',
    hint: 'See docs/errors.md#compensationfailed, then redrive its dead letter.',
  },
  HistoryTooLarge: {
    retry: false,
    summary: 'The history of a run is over its limit.',
    hint: 'Split the work into several runs.',
  },
  // The mesh as a whole, and its command line.
  ContractInvalid: {
    retry: false,
    summary: 'A contract breaks a rule.',
    hint: 'Correct the field that is named.',
  },
  ConfigurationInvalid: {
    retry: false,
    summary: 'A setting is missing or malformed.',
    hint: 'Correct the setting that is named.',
  },
  UsageInvalid: { retry: false, summary: 'The command line is not understood.', hint: 'See: mesh --help' },
  BundleInvalid: {
    retry: false,
    summary: 'An agent can not be bundled.',
    hint: 'Correct what is named, and build again.',
  },
  PortInUse: {
    retry: false,
    summary: 'A port that the local mesh needs is taken.',
    hint: 'Stop the other program, or choose another port.',
  },
  DataInUse: {
    retry: false,
    summary: 'A data directory of the local cloud is in use by another process.',
    hint: 'Stop the other process, or name another directory.',
  },
  DataDamaged: {
    retry: false,
    summary: 'A file of a data directory of the local cloud is not what it should be.',
    hint: 'Put the file back from a copy, or move it away: what it held is then not there.',
  },
  MeshNotRunning: { retry: false, summary: 'No mesh is running here.', hint: 'Start one with: mesh up' },
  NotFound: { retry: false, summary: 'There is no such thing.', hint: 'Check the name or the id.' },
  Timeout: {
    retry: false,
    summary: 'What was waited for did not happen in time.',
    hint: 'Wait longer, or look at what holds it up.',
  },
} as const satisfies Record<string, ErrorKind>;

/** A stable error code: a key of the catalogue. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export interface ErrorDetails {
  /** The field that is wrong: a path such as `lines.0.quantity`, or the name of an attribute, flag or setting. */
  readonly field?: string;
  /** What to do about it. Defaults to the hint of the catalogue. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** For `Rejected`: the business reason as a short stable word, such as `card_declined`. */
  readonly reason?: string;
  /** No sooner than so many milliseconds from now can trying again help: the message is deferred until then, not retried before. */
  readonly retryAfterMs?: number;
}

/** An error of the mesh. Its code is in the catalogue; `retry` says whether trying again can help. */
export class MeshError extends Error {
  override readonly name = 'MeshError';
  readonly code: ErrorCode;
  readonly retry: boolean;
  readonly hint: string;
  readonly field?: string;
  readonly reason?: string;
  readonly retryAfterMs?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retry = ERROR_CATALOGUE[code].retry;
    this.hint = details.hint ?? ERROR_CATALOGUE[code].hint;
    if (details.field !== undefined) this.field = details.field;
    if (details.reason !== undefined) this.reason = details.reason;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
  }
}

/**
 * A refusal for a business reason: the card was declined, the stock ran out. It is an outcome, not a fault: the caller gets a
 * failure reply, nothing is retried, and there is no dead letter unless nobody waits for a reply.
 */
export function rejected(
  reason: string,
  message: string,
  details: Omit<ErrorDetails, 'reason'> = {},
): MeshError {
  return new MeshError('Rejected', message, { ...details, reason });
}

/** Whether the error has this code of the catalogue. */
export function hasCode(error: unknown, code: ErrorCode): error is MeshError {
  return error instanceof MeshError && error.code === code;
}
