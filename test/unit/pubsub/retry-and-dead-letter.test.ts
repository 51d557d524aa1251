import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Broker } from '../../../emulator/pubsub/broker.ts';
import { retryDelayMs } from '../../../emulator/pubsub/retry-policy.ts';
import {
  answering,
  brokerWith,
  DEAD_SUBSCRIPTION,
  DEAD_TOPIC,
  PUSH,
  publish,
  publishOrdered,
  pull,
  pullTexts,
  SECOND,
  SUBSCRIPTION,
  statusOf,
  TOPIC,
} from './support.ts';

const retryPolicy = { minimumBackoffMs: 2 * SECOND, maximumBackoffMs: 8 * SECOND };
const deadLetterPolicy = { deadLetterTopic: DEAD_TOPIC, maxDeliveryAttempts: 5 };

async function pullAndNack(broker: Broker): Promise<(number | undefined)[]> {
  const deliveries = await pull(broker);
  for (const { ackId } of deliveries) broker.modifyAckDeadline(SUBSCRIPTION, [ackId], 0);
  return deliveries.map(({ deliveryAttempt }) => deliveryAttempt);
}

describe('the retry policy', () => {
  test('doubles the delay from the minimum to the maximum', async () => {
    const { broker, clock } = brokerWith({ retryPolicy });
    publish(broker, 'a');
    for (const delay of [2, 4, 8, 8]) {
      await pullAndNack(broker);
      await clock.advance(delay * SECOND - 1);
      expect(await pullTexts(broker)).toEqual([]);
      await clock.advance(1);
    }
    expect(await pullTexts(broker)).toEqual(['a']);
  });

  test('delays after an expired deadline too, and holds up no other message', async () => {
    const { broker, clock } = brokerWith({ retryPolicy });
    publish(broker, 'a');
    await pull(broker);
    await clock.advance(10 * SECOND);
    publish(broker, 'b');
    expect(await pullTexts(broker)).toEqual(['b']);
    await clock.advance(2 * SECOND);
    expect(await pullTexts(broker)).toEqual(['a']);
  });

  test('never leaves its bounds', () => {
    fc.assert(
      fc.property(fc.nat(600_000), fc.nat(600_000), fc.integer({ min: 1, max: 1000 }), (a, b, failures) => {
        const policy = { minimumBackoffMs: Math.min(a, b), maximumBackoffMs: Math.max(a, b) };
        const delay = retryDelayMs(policy, failures);
        expect(delay).toBeGreaterThanOrEqual(policy.minimumBackoffMs);
        expect(delay).toBeLessThanOrEqual(policy.maximumBackoffMs);
      }),
    );
  });
});

describe('the dead-letter policy', () => {
  test('forwards after the last attempt, telling the attempts until then', async () => {
    const { broker } = brokerWith({ deadLetterPolicy });
    broker.publish(TOPIC, [{ data: Buffer.from('x'), attributes: { a: 'b' } }]);
    const attempts = [];
    for (let count = 0; count < 6; count += 1) attempts.push(...(await pullAndNack(broker)));
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
    const [letter] = await pull(broker, 1, DEAD_SUBSCRIPTION);
    expect(letter).toMatchObject({ text: 'x', deliveryAttempt: undefined });
    expect(letter?.message.attributes).toEqual({
      a: 'b',
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
      CloudPubSubDeadLetterSourceSubscription: 'orders-sub',
      CloudPubSubDeadLetterSourceSubscriptionProject: 'p',
      CloudPubSubDeadLetterSourceTopicPublishTime: '2026-01-01T00:00:00.000+00:00',
    });
    expect(statusOf(broker)).toMatchObject({ deadLettered: 1, acked: 0, backlog: 0, outstanding: 0 });
  });

  test('counts expired deadlines as attempts', async () => {
    const { broker, clock } = brokerWith({ deadLetterPolicy });
    publish(broker, 'x');
    for (let count = 0; count < 5; count += 1) {
      expect((await pull(broker))[0]?.deliveryAttempt).toBe(count + 1);
      await clock.advance(10 * SECOND);
    }
    expect(await pullTexts(broker, 1, DEAD_SUBSCRIPTION)).toEqual(['x']);
  });

  test('works for ordered messages, and lets the later ones of the key go on', async () => {
    const { broker } = brokerWith({ deadLetterPolicy, enableMessageOrdering: true });
    publishOrdered(broker, 'a1', 'a2');
    for (let count = 0; count < 5; count += 1) {
      const [first] = await pull(broker, 1);
      expect(first).toMatchObject({ text: 'a1', deliveryAttempt: count + 1 });
      broker.modifyAckDeadline(SUBSCRIPTION, [first?.ackId ?? ''], 0);
    }
    expect(await pullTexts(broker)).toEqual(['a2']);
    expect(await pullTexts(broker, 1, DEAD_SUBSCRIPTION)).toEqual(['a1']);
  });

  test.each([false, true])('works for push (ordered: %s)', async (enableMessageOrdering) => {
    const { broker, clock } = brokerWith(
      { ...PUSH, deadLetterPolicy, enableMessageOrdering },
      { pushTransport: answering(() => 500) },
    );
    publishOrdered(broker, 'a1', 'a2');
    await clock.advance(600 * SECOND);
    expect(statusOf(broker)).toMatchObject({ delivered: 10, deadLettered: 2, backlog: 0, outstanding: 0 });
    expect((await pullTexts(broker, 5, DEAD_SUBSCRIPTION)).sort()).toEqual(['a1', 'a2']);
  });

  test('keeps delivering while its topic is deleted', async () => {
    const { broker } = brokerWith({ deadLetterPolicy });
    publish(broker, 'x');
    broker.deleteTopic(DEAD_TOPIC);
    const attempts = [];
    for (let count = 0; count < 7; count += 1) attempts.push(...(await pullAndNack(broker)));
    expect(attempts).toEqual([1, 2, 3, 4, 5, 6, 7]);
    broker.createTopic({ name: DEAD_TOPIC });
    await pullAndNack(broker);
    expect(statusOf(broker)).toMatchObject({ deadLettered: 1, backlog: 0 });
  });
});
