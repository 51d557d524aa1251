import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Broker } from '../../../emulator/pubsub/broker.ts';
import type { OutgoingMessage } from '../../../emulator/pubsub/message.ts';
import type { SubscriptionInput } from '../../../emulator/pubsub/subscription-config.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import {
  answering,
  brokerWith,
  DEAD_TOPIC,
  PUSH,
  publish,
  pull,
  pullTexts,
  SECOND,
  SUBSCRIPTION,
  statusOf,
  TOPIC,
} from './support.ts';

const refused = (message: string) =>
  expect.objectContaining({ status: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
const times = (count: number, value: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
const data = Buffer.from('x');

describe('publish', () => {
  test.each<[string, OutgoingMessage[]]>([
    ['message_count', []],
    ['message_count', Array.from({ length: 1001 }, () => ({ data }))],
    ['is empty', [{ data }, {}]],
    ['is empty', [{ data: new Uint8Array(), attributes: {} }]],
    ['message_size', [{ data: new Uint8Array(10_000_001) }]],
    ['request_size', Array.from({ length: 2 }, () => ({ data: new Uint8Array(6_000_000) }))],
    ['attributes_count', [{ data, attributes: times(101, 'v') }]],
    ['key size', [{ data, attributes: { ['k'.repeat(257)]: 'v' } }]],
    ['attributes["k"] value size', [{ data, attributes: { k: 'é'.repeat(513) } }]],
    ['"google"', [{ data, attributes: { google: 'v' } }]],
    ['a key is empty', [{ data, attributes: { '': 'v' } }]],
    ['ordering_key_size', [{ data, orderingKey: 'k'.repeat(1025) }]],
  ])('refuses what breaks a limit, naming it: %s', (message, messages) => {
    const { broker } = brokerWith();
    expect(() => broker.publish(TOPIC, messages)).toThrow(refused(message));
    expect(statusOf(broker).published).toBe(0);
  });

  test('takes what is just within the limits, and the trace context of the client libraries', () => {
    const { broker } = brokerWith();
    const ids = broker.publish(TOPIC, [
      { data, attributes: times(100, 'v'.repeat(1024)) },
      { attributes: { ['k'.repeat(256)]: '' } },
      { data, attributes: { googclient_traceparent: '00-0-0-00' } },
    ]);
    expect(new Set(ids).size).toBe(3);
  });

  test('gives ids that no later broker gives again', async () => {
    const clock = new ManualClock();
    const ids: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const broker = new Broker({ clock });
      broker.createTopic({ name: TOPIC });
      ids.push(...broker.publish(TOPIC, [{ data }, { data }]));
      await clock.advance(1);
    }
    expect(new Set(ids).size).toBe(4);
  });

  test('goes to every subscription of the topic, each with a backlog of its own', async () => {
    const { broker } = brokerWith();
    const other = 'projects/p/subscriptions/other';
    broker.createSubscription({ name: other, topic: TOPIC, filter: 'attributes:no' });
    publish(broker, 'a', 'b');
    expect(await pullTexts(broker)).toEqual(['a', 'b']);
    expect(statusOf(broker, other)).toMatchObject({ filtered: 2, published: 0, backlog: 0 });
  });
});

describe('a topic', () => {
  test.each([
    'orders',
    'projects/p/topics/1x',
    'projects/p/topics/ab',
    'projects/p/topics/google',
    'projects/p/topics/a b c',
  ])('is refused the name %s', (name) => {
    const { broker } = brokerWith();
    expect(() => broker.createTopic({ name })).toThrow(refused(name));
  });

  test('that is deleted leaves its subscriptions their backlog; a new one of its name gives them nothing', async () => {
    const { broker } = brokerWith();
    publish(broker, 'a');
    broker.deleteTopic(TOPIC);
    expect(() => publish(broker, 'b')).toThrow('Resource not found (resource=orders)');
    broker.createTopic({ name: TOPIC });
    publish(broker, 'c');
    expect(broker.getSubscription(SUBSCRIPTION).topic).toBe('_deleted-topic_');
    expect(await pullTexts(broker)).toEqual(['a']);
  });

  test('is listed by pages', () => {
    const { broker } = brokerWith();
    const first = broker.listTopics('projects/p', { pageSize: 1 });
    expect(first.items.map(({ name }) => name)).toEqual([TOPIC]);
    const { items, nextPageToken } = broker.listTopics('projects/p', { pageToken: first.nextPageToken });
    expect(items.map(({ name }) => name)).toEqual([DEAD_TOPIC]);
    expect(nextPageToken).toBe('');
    expect(broker.listTopics('projects/q').items).toEqual([]);
  });
});

describe('a subscription', () => {
  const name = 'projects/p/subscriptions/new';

  test.each<[string, Partial<SubscriptionInput>]>([
    ['ack_deadline_seconds', { ackDeadlineSeconds: 9 }],
    ['ack_deadline_seconds', { ackDeadlineSeconds: 601 }],
    ['retry_policy.maximum_backoff', { retryPolicy: { maximumBackoffMs: 600_001 } }],
    ['minimum_backoff exceeds', { retryPolicy: { minimumBackoffMs: 20_000, maximumBackoffMs: 10_000 } }],
    ['max_delivery_attempts', { deadLetterPolicy: { deadLetterTopic: DEAD_TOPIC, maxDeliveryAttempts: 4 } }],
    [
      'max_delivery_attempts',
      { deadLetterPolicy: { deadLetterTopic: DEAD_TOPIC, maxDeliveryAttempts: 101 } },
    ],
    ['it is the topic of the subscription', { deadLetterPolicy: { deadLetterTopic: TOPIC } }],
    ['filter', { filter: 'attributes:' }],
    ['message_retention_duration', { messageRetentionMs: 599_000 }],
    ['expiration_policy.ttl', { expirationPolicy: { ttlMs: 1000 } }],
    ['endpoint=ftp://x', { pushConfig: { endpoint: 'ftp://x' } }],
    ['only pull subscriptions', { ...PUSH, enableExactlyOnceDelivery: true }],
    ['key "Team"', { labels: { Team: 'x' } }],
  ])('is refused with the field named: %s', (message, settings) => {
    const { broker } = brokerWith({}, { pushTransport: answering(() => 200) });
    expect(() => broker.createSubscription({ name, topic: TOPIC, ...settings })).toThrow(refused(message));
    expect(() => broker.getSubscription(name)).toThrow('Resource not found');
  });

  test('needs its topic and its dead-letter topic to exist', () => {
    const { broker } = brokerWith();
    const missing = 'projects/p/topics/missing';
    expect(() => broker.createSubscription({ name, topic: missing })).toThrow('resource=missing');
    expect(() =>
      broker.createSubscription({ name, topic: TOPIC, deadLetterPolicy: { deadLetterTopic: missing } }),
    ).toThrow('resource=missing');
    expect(() => broker.createSubscription({ name: SUBSCRIPTION, topic: TOPIC })).toThrow('already exists');
  });

  test('takes the service’s defaults', () => {
    const { broker } = brokerWith();
    const deadLetterPolicy = { deadLetterTopic: DEAD_TOPIC };
    expect(
      broker.createSubscription({ name, topic: TOPIC, deadLetterPolicy, retryPolicy: {} }),
    ).toMatchObject({
      ackDeadlineSeconds: 10,
      messageRetentionMs: 7 * 86_400_000,
      expirationPolicy: { ttlMs: 31 * 86_400_000 },
      deadLetterPolicy: { maxDeliveryAttempts: 5 },
      retryPolicy: { minimumBackoffMs: 10_000, maximumBackoffMs: 600_000 },
    });
  });

  test('changes what the mask names, whole or in part, and nothing else', () => {
    const { broker } = brokerWith({
      labels: { a: 'b' },
      deadLetterPolicy: { deadLetterTopic: DEAD_TOPIC, maxDeliveryAttempts: 7 },
    });
    const update = (patch: object, ...paths: string[]) =>
      broker.updateSubscription({ name: SUBSCRIPTION, ...patch }, paths);
    update({ ackDeadlineSeconds: 99, labels: {} }, 'ack_deadline_seconds');
    update({ deadLetterPolicy: { maxDeliveryAttempts: 9 } }, 'dead_letter_policy.max_delivery_attempts');
    expect(broker.getSubscription(SUBSCRIPTION)).toMatchObject({
      ackDeadlineSeconds: 99,
      labels: { a: 'b' },
      deadLetterPolicy: { deadLetterTopic: DEAD_TOPIC, maxDeliveryAttempts: 9 },
    });
    update({}, 'dead_letter_policy');
    expect(broker.getSubscription(SUBSCRIPTION).deadLetterPolicy).toBeUndefined();
    expect(() => update({})).toThrow(refused('update_mask'));
    for (const path of ['filter', 'topic', 'enable_message_ordering', 'nonsense', 'labels.a']) {
      expect(() => update({}, path)).toThrow(refused(path));
    }
  });

  test('that is detached drops its backlog and refuses to be pulled', async () => {
    const { broker } = brokerWith();
    publish(broker, 'a');
    broker.detachSubscription(SUBSCRIPTION);
    publish(broker, 'b');
    expect(broker.getSubscription(SUBSCRIPTION).detached).toBe(true);
    expect(statusOf(broker)).toMatchObject({ backlog: 0, outstanding: 0 });
    await expect(broker.pull(SUBSCRIPTION, { maxMessages: 1 })).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
    });
  });

  test('that pushes refuses to be pulled', async () => {
    const { broker } = brokerWith(PUSH, { pushTransport: answering(() => 200) });
    await expect(broker.pull(SUBSCRIPTION, { maxMessages: 1 })).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
    });
  });

  test('takes and settles a backlog of 20,000 in time that grows with it alone', async () => {
    const { broker } = brokerWith();
    for (let count = 0; count < 20; count += 1) {
      publish(broker, ...Array.from({ length: 1000 }, String));
    }
    let taken = 0;
    for (;;) {
      const deliveries = await broker.pull(SUBSCRIPTION, { maxMessages: 1 });
      if (deliveries.length === 0) break;
      taken += deliveries.length;
      broker.acknowledge(
        SUBSCRIPTION,
        deliveries.map(({ ackId }) => ackId),
      );
    }
    expect(taken).toBe(20_000);
    expect(broker.idle()).toBe(true);
  });

  test('loses nothing and accounts for every delivery, whatever its consumers do', async () => {
    const outcome = fc.constantFrom('ack', 'nack', 'leave');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), outcome)), async (steps) => {
        const { broker, clock } = brokerWith({
          retryPolicy: { minimumBackoffMs: 0, maximumBackoffMs: 3000 },
        });
        const sent = Array.from({ length: 10 }, String);
        publish(broker, ...sent);
        const acked: string[] = [];
        const round = async (take: number, treat: string) => {
          for (const { ackId, text } of await pull(broker, take)) {
            if (treat === 'ack') acked.push(text);
            if (treat === 'ack') broker.acknowledge(SUBSCRIPTION, [ackId]);
            if (treat === 'nack') broker.modifyAckDeadline(SUBSCRIPTION, [ackId], 0);
          }
          await clock.advance(4 * SECOND);
        };
        for (const [take, treat] of steps) await round(take, treat);
        while (!broker.idle()) await round(10, 'ack');
        expect(acked.sort()).toEqual(sent);
        const { delivered, nacked, expired } = statusOf(broker);
        expect(delivered).toBe(acked.length + nacked + expired);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
