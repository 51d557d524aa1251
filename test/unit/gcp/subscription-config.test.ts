import { describe, expect, test } from 'vitest';
import { settingsToUpdate, subscriptionConfig } from '../../../shared/gcp/subscription-config.ts';

const plan = {
  name: 'mesh-orders',
  topic: 'mesh-orders',
  pushTo: 'orders',
  filter: 'attributes.ce-type="a.b"',
  ackDeadlineSeconds: 70,
  retry: { minBackoffMs: 1_500, maxBackoffMs: 60_000 },
  deadLetter: { topic: 'mesh-orders-dead', maxAttempts: 5 },
  retentionDays: 31,
};
const config = subscriptionConfig(plan, 'p', 'https://orders.run.app', { serviceAccountEmail: 'push@p' });

describe('a subscription as Pub/Sub is told of it', () => {
  test('says where, who, what, how often, and never expires', () => {
    expect(config).toEqual({
      name: 'projects/p/subscriptions/mesh-orders',
      topic: 'projects/p/topics/mesh-orders',
      ackDeadlineSeconds: 70,
      pushConfig: { pushEndpoint: 'https://orders.run.app', oidcToken: { serviceAccountEmail: 'push@p' } },
      retryPolicy: {
        minimumBackoff: { seconds: 1, nanos: 500_000_000 },
        maximumBackoff: { seconds: 60, nanos: 0 },
      },
      deadLetterPolicy: { deadLetterTopic: 'projects/p/topics/mesh-orders-dead', maxDeliveryAttempts: 5 },
      expirationPolicy: {},
      messageRetentionDuration: { seconds: 2_678_400, nanos: 0 },
      filter: 'attributes.ce-type="a.b"',
    });
  });

  test('that is only pulled has no endpoint', () => {
    const { pushConfig } = subscriptionConfig(plan, 'p', undefined, { serviceAccountEmail: 'push@p' });
    expect(pushConfig).toEqual({});
  });
});

describe('what is updated', () => {
  test('is nothing where the service answers in its own words', () => {
    const answered = {
      ...config,
      pushConfig: { ...config.pushConfig, oidcToken: { serviceAccountEmail: 'push@p', audience: '' } },
      retryPolicy: {
        minimumBackoff: { seconds: '1', nanos: 500_000_000 },
        maximumBackoff: { seconds: '60', nanos: 0 },
      },
      expirationPolicy: { ttl: null },
      messageRetentionDuration: { seconds: '2678400' },
    };
    expect(settingsToUpdate(answered, config)).toEqual([]);
  });

  test('is each setting that differs', () => {
    const monthly = { ...config, ackDeadlineSeconds: 10, expirationPolicy: { ttl: { seconds: 2_678_400 } } };
    expect(settingsToUpdate(monthly, config)).toEqual(['ack_deadline_seconds', 'expiration_policy']);
    expect(settingsToUpdate({ ...config, deadLetterPolicy: null, pushConfig: {} }, config)).toEqual([
      'push_config',
      'dead_letter_policy',
    ]);
    const week = { ...config, messageRetentionDuration: { seconds: 604_800 } };
    expect(settingsToUpdate(week, config)).toEqual(['message_retention_duration']);
    const { messageRetentionDuration: _, ...asEver } = config;
    expect(settingsToUpdate(week, asEver)).toEqual([]);
  });
});
