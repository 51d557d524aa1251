import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../../emulator/pubsub/consumer.ts';
import type { StatusError } from '../../../emulator/wire/status.ts';
import {
  brokerWith,
  DAY,
  publish,
  publishOrdered,
  pull,
  pullTexts,
  SECOND,
  SUBSCRIPTION,
  statusOf,
  TOPIC,
} from './support.ts';

describe('a lease', () => {
  test('keeps a message from everybody else until it is acked', async () => {
    const { broker, clock } = brokerWith();
    publish(broker, 'a', 'b');
    const [first] = await pull(broker, 1);
    expect(await pullTexts(broker)).toEqual(['b']);
    expect(await pullTexts(broker)).toEqual([]);
    broker.acknowledge(SUBSCRIPTION, [first?.ackId ?? '']);
    await clock.advance(10 * SECOND);
    expect(await pullTexts(broker)).toEqual(['b']);
  });

  test('ends with the ack deadline, and not before', async () => {
    const { broker, clock } = brokerWith({ ackDeadlineSeconds: 20 });
    publish(broker, 'a');
    await pull(broker);
    await clock.advance(20 * SECOND - 1);
    expect(await pullTexts(broker)).toEqual([]);
    await clock.advance(1);
    expect(await pullTexts(broker)).toEqual(['a']);
    expect(statusOf(broker)).toMatchObject({ delivered: 2, expired: 1, outstanding: 1, backlog: 0 });
  });

  test('is extended from now on, not from its old end', async () => {
    const { broker, clock } = brokerWith();
    publish(broker, 'a');
    const [{ ackId = '' } = {}] = await pull(broker);
    await clock.advance(9 * SECOND);
    broker.modifyAckDeadline(SUBSCRIPTION, [ackId], 30);
    await clock.advance(29 * SECOND);
    expect(await pullTexts(broker)).toEqual([]);
    await clock.advance(1 * SECOND);
    expect(await pullTexts(broker)).toEqual(['a']);
  });

  test('ends at once with a nack', async () => {
    const { broker } = brokerWith();
    publish(broker, 'a');
    const [{ ackId = '' } = {}] = await pull(broker);
    broker.modifyAckDeadline(SUBSCRIPTION, [ackId], 0);
    expect(await pullTexts(broker)).toEqual(['a']);
    expect(statusOf(broker)).toMatchObject({ nacked: 1, delivered: 2 });
  });

  test('that has ended still lets its message be acked while nobody else has it', async () => {
    const { broker, clock } = brokerWith();
    publish(broker, 'a');
    const [{ ackId = '' } = {}] = await pull(broker);
    await clock.advance(10 * SECOND);
    broker.acknowledge(SUBSCRIPTION, [ackId]);
    expect(await pullTexts(broker)).toEqual([]);
    expect(broker.idle()).toBe(true);
  });

  test('that has ended has no say once somebody else has the message', async () => {
    const { broker, clock } = brokerWith();
    publish(broker, 'a');
    const [{ ackId = '' } = {}] = await pull(broker);
    await clock.advance(10 * SECOND);
    await pull(broker);
    broker.acknowledge(SUBSCRIPTION, [ackId]);
    broker.modifyAckDeadline(SUBSCRIPTION, [ackId], 0);
    expect(statusOf(broker).outstanding).toBe(1);
  });

  test('that has ended makes an exactly-once ack fail', async () => {
    const { broker, clock } = brokerWith({ enableExactlyOnceDelivery: true });
    publish(broker, 'a');
    const [{ ackId = '' } = {}] = await pull(broker);
    await clock.advance(10 * SECOND);
    expect(broker.acknowledge(SUBSCRIPTION, [ackId]).invalid).toEqual([ackId]);
    expect(broker.modifyAckDeadline(SUBSCRIPTION, [ackId], 10)).toEqual([ackId]);
    const [again] = await pull(broker);
    expect(broker.acknowledge(SUBSCRIPTION, [again?.ackId ?? '']).invalid).toEqual([]);
  });

  test('is named by an ack id that only this subscription takes; a wrong one changes nothing', async () => {
    const { broker } = brokerWith();
    publish(broker, 'a');
    const [{ ackId = '' } = {}] = await pull(broker);
    expect(() => broker.acknowledge(SUBSCRIPTION, [ackId, 'rubbish'])).toThrow('ack_id=rubbish');
    expect(statusOf(broker).outstanding).toBe(1);
    expect(() => broker.modifyAckDeadline(SUBSCRIPTION, [ackId], 601)).toThrow('maximum value is 600');
  });

  test('leaves no timer behind once all is acked', async () => {
    const { broker, clock } = brokerWith();
    publish(broker, 'a', 'b');
    const deliveries = await pull(broker);
    expect(clock.pending).toBe(1);
    broker.acknowledge(
      SUBSCRIPTION,
      deliveries.map(({ ackId }) => ackId),
    );
    expect(clock.pending).toBe(0);
  });
});

describe('a pull that waits', () => {
  test('gets the first message that comes', async () => {
    const { broker } = brokerWith();
    const waiting = broker.pull(SUBSCRIPTION, { maxMessages: 10, waitMs: 5000 });
    publish(broker, 'a');
    expect(await waiting).toHaveLength(1);
  });

  test('comes back empty when its time is over or its caller goes away', async () => {
    const { broker, clock } = brokerWith();
    const gone = new AbortController();
    const waits = [
      broker.pull(SUBSCRIPTION, { maxMessages: 1, waitMs: 5000 }),
      broker.pull(SUBSCRIPTION, { maxMessages: 1, waitMs: 5000, signal: gone.signal }),
    ];
    await Promise.resolve();
    gone.abort();
    await clock.advance(5000);
    expect(await Promise.all(waits)).toEqual([[], []]);
    expect(clock.pending).toBe(0);
    publish(broker, 'a');
    expect(await pullTexts(broker)).toEqual(['a']);
  });

  test('fails when its subscription is deleted', async () => {
    const { broker } = brokerWith();
    const waiting = broker.pull(SUBSCRIPTION, { maxMessages: 1, waitMs: 5000 });
    await Promise.resolve();
    broker.deleteSubscription(SUBSCRIPTION);
    await expect(waiting).rejects.toMatchObject({ status: 'NOT_FOUND' });
  });
});

describe('a stream', () => {
  function collector() {
    const deliveries: Delivery[] = [];
    const ends: StatusError[] = [];
    return {
      deliveries,
      ends,
      messages: (batch: readonly Delivery[]) => deliveries.push(...batch),
      ended: (reason: StatusError) => ends.push(reason),
    };
  }

  test('gets no more than it may hold, and more as it acks', () => {
    const { broker } = brokerWith();
    const sink = collector();
    publish(broker, 'a', 'b', 'c');
    broker.openStream(SUBSCRIPTION, { ackDeadlineSeconds: 10, maxOutstandingMessages: 2 }, sink);
    expect(sink.deliveries).toHaveLength(2);
    broker.acknowledge(SUBSCRIPTION, [sink.deliveries[0]?.ackId ?? '']);
    expect(sink.deliveries).toHaveLength(3);
  });

  test('counts the bytes that it holds', () => {
    const { broker } = brokerWith();
    const sink = collector();
    publish(broker, 'aaaa', 'bbbb', 'cccc');
    broker.openStream(SUBSCRIPTION, { ackDeadlineSeconds: 10, maxOutstandingBytes: 8 }, sink);
    expect(sink.deliveries).toHaveLength(2);
  });

  test('shares the messages with the other streams', () => {
    const { broker } = brokerWith();
    const [one, two] = [collector(), collector()];
    for (const sink of [one, two]) broker.openStream(SUBSCRIPTION, { ackDeadlineSeconds: 10 }, sink);
    publish(broker, ...Array.from({ length: 100 }, String));
    expect(one.deliveries.length + two.deliveries.length).toBe(100);
    expect(Math.min(one.deliveries.length, two.deliveries.length)).toBeGreaterThan(20);
  });

  test('gets all of a key that it can take, however many other streams there are', () => {
    const { broker } = brokerWith({ enableMessageOrdering: true });
    const sinks = Array.from({ length: 10 }, collector);
    for (const sink of sinks) broker.openStream(SUBSCRIPTION, { ackDeadlineSeconds: 10 }, sink);
    publishOrdered(broker, ...Array.from({ length: 500 }, (_, n) => `a${n}`), 'b1', 'c1');
    expect(sinks.map(({ deliveries }) => deliveries.length).filter((count) => count > 0)).toEqual([
      500, 1, 1,
    ]);
  });

  test('takes a limit of nothing or less for none', () => {
    for (const limit of [0, -1]) {
      const { broker } = brokerWith();
      const sink = collector();
      publish(broker, 'a', 'b', 'c');
      const limits = { maxOutstandingMessages: limit, maxOutstandingBytes: limit };
      broker.openStream(SUBSCRIPTION, { ackDeadlineSeconds: 10, ...limits }, sink);
      expect(sink.deliveries).toHaveLength(3);
    }
  });

  test('leases by its own deadline, and gets its room back when a lease ends', async () => {
    const { broker, clock } = brokerWith();
    const sink = collector();
    publish(broker, 'a');
    broker.openStream(SUBSCRIPTION, { ackDeadlineSeconds: 60, maxOutstandingMessages: 1 }, sink);
    await clock.advance(59 * SECOND);
    expect(sink.deliveries).toHaveLength(1);
    await clock.advance(1 * SECOND);
    expect(sink.deliveries).toHaveLength(2);
  });

  test('ends when its subscription is deleted or turned to push; a closed one gets nothing', () => {
    const { broker } = brokerWith({}, { pushTransport: () => Promise.reject(new Error('down')) });
    const [open, closed] = [collector(), collector()];
    broker.openStream(SUBSCRIPTION, { ackDeadlineSeconds: 10 }, closed).close();
    broker.openStream(SUBSCRIPTION, { ackDeadlineSeconds: 10 }, open);
    broker.modifyPushConfig(SUBSCRIPTION, { endpoint: 'http://127.0.0.1:1/' });
    expect(open.ends).toMatchObject([{ status: 'FAILED_PRECONDITION' }]);
    publish(broker, 'a');
    expect(closed.deliveries.concat(open.deliveries)).toEqual([]);
  });
});

describe('retention', () => {
  test('drops what nobody acked in seven days', async () => {
    const { broker, clock } = brokerWith({ expirationPolicy: {} });
    publish(broker, 'old');
    await clock.advance(6 * DAY);
    publish(broker, 'new');
    await clock.advance(1 * DAY);
    expect(statusOf(broker).backlog).toBe(1);
    expect(await pullTexts(broker)).toEqual(['new']);
  });

  test('of a subscription ends after 31 idle days, unless it never expires', async () => {
    const { broker, clock } = brokerWith();
    const lasting = 'projects/p/subscriptions/lasting';
    broker.createSubscription({ name: lasting, topic: TOPIC, expirationPolicy: {} });
    await clock.advance(30 * DAY);
    expect(broker.getSubscription(SUBSCRIPTION).name).toBe(SUBSCRIPTION);
    await clock.advance(32 * DAY);
    expect(broker.listTopicSubscriptions(TOPIC).items).toEqual([lasting]);
    expect(() => broker.getSubscription(SUBSCRIPTION)).toThrow('Resource not found');
  });
});
