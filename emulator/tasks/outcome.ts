import { STATUS_CODES, type StatusName } from '../wire/status-codes.ts';
import type { DispatchResponse } from './dispatch.ts';

/** How one attempt ended. */
export interface Outcome {
  readonly succeeded: boolean;
  /** A canonical code and what happened, for `Attempt.responseStatus`. */
  readonly status: { readonly code: number; readonly message: string };
  /** The HTTP status; absent when there was no response. */
  readonly httpStatus?: number;
  /** The least wait before the next attempt, where the worker asked for one. */
  readonly retryAfterMs: number;
}

const CANONICAL: Readonly<Record<number, StatusName>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** 200 to 299 is success, everything else is tried again. `Retry-After` is heeded for 429 and 503. */
export function outcomeOfResponse({ status: httpStatus, retryAfterMs = 0 }: DispatchResponse): Outcome {
  const succeeded = httpStatus >= 200 && httpStatus <= 299;
  const name = succeeded ? 'OK' : (CANONICAL[httpStatus] ?? 'UNKNOWN');
  const heeded = httpStatus === 429 || httpStatus === 503;
  return {
    succeeded,
    status: outcomeStatus(name, `HTTP status code ${httpStatus}`),
    httpStatus,
    retryAfterMs: heeded ? retryAfterMs : 0,
  };
}

/** No response at all: the deadline passed, or the connection failed. */
export function outcomeWithoutResponse(name: 'DEADLINE_EXCEEDED' | 'UNAVAILABLE', reason: string): Outcome {
  return { succeeded: false, status: outcomeStatus(name, reason), retryAfterMs: 0 };
}

function outcomeStatus(name: StatusName, reason: string): { code: number; message: string } {
  const code = STATUS_CODES[name];
  return { code, message: `${name}(${code}): ${reason}` };
}
