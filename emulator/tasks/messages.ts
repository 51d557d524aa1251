import type { Page } from '../wire/page.ts';
import { StatusError } from '../wire/status.ts';
import { fromProtoTime, type ProtoTime, toProtoTime } from '../wire/time.ts';
import type { Queue } from './queue.ts';
import type { KeptSettings } from './queue-settings.ts';
import { burstSizeOf } from './queue-settings.ts';
import type { Attempt, Authorization, HttpMethod, HttpTarget, Task, TaskInput } from './task.ts';
import type { QueueSettings } from './task-queues.ts';

/** `google.cloud.tasks.v2.Queue`, as `loadProtocol` gives it. */
export interface QueueMessage extends KeptSettings {
  readonly name?: string;
  readonly rateLimits?: {
    readonly maxDispatchesPerSecond?: number;
    readonly maxConcurrentDispatches?: number;
  };
  readonly retryConfig?: {
    readonly maxAttempts?: number;
    readonly maxRetryDuration?: ProtoTime;
    readonly minBackoff?: ProtoTime;
    readonly maxBackoff?: ProtoTime;
    readonly maxDoublings?: number;
  };
}

/** `google.cloud.tasks.v2.Task`, as `loadProtocol` gives it. */
export interface TaskMessage {
  readonly name?: string;
  readonly scheduleTime?: ProtoTime;
  readonly dispatchDeadline?: ProtoTime;
  readonly appEngineHttpRequest?: object;
  readonly httpRequest?: {
    readonly url?: string;
    readonly httpMethod?: HttpMethod | 'HTTP_METHOD_UNSPECIFIED';
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
    readonly oauthToken?: { readonly serviceAccountEmail?: string; readonly scope?: string };
    readonly oidcToken?: { readonly serviceAccountEmail?: string; readonly audience?: string };
  };
}

export type View = 'VIEW_UNSPECIFIED' | 'BASIC' | 'FULL';

const UPDATABLE = [
  'app_engine_routing_override',
  'rate_limits.max_concurrent_dispatches',
  'rate_limits.max_dispatches_per_second',
  'retry_config.max_attempts',
  'retry_config.max_backoff',
  'retry_config.max_doublings',
  'retry_config.max_retry_duration',
  'retry_config.min_backoff',
  'stackdriver_logging_config',
];
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';

/** The settings in a queue message, where `paths` (an update mask) covers them; no paths cover all. */
export function settingsOf(message: QueueMessage, paths: readonly string[] = []): QueueSettings {
  const masked = (field: string) =>
    paths.length === 0 || paths.some((path) => field === path || field.startsWith(`${path}.`));
  const pick = (fields: Record<string, readonly [string, number | undefined]>) => {
    const picked = Object.entries(fields).filter(([, [path, value]]) => value !== undefined && masked(path));
    return Object.fromEntries(picked.map(([key, [, value]]) => [key, value]));
  };
  const { rateLimits: rate = {}, retryConfig: retry = {} } = message;
  for (const path of paths) {
    if (
      !UPDATABLE.some(
        (field) => field === path || field.startsWith(`${path}.`) || path.startsWith(`${field}.`),
      )
    ) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `Invalid update_mask: "${path}" is no field of a queue that can be updated.`,
      );
    }
  }
  const { stackdriverLoggingConfig, appEngineRoutingOverride } = message;
  return {
    kept: {
      ...(masked('stackdriver_logging_config') && stackdriverLoggingConfig && { stackdriverLoggingConfig }),
      ...(masked('app_engine_routing_override') && appEngineRoutingOverride && { appEngineRoutingOverride }),
    },
    rateLimits: pick({
      maxDispatchesPerSecond: ['rate_limits.max_dispatches_per_second', rate.maxDispatchesPerSecond],
      maxConcurrentDispatches: ['rate_limits.max_concurrent_dispatches', rate.maxConcurrentDispatches],
    }),
    retryConfig: pick({
      maxAttempts: ['retry_config.max_attempts', retry.maxAttempts],
      maxRetryDurationMs: ['retry_config.max_retry_duration', msOf(retry.maxRetryDuration)],
      minBackoffMs: ['retry_config.min_backoff', msOf(retry.minBackoff)],
      maxBackoffMs: ['retry_config.max_backoff', msOf(retry.maxBackoff)],
      maxDoublings: ['retry_config.max_doublings', retry.maxDoublings],
    }),
  };
}

export function queueMessage(queue: Queue): object {
  const { name, state, rateLimits, retryConfig, purgeMs, kept } = queue;
  return {
    ...kept,
    name,
    state,
    rateLimits: { ...rateLimits, maxBurstSize: burstSizeOf(rateLimits) },
    retryConfig: {
      maxAttempts: retryConfig.maxAttempts,
      maxRetryDuration: toProtoTime(retryConfig.maxRetryDurationMs),
      minBackoff: toProtoTime(retryConfig.minBackoffMs),
      maxBackoff: toProtoTime(retryConfig.maxBackoffMs),
      maxDoublings: retryConfig.maxDoublings,
    },
    ...(purgeMs === undefined ? {} : { purgeTime: toProtoTime(purgeMs) }),
  };
}

/** Throws INVALID_ARGUMENT for a task without a target, UNIMPLEMENTED for an App Engine target. */
export function taskInputOf(message: TaskMessage): TaskInput {
  if (message.appEngineHttpRequest !== undefined) {
    throw new StatusError('UNIMPLEMENTED', 'App Engine targets are not served locally: use httpRequest.');
  }
  if (message.httpRequest === undefined) {
    throw new StatusError('INVALID_ARGUMENT', 'Task.httpRequest is required.');
  }
  const scheduleMs = msOf(message.scheduleTime);
  const dispatchDeadlineMs = msOf(message.dispatchDeadline);
  return {
    target: targetOf(message.httpRequest),
    ...(message.name ? { name: message.name } : {}),
    ...(scheduleMs === undefined ? {} : { scheduleMs }),
    ...(dispatchDeadlineMs === undefined ? {} : { dispatchDeadlineMs }),
  };
}

/** The BASIC view leaves the body out; FULL shows it. */
export function taskMessage(task: Task, view: View = 'BASIC'): object {
  const { url, method, headers, body, authorization } = task.target;
  const full = view === 'FULL';
  return {
    name: task.name,
    httpRequest: {
      url,
      httpMethod: method,
      headers,
      ...(full && body !== undefined ? { body } : {}),
      ...(authorization?.kind === 'oidc' ? { oidcToken: authorization } : {}),
      ...(authorization?.kind === 'oauth' ? { oauthToken: authorization } : {}),
    },
    scheduleTime: toProtoTime(task.scheduleMs),
    createTime: toProtoTime(Math.floor(task.createMs / 1000) * 1000),
    dispatchDeadline: toProtoTime(task.dispatchDeadlineMs),
    dispatchCount: task.dispatchCount,
    responseCount: task.responseCount,
    ...(task.firstAttempt ? { firstAttempt: attemptMessage(task.firstAttempt) } : {}),
    ...(task.lastAttempt ? { lastAttempt: attemptMessage(task.lastAttempt) } : {}),
    view: full ? 'FULL' : 'BASIC',
  };
}

export function listMessage<T>(
  page: Page<T>,
  field: string,
  messageOf: (item: T) => object,
): Record<string, unknown> {
  return { [field]: page.items.map(messageOf), nextPageToken: page.nextPageToken };
}

function targetOf(request: NonNullable<TaskMessage['httpRequest']>): HttpTarget {
  const { url = '', headers = {}, body, httpMethod = 'POST' } = request;
  const authorization = authorizationOf(request);
  return {
    url,
    method: httpMethod === 'HTTP_METHOD_UNSPECIFIED' ? 'POST' : httpMethod,
    headers,
    // A copy: what came is a part of a larger piece of memory.
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
    ...(authorization === undefined ? {} : { authorization }),
  };
}

function authorizationOf({
  oidcToken,
  oauthToken,
  url = '',
}: NonNullable<TaskMessage['httpRequest']>): Authorization | undefined {
  if (oidcToken !== undefined) {
    const { serviceAccountEmail = '', audience } = oidcToken;
    return { kind: 'oidc', serviceAccountEmail, audience: audience || url };
  }
  if (oauthToken !== undefined) {
    const { serviceAccountEmail = '', scope } = oauthToken;
    return { kind: 'oauth', serviceAccountEmail, scope: scope || CLOUD_PLATFORM };
  }
  return undefined;
}

function attemptMessage({ scheduleMs, dispatchMs, responseMs, responseStatus }: Attempt): object {
  return {
    dispatchTime: toProtoTime(dispatchMs),
    ...(scheduleMs === undefined ? {} : { scheduleTime: toProtoTime(scheduleMs) }),
    ...(responseMs === undefined ? {} : { responseTime: toProtoTime(responseMs) }),
    ...(responseStatus === undefined ? {} : { responseStatus }),
  };
}

function msOf(time: ProtoTime | undefined): number | undefined {
  return time === undefined ? undefined : fromProtoTime(time);
}
