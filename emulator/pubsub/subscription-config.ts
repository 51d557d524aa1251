import { completeDeadLetterPolicy, type DeadLetterPolicy } from './dead-letter.ts';
import { invalidArgument, requireWithin } from './invalid.ts';
import { type Labels, requireLabels } from './labels.ts';
import { PUSH_VERSION, type PushConfig, pushVersionOf, requirePushConfig } from './push-config.ts';
import { requireSubscriptionName } from './resource-name.ts';
import { completeRetryPolicy, type RetryPolicy } from './retry-policy.ts';
import { emptyMask, unknownPath } from './update-mask.ts';

/** A subscription's settings, complete (https://cloud.google.com/pubsub/docs/subscription-properties). */
export interface SubscriptionConfig {
  readonly name: string;
  readonly topic: string;
  readonly ackDeadlineSeconds: number;
  readonly messageRetentionMs: number;
  readonly retainAckedMessages: boolean;
  readonly enableMessageOrdering: boolean;
  readonly enableExactlyOnceDelivery: boolean;
  readonly labels: Labels;
  /** Empty for none. */
  readonly filter: string;
  /** Without `ttlMs` the subscription never expires. */
  readonly expirationPolicy: { readonly ttlMs?: number | undefined };
  readonly deadLetterPolicy?: DeadLetterPolicy | undefined;
  readonly retryPolicy?: RetryPolicy | undefined;
  /** Absent: a pull subscription. */
  readonly pushConfig?: PushConfig | undefined;
  /**
   * The version of the pushed JSON. It stays when the push configuration goes, as in the service. Absent until it is asked for, or the
   * subscription is first updated.
   */
  readonly pushVersion?: string | undefined;
}

/** A subscription's settings as asked for: what is absent, or 0 for a number, takes the service's default. */
export type SubscriptionInput = Pick<SubscriptionConfig, 'name' | 'topic'> & {
  readonly [Key in Exclude<keyof SubscriptionConfig, 'name' | 'topic' | 'deadLetterPolicy' | 'retryPolicy'>]?:
    | SubscriptionConfig[Key]
    | undefined;
} & {
  readonly deadLetterPolicy?:
    | { readonly deadLetterTopic: string; readonly maxDeliveryAttempts?: number }
    | undefined;
  readonly retryPolicy?: Partial<RetryPolicy> | undefined;
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const DEFAULT_ACK_DEADLINE_SECONDS = 10;
const DEFAULT_RETENTION_MS = 7 * DAY_MS;
const DEFAULT_EXPIRATION = { ttlMs: 31 * DAY_MS };

/** Fills in the defaults. @throws StatusError INVALID_ARGUMENT naming the field that breaks a rule. */
export function completeSubscription(input: SubscriptionInput): SubscriptionConfig {
  const pushVersion = pushVersionOf(input.pushConfig?.attributes) ?? input.pushVersion;
  const config: SubscriptionConfig = {
    name: requireSubscriptionName(input.name),
    topic: input.topic,
    ackDeadlineSeconds: input.ackDeadlineSeconds || DEFAULT_ACK_DEADLINE_SECONDS,
    messageRetentionMs: input.messageRetentionMs || DEFAULT_RETENTION_MS,
    retainAckedMessages: input.retainAckedMessages ?? false,
    enableMessageOrdering: input.enableMessageOrdering ?? false,
    enableExactlyOnceDelivery: input.enableExactlyOnceDelivery ?? false,
    labels: requireLabels(input.labels ?? {}),
    filter: input.filter ?? '',
    expirationPolicy: input.expirationPolicy ?? DEFAULT_EXPIRATION,
    ...(input.deadLetterPolicy && {
      deadLetterPolicy: completeDeadLetterPolicy(input.deadLetterPolicy, input.topic),
    }),
    ...(input.retryPolicy && { retryPolicy: completeRetryPolicy(input.retryPolicy) }),
    // A push config without an endpoint is none: the subscription is for pulling.
    ...(input.pushConfig?.endpoint && { pushConfig: requirePushConfig(input.pushConfig) }),
    ...(pushVersion !== undefined && { pushVersion }),
  };
  requireAckDeadline(config.ackDeadlineSeconds);
  requireWithin(
    'message_retention_duration seconds',
    config.messageRetentionMs / 1000,
    600,
    (31 * DAY_MS) / 1000,
  );
  const { ttlMs } = config.expirationPolicy;
  if (ttlMs !== undefined && ttlMs < DAY_MS)
    throw invalidArgument('expiration_policy.ttl', 'less than 1 day');
  if (config.pushConfig && config.enableExactlyOnceDelivery) {
    throw invalidArgument('enable_exactly_once_delivery', 'only pull subscriptions support it');
  }
  return config;
}

/** @throws StatusError INVALID_ARGUMENT for a deadline outside 10..600 s. */
export function requireAckDeadline(seconds: number): void {
  requireWithin('ack_deadline_seconds', seconds, 10, 600);
}

const UPDATABLE = {
  ack_deadline_seconds: 'ackDeadlineSeconds',
  dead_letter_policy: 'deadLetterPolicy',
  enable_exactly_once_delivery: 'enableExactlyOnceDelivery',
  expiration_policy: 'expirationPolicy',
  labels: 'labels',
  message_retention_duration: 'messageRetentionMs',
  push_config: 'pushConfig',
  retain_acked_messages: 'retainAckedMessages',
  retry_policy: 'retryPolicy',
} as const satisfies Record<string, keyof SubscriptionConfig>;

/** Fields whose values are refused before they come here: an update may only clear them, which changes nothing. */
const NEVER_SET: ReadonlySet<string> = new Set([
  'bigquery_config',
  'bigtable_config',
  'cloud_storage_config',
  'message_transforms',
]);

/** The fields of the policies, which a mask may name one by one. */
const UPDATABLE_WITHIN: Readonly<Record<string, string>> = {
  'dead_letter_policy.dead_letter_topic': 'deadLetterTopic',
  'dead_letter_policy.max_delivery_attempts': 'maxDeliveryAttempts',
  'expiration_policy.ttl': 'ttlMs',
  'push_config.attributes': 'attributes',
  'push_config.no_wrapper': 'noWrapper',
  'push_config.oidc_token': 'oidcToken',
  'push_config.push_endpoint': 'endpoint',
  'retry_policy.maximum_backoff': 'maximumBackoffMs',
  'retry_policy.minimum_backoff': 'minimumBackoffMs',
};

/**
 * Replaces the fields that the mask's paths name (in snake_case) by those of `patch`; one that is absent there goes back to
 * its default.
 * @throws StatusError INVALID_ARGUMENT for an empty mask, an unknown field or one that cannot be changed.
 */
export function patchSubscription(
  current: SubscriptionConfig,
  patch: Omit<SubscriptionInput, 'topic'>,
  paths: readonly string[],
): SubscriptionConfig {
  if (paths.length === 0) throw emptyMask('UpdateSubscriptionRequest');
  const changes: Record<string, unknown> = {};
  for (const path of paths) {
    const [head = '', ...rest] = path.split('.');
    const leaf = UPDATABLE_WITHIN[path];
    if (NEVER_SET.has(head)) continue;
    if (!isUpdatable(head) || (rest.length > 0 && !leaf)) {
      throw unknownPath('UpdateSubscriptionRequest', path);
    }
    const field = UPDATABLE[head];
    changes[field] = leaf
      ? { ...fieldsOf(changes[field] ?? current[field]), [leaf]: fieldsOf(patch[field])[leaf] }
      : patch[field];
  }
  // An update of the dead letters alone does not bring it to light in production either.
  const shows = paths.some((path) => !path.startsWith('dead_letter_policy'));
  const pushVersion = current.pushVersion ?? (shows ? PUSH_VERSION : undefined);
  const patched = { ...current, pushVersion, ...changes };
  requireEndpoint(patched.pushConfig, paths);
  return completeSubscription(patched);
}

/** @throws StatusError INVALID_ARGUMENT where a single setting of pushing is given to a subscription that does not push. */
function requireEndpoint(pushConfig: PushConfig | undefined, paths: readonly string[]): void {
  if (pushConfig?.endpoint) return;
  const given = paths.find((path) => {
    const leaf = path.startsWith('push_config.') && UPDATABLE_WITHIN[path];
    return leaf && !isUnset(fieldsOf(pushConfig)[leaf]);
  });
  if (given !== undefined) throw invalidArgument(given, 'the subscription has no push endpoint');
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === '' || Object.keys(value as object).length === 0;
}

function fieldsOf(policy: unknown): Record<string, unknown> {
  return { ...(policy as object | undefined) };
}

function isUpdatable(field: string): field is keyof typeof UPDATABLE {
  return Object.hasOwn(UPDATABLE, field);
}
