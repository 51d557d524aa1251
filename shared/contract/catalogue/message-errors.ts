import type { ErrorKind } from './error-kind.ts';

/** Errors of messages and of the handlers that take them. */
export const MESSAGE_ERRORS = {
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
  PayloadErased: {
    retry: false,
    summary: 'The key that the payload was encrypted with was dropped.',
    hint: 'It can not be read any more, by anybody. Send the payload itself again, for a tenant that has a key.',
  },
  PayloadDamaged: {
    retry: false,
    summary: 'What is encrypted was changed, or stands where it was not written.',
    hint: 'Send the payload itself again.',
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
  CallerGone: {
    retry: false,
    summary: 'Nobody waits for the outcome of the handler any more.',
    hint: 'Nothing to mend: its run was cancelled, terminated or failed, or let the step go.',
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
} as const satisfies Record<string, ErrorKind>;
