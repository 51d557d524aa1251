import { toProtoTime } from '../wire/time.ts';
import type { Fields } from './fields.ts';
import { type PushConfig, VERSION_ATTRIBUTE } from './push-config.ts';
import type { SubscriptionView } from './registration.ts';
import type { SubscriptionInput } from './subscription-config.ts';
import { refuseUnsupported } from './topic-codec.ts';

const UNSUPPORTED = ['bigqueryConfig', 'cloudStorageConfig', 'bigtableConfig', 'messageTransforms'];

/** @throws StatusError UNIMPLEMENTED naming a setting that the local Pub/Sub would have to ignore. */
export function readSubscription(fields: Fields): SubscriptionInput {
  refuseUnsupported(fields, UNSUPPORTED);
  const deadLetter = fields.child('deadLetterPolicy');
  const retry = fields.child('retryPolicy');
  const expiration = fields.child('expirationPolicy');
  const minimumBackoffMs = retry?.milliseconds('minimumBackoff');
  const maximumBackoffMs = retry?.milliseconds('maximumBackoff');
  return {
    name: fields.text('name'),
    topic: fields.text('topic'),
    ackDeadlineSeconds: fields.integer('ackDeadlineSeconds'),
    messageRetentionMs: fields.milliseconds('messageRetentionDuration'),
    retainAckedMessages: fields.flag('retainAckedMessages'),
    enableMessageOrdering: fields.flag('enableMessageOrdering'),
    enableExactlyOnceDelivery: fields.flag('enableExactlyOnceDelivery'),
    labels: fields.textMap('labels'),
    filter: fields.text('filter'),
    expirationPolicy: expiration && { ttlMs: expiration.milliseconds('ttl') },
    pushConfig: readPushConfig(fields.child('pushConfig')),
    deadLetterPolicy: deadLetter && {
      deadLetterTopic: deadLetter.text('deadLetterTopic'),
      maxDeliveryAttempts: deadLetter.integer('maxDeliveryAttempts'),
    },
    retryPolicy: retry && {
      ...(minimumBackoffMs !== undefined && { minimumBackoffMs }),
      ...(maximumBackoffMs !== undefined && { maximumBackoffMs }),
    },
  };
}

/** What is there of a push config; its endpoint may be empty. */
export function readPushConfig(fields: Fields | undefined): PushConfig | undefined {
  if (!fields) return undefined;
  const oidcToken = fields.child('oidcToken');
  const audience = oidcToken?.text('audience');
  const noWrapper = fields.child('noWrapper');
  return {
    endpoint: fields.text('pushEndpoint'),
    attributes: fields.textMap('attributes'),
    oidcToken: oidcToken && {
      serviceAccountEmail: oidcToken.text('serviceAccountEmail'),
      ...(audience && { audience }),
    },
    noWrapper: noWrapper && { writeMetadata: noWrapper.flag('writeMetadata') },
  };
}

export function writeSubscription(view: SubscriptionView) {
  const { ttlMs } = view.expirationPolicy;
  const { deadLetterPolicy, retryPolicy, topicMessageRetentionMs } = view;
  return {
    name: view.name,
    topic: view.topic,
    pushConfig: writePushConfig(view),
    ackDeadlineSeconds: view.ackDeadlineSeconds,
    messageRetentionDuration: toProtoTime(view.messageRetentionMs),
    expirationPolicy: ttlMs === undefined ? {} : { ttl: toProtoTime(ttlMs) },
    ...(Object.keys(view.labels).length > 0 && { labels: view.labels }),
    ...(view.filter && { filter: view.filter }),
    ...(view.retainAckedMessages && { retainAckedMessages: true }),
    ...(view.enableMessageOrdering && { enableMessageOrdering: true }),
    ...(view.enableExactlyOnceDelivery && { enableExactlyOnceDelivery: true }),
    ...(view.detached && { detached: true }),
    ...(deadLetterPolicy && { deadLetterPolicy }),
    ...(retryPolicy && {
      retryPolicy: {
        minimumBackoff: toProtoTime(retryPolicy.minimumBackoffMs),
        maximumBackoff: toProtoTime(retryPolicy.maximumBackoffMs),
      },
    }),
    ...(topicMessageRetentionMs !== undefined && {
      topicMessageRetentionDuration: toProtoTime(topicMessageRetentionMs),
    }),
    state: 'ACTIVE',
  };
}

function writePushConfig({ pushConfig, pushVersion }: SubscriptionView) {
  const { endpoint, attributes, oidcToken, noWrapper } = { ...pushConfig };
  const shown = { ...attributes, ...(pushVersion !== undefined && { [VERSION_ATTRIBUTE]: pushVersion }) };
  return {
    ...(endpoint && { pushEndpoint: endpoint }),
    ...(Object.keys(shown).length > 0 && { attributes: shown }),
    ...(oidcToken && { oidcToken }),
    ...(noWrapper && { noWrapper }),
  };
}
