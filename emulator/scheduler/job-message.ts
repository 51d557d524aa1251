import type { Job } from './job.ts';

/** A job as the REST API tells it (https://docs.cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#Job). */
export interface JobMessage {
  readonly name: string;
  readonly schedule: string;
  readonly timeZone: string;
  readonly state: Job['state'];
  /** When it strikes next. Times are RFC 3339. */
  readonly scheduleTime?: string;
  readonly lastAttemptTime?: string;
  /** Of the last attempt, once it is over. */
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly pubsubTarget: {
    readonly topicName: string;
    /** Base64. */
    readonly data: string;
    readonly attributes: Readonly<Record<string, string>>;
  };
}

/** https://grpc.io/docs/guides/status-codes/ */
const UNAVAILABLE = 14;

export function jobMessage({ name, cron, timeZone, state, nextAt, lastAttempt, ...target }: Job): JobMessage {
  const outcome = lastAttempt?.outcome;
  return {
    name,
    schedule: cron,
    timeZone,
    state,
    ...(nextAt !== undefined && { scheduleTime: timestamp(nextAt) }),
    ...(lastAttempt && { lastAttemptTime: timestamp(lastAttempt.at) }),
    ...(outcome && { status: outcome.ok ? {} : { code: UNAVAILABLE, message: outcome.message } }),
    pubsubTarget: {
      topicName: target.topic,
      data: Buffer.from(target.data).toString('base64'),
      attributes: target.attributes,
    },
  };
}

const timestamp = (at: number) => new Date(at).toISOString();
