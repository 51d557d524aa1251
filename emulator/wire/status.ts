import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type ErrorInfo, encodeErrorDetails } from './error-info.ts';

/** The canonical gRPC codes, by name: `NOT_FOUND`, `ABORTED`, … (https://grpc.io/docs/guides/status-codes/). */
export type StatusName = keyof typeof status;

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

/** What a handler gives grpc-js: any error that is not a `StatusError` is a fault of ours and becomes INTERNAL. */
export function toServiceError(error: unknown): ServiceError {
  const name = error instanceof StatusError ? error.status : 'INTERNAL';
  const message = error instanceof Error ? error.message : String(error);
  const metadata = new Metadata();
  if (error instanceof StatusError && error.info) {
    metadata.set('grpc-status-details-bin', encodeErrorDetails(status[name], message, error.info));
  }
  return Object.assign(new Error(message), { code: status[name], details: message, metadata });
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
  const { code, details } = toServiceError(error);
  const name = status[code] as StatusName;
  const httpCode = HTTP_STATUS[name] ?? 500;
  return { code: httpCode, body: { error: { code: httpCode, message: details, status: name } } };
}
