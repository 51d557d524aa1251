import { MESH_ERRORS } from './catalogue/mesh-errors.ts';
import { MESSAGE_ERRORS } from './catalogue/message-errors.ts';
import { RUN_ERRORS } from './catalogue/run-errors.ts';

/**
 * The error catalogue. Every error that the mesh raises has a stable code here, a class that says whether trying again can
 * help, and a section in docs/errors.md (a test holds the two against each other).
 */
export const ERROR_CATALOGUE = { ...MESSAGE_ERRORS, ...MESH_ERRORS, ...RUN_ERRORS };

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
  /** For `Rejected`: what the caller may want to know beside the reason. Carried to it as JSON of at most 4,000 bytes; never a secret. */
  readonly details?: unknown;
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
  readonly details?: unknown;
  readonly retryAfterMs?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retry = ERROR_CATALOGUE[code].retry;
    this.hint = details.hint ?? ERROR_CATALOGUE[code].hint;
    if (details.field !== undefined) this.field = details.field;
    if (details.reason !== undefined) this.reason = details.reason;
    if (details.details !== undefined) this.details = details.details;
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
