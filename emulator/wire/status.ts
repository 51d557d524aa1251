import { type ErrorInfo, encodeErrorDetails } from './error-info.ts';
import { STATUS_CODES, type StatusName } from './status-codes.ts';

/** An error that a core throws and a shell answers with, over gRPC and REST alike. Pure: no wire types in it. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: StatusName;
  /** What a client's code reads, where the message alone is not enough. */
  readonly info: ErrorInfo | undefined;

  constructor(statusName: StatusName, message: string, info?: ErrorInfo) {
    super(message);
    this.status = statusName;
    this.info = info;
  }
}

/** An error as a shell answers with it. */
export interface AnsweredStatus {
  readonly name: StatusName;
  readonly code: number;
  readonly message: string;
  /** The value of `grpc-status-details-bin`. */
  readonly details: Buffer | undefined;
}

/** Any error that is not a `StatusError` is a fault of ours and becomes INTERNAL. */
export function toAnsweredStatus(error: unknown): AnsweredStatus {
  const { name, info } =
    error instanceof StatusError
      ? { name: error.status, info: error.info }
      : { name: 'INTERNAL' as const, info: undefined };
  const message = error instanceof Error ? error.message : String(error);
  const code = STATUS_CODES[name];
  return { name, code, message, details: info && encodeErrorDetails(code, message, info) };
}

const HTTP_STATUS: Partial<Record<StatusName, number>> = {
  OK: 200,
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** The HTTP form of an error: `{error: {code, message, status}}` (https://cloud.google.com/apis/design/errors). */
export function toHttpError(error: unknown): {
  code: number;
  body: { error: { code: number; message: string; status: string } };
} {
  const { name, message } = toAnsweredStatus(error);
  const httpCode = HTTP_STATUS[name] ?? 500;
  return { code: httpCode, body: { error: { code: httpCode, message, status: name } } };
}
