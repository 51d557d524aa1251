/** A subscription of the topology, as far as it is applied (`shared/topology.ts`). */
export interface SubscriptionPlan {
  readonly name: string;
  readonly topic: string;
  readonly pushTo?: string;
  readonly filter?: string;
  readonly ackDeadlineSeconds: number;
  readonly retry: { readonly minBackoffMs: number; readonly maxBackoffMs: number };
  readonly deadLetter?: { readonly topic: string; readonly maxAttempts: number };
  /** Left out: as long as Pub/Sub keeps messages by itself. */
  readonly retentionDays?: number;
}

/** The identity that Pub/Sub pushes with. */
export interface PushIdentity {
  readonly serviceAccountEmail: string;
  /** Default: the endpoint. */
  readonly audience?: string;
}

interface Seconds {
  readonly seconds?: { toString(): string } | null;
  readonly nanos?: number | null;
}

/** What may differ between a subscription as it is and as it should be: each with its path in an update mask. */
export interface SubscriptionSettings {
  readonly ackDeadlineSeconds?: number | null;
  readonly pushConfig?: {
    readonly pushEndpoint?: string | null;
    readonly oidcToken?: {
      readonly serviceAccountEmail?: string | null;
      readonly audience?: string | null;
    } | null;
  } | null;
  readonly retryPolicy?: {
    readonly minimumBackoff?: Seconds | null;
    readonly maximumBackoff?: Seconds | null;
  } | null;
  readonly deadLetterPolicy?: {
    readonly deadLetterTopic?: string | null;
    readonly maxDeliveryAttempts?: number | null;
  } | null;
  readonly expirationPolicy?: { readonly ttl?: Seconds | null } | null;
  readonly messageRetentionDuration?: Seconds | null;
}

const RETENTION = 'message_retention_duration';

/** The subscription as Pub/Sub is told of it. */
export function subscriptionConfig(
  plan: SubscriptionPlan,
  project: string,
  endpoint: string | undefined,
  identity: PushIdentity | undefined,
) {
  const topicPath = (topic: string) => `projects/${project}/topics/${topic}`;
  return {
    name: `projects/${project}/subscriptions/${plan.name}`,
    topic: topicPath(plan.topic),
    ackDeadlineSeconds: plan.ackDeadlineSeconds,
    pushConfig:
      endpoint === undefined
        ? {}
        : { pushEndpoint: endpoint, ...(identity && { oidcToken: { ...identity } }) },
    retryPolicy: {
      minimumBackoff: duration(plan.retry.minBackoffMs),
      maximumBackoff: duration(plan.retry.maxBackoffMs),
    },
    ...(plan.deadLetter && {
      deadLetterPolicy: {
        deadLetterTopic: topicPath(plan.deadLetter.topic),
        maxDeliveryAttempts: plan.deadLetter.maxAttempts,
      },
    }),
    // Present but empty: never expires (https://cloud.google.com/pubsub/docs/subscription-properties#expiration_period).
    expirationPolicy: {},
    ...(plan.retentionDays !== undefined && {
      messageRetentionDuration: duration(plan.retentionDays * 86_400_000),
    }),
    ...(plan.filter !== undefined && { filter: plan.filter }),
  };
}

function duration(ms: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: Math.round((ms - seconds * 1_000) * 1_000_000) };
}

/** Paths of the settings in which a subscription differs from what it should be. Its topic and filter can't be changed. */
export function settingsToUpdate(current: SubscriptionSettings, wanted: SubscriptionSettings): string[] {
  const push = ({ pushConfig }: SubscriptionSettings) => [
    pushConfig?.pushEndpoint || '',
    pushConfig?.oidcToken?.serviceAccountEmail || '',
    pushConfig?.oidcToken?.audience || '',
  ];
  const retry = ({ retryPolicy }: SubscriptionSettings) => [
    nanoseconds(retryPolicy?.minimumBackoff),
    nanoseconds(retryPolicy?.maximumBackoff),
  ];
  const deadLetter = ({ deadLetterPolicy }: SubscriptionSettings) => [
    deadLetterPolicy?.deadLetterTopic || '',
    deadLetterPolicy?.maxDeliveryAttempts || 0,
  ];
  const compared: [string, (settings: SubscriptionSettings) => unknown][] = [
    ['ack_deadline_seconds', ({ ackDeadlineSeconds }) => ackDeadlineSeconds],
    ['push_config', push],
    ['retry_policy', retry],
    ['dead_letter_policy', deadLetter],
    ['expiration_policy', ({ expirationPolicy }) => nanoseconds(expirationPolicy?.ttl)],
    [RETENTION, (settings) => nanoseconds(settings.messageRetentionDuration)],
  ];
  return compared
    .filter(([path]) => path !== RETENTION || wanted.messageRetentionDuration)
    .filter(([, read]) => JSON.stringify(read(current)) !== JSON.stringify(read(wanted)))
    .map(([path]) => path);
}

function nanoseconds(value: Seconds | null | undefined): string {
  return String(BigInt(value?.seconds?.toString() ?? 0) * 1_000_000_000n + BigInt(value?.nanos ?? 0));
}
