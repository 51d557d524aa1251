import { StatusError } from '../wire/status.ts';

export type HttpMethod = 'POST' | 'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS';

/** Which token the request carries in its `Authorization` header, in place of any that the task brought. */
export type Authorization =
  | { readonly kind: 'oidc'; readonly serviceAccountEmail: string; readonly audience: string }
  | { readonly kind: 'oauth'; readonly serviceAccountEmail: string; readonly scope: string };

export interface HttpTarget {
  readonly url: string;
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly authorization?: Authorization;
}

/** One dispatch of a task, as `Task.firstAttempt` and `Task.lastAttempt` show it. Times are milliseconds since the epoch. */
export interface Attempt {
  readonly scheduleMs?: number;
  readonly dispatchMs: number;
  readonly responseMs?: number;
  /** A canonical code (https://grpc.io/docs/guides/status-codes/) and what happened. */
  readonly responseStatus?: { readonly code: number; readonly message: string };
}

export interface Task {
  readonly name: string;
  readonly target: HttpTarget;
  readonly createMs: number;
  /** When it is attempted next. */
  readonly scheduleMs: number;
  readonly dispatchDeadlineMs: number;
  readonly dispatchCount: number;
  readonly responseCount: number;
  /** Responses without the 5xx ones: what `X-CloudTasks-TaskExecutionCount` counts. */
  readonly executionCount: number;
  readonly firstAttempt?: Attempt;
  readonly lastAttempt?: Attempt;
  /** Set once an attempt failed: the HTTP status, if there was a response. */
  readonly previousResponse?: number;
}

/** What a caller asks for. An absent name is generated, an absent or past schedule means now. */
export interface TaskInput {
  readonly name?: string;
  readonly target: HttpTarget;
  readonly scheduleMs?: number;
  readonly dispatchDeadlineMs?: number;
}

/** Limits of the service (https://cloud.google.com/tasks/docs/quotas, and the field comments of `Task` and `HttpRequest`). */
const MAX_TASK_BYTES = 1024 * 1024;
const MAX_URL_LENGTH = 2083;
const MAX_HEADER_BYTES = 80 * 1024;
const HORIZON_HOURS = 720;
const DEFAULT_DEADLINE_MS = 600_000;
const SHORTEST_DEADLINE_MS = 15_000;
const LONGEST_DEADLINE_MS = 1_800_000;
const WITH_BODY: ReadonlySet<HttpMethod> = new Set(['POST', 'PUT', 'PATCH']);

/** A new task, or INVALID_ARGUMENT naming the field that breaks a rule of the service. */
export function newTask(name: string, input: TaskInput, nowMs: number): Task {
  checkTarget(input.target);
  const { scheduleMs = nowMs, dispatchDeadlineMs = DEFAULT_DEADLINE_MS } = input;
  if (scheduleMs > nowMs + HORIZON_HOURS * 3_600_000) {
    invalid(
      `The Task.scheduleTime, ${new Date(scheduleMs).toISOString()}, is too far in the future. ` +
        `Schedule time must be no more than ${HORIZON_HOURS}h in the future.`,
    );
  }
  if (dispatchDeadlineMs < SHORTEST_DEADLINE_MS || dispatchDeadlineMs > LONGEST_DEADLINE_MS) {
    invalid('The Task.dispatchDeadline must be in the interval [15s, 1800s] for an HTTP task.');
  }
  return {
    name,
    target: input.target,
    createMs: nowMs,
    scheduleMs: Math.max(scheduleMs, nowMs),
    dispatchDeadlineMs,
    dispatchCount: 0,
    responseCount: 0,
    executionCount: 0,
  };
}

function checkTarget({ url, method, headers, body }: HttpTarget): void {
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) {
    invalid('HttpRequest.url must be a full URL that begins with "http://" or "https://".');
  }
  if (url.length > MAX_URL_LENGTH) {
    invalid(`HttpRequest.url must be no longer than ${MAX_URL_LENGTH} characters.`);
  }
  if (body !== undefined && body.length > 0 && !WITH_BODY.has(method)) {
    invalid(`HttpRequest.body must not be set for the HttpRequest.httpMethod ${method}.`);
  }
  const headerBytes = Object.entries(headers).reduce((sum, [key, value]) => {
    return sum + Buffer.byteLength(key) + Buffer.byteLength(value);
  }, 0);
  if (headerBytes >= MAX_HEADER_BYTES) invalid('HttpRequest.headers must be smaller than 80KB.');
  if (headerBytes + Buffer.byteLength(url) + (body?.length ?? 0) > MAX_TASK_BYTES) {
    invalid(`Task size too large: the maximum task size is ${MAX_TASK_BYTES} bytes.`);
  }
}

function invalid(message: string): never {
  throw new StatusError('INVALID_ARGUMENT', message);
}
