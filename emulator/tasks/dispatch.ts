import { idOf, parentOf } from './names.ts';
import type { HttpMethod, Task } from './task.ts';

/** One HTTP request to a worker. */
export interface Dispatch {
  readonly url: string;
  readonly method: HttpMethod;
  /** Names as they go on the wire; the transport adds `Host` and `Content-Length`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Aborted when the task's dispatch deadline passes or the server closes. */
  readonly signal: AbortSignal;
}

export interface DispatchResponse {
  readonly status: number;
  /** From `Retry-After`, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** Sends a dispatch. Rejects when there is no response; may, but need not, heed the signal. */
export type Transport = (dispatch: Dispatch) => Promise<DispatchResponse>;

/** Headers that the service computes or keeps to itself (the field comment of `HttpRequest.headers`). */
const RESERVED =
  /^(host|content-length|user-agent|connection|transfer-encoding|x-google-.*|x-appengine-.*|x-cloudtasks-.*)$/i;

/**
 * The request for a task's next attempt; the `X-CloudTasks-*` headers are those of
 * https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler.
 */
export function dispatchOf(task: Task, token: string | undefined, signal: AbortSignal): Dispatch {
  const { url, method, body } = task.target;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(task.target.headers)) {
    const replaced = token !== undefined && name.toLowerCase() === 'authorization';
    if (!replaced && !RESERVED.test(name)) headers[name] = value;
  }
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  headers['User-Agent'] = 'Google-Cloud-Tasks';
  headers['X-CloudTasks-QueueName'] = idOf(parentOf(task.name));
  headers['X-CloudTasks-TaskName'] = idOf(task.name);
  headers['X-CloudTasks-TaskRetryCount'] = String(task.dispatchCount);
  headers['X-CloudTasks-TaskExecutionCount'] = String(task.executionCount);
  headers['X-CloudTasks-TaskETA'] = (task.scheduleMs / 1000).toFixed(6);
  if (task.previousResponse !== undefined) {
    headers['X-CloudTasks-TaskPreviousResponse'] = String(task.previousResponse);
  }
  // As captured in production: there for every retry, and empty for HTTP targets.
  if (task.dispatchCount > 0) headers['X-CloudTasks-TaskRetryReason'] = '';
  return { url, method, headers, signal, ...(body === undefined ? {} : { body }) };
}
