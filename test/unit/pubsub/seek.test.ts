import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  brokerWith,
  DAY,
  publish,
  publishOrdered,
  pull,
  pullTexts,
  SECOND,
  SUBSCRIPTION,
  TOPIC,
} from './support.ts';

const SNAPSHOT = 'projects/p/snapshots/before';
const HOUR = 3600 * SECOND;

async function ackAll(broker: ReturnType<typeof brokerWith>['broker']): Promise<string[]> {
  const taken = await pull(broker);
  if (taken.length > 0)
    broker.acknowledge(
      SUBSCRIPTION,
      taken.map(({ ackId }) => ackId),
    );
  return taken.map(({ text }) => text);
}

describe('seeking to a time', () => {
  test('acks what was published before, and leaves the rest', async () => {
    const { broker, clock } = brokerWith();
    publish(broker, 'old');
    await clock.advance(10 * SECOND);
    publish(broker, 'new');
    broker.snapshots.seek(SUBSCRIPTION, { timeMs: clock.now() });
    expect(await pullTexts(broker)).toEqual(['new']);
  });

  test('brings acked messages back where the subscription retains them', async () => {
    const { broker, clock } = brokerWith({ retainAckedMessages: true });
    publish(broker, 'one', 'two');
    await ackAll(broker);
    broker.snapshots.seek(SUBSCRIPTION, { timeMs: clock.now() });
    expect(await ackAll(broker)).toEqual(['one', 'two']);
    broker.snapshots.seek(SUBSCRIPTION, { timeMs: 0 });
    expect(await pullTexts(broker)).toEqual(['one', 'two']);
  });

  test('does not bring back what nobody retains', async () => {
    const { broker } = brokerWith();
    publish(broker, 'one');
    await ackAll(broker);
    broker.snapshots.seek(SUBSCRIPTION, { timeMs: 0 });
    expect(await pullTexts(broker)).toEqual([]);
  });

  test('brings back what the topic retains, even from before the subscription, through its filter', async () => {
    const { broker } = brokerWith();
    broker.updateTopic({ name: TOPIC, messageRetentionMs: DAY }, ['message_retention_duration']);
    broker.publish(TOPIC, [{ attributes: { kind: 'a' } }, { attributes: { kind: 'b' } }]);
    const late = 'projects/p/subscriptions/late';
    broker.createSubscription({ name: late, topic: TOPIC, filter: 'attributes.kind = "b"' });
    expect(await pull(broker, 10, late)).toEqual([]);
    broker.snapshots.seek(late, { timeMs: 0 });
    const taken = await pull(broker, 10, late);
    expect(taken.map(({ message }) => message.attributes)).toEqual([{ kind: 'b' }]);
  });

  test('does not bring back what is older than the retention', async () => {
    const { broker, clock } = brokerWith({ retainAckedMessages: true, messageRetentionMs: 600 * SECOND });
    broker.updateTopic({ name: TOPIC, messageRetentionMs: 600 * SECOND }, ['message_retention_duration']);
    publish(broker, 'old');
    await ackAll(broker);
    await clock.advance(601 * SECOND);
    publish(broker, 'new');
    broker.snapshots.seek(SUBSCRIPTION, { timeMs: 0 });
    expect(await pullTexts(broker)).toEqual(['new']);
  });

  test('brings back what the topic retains for longer than the subscription', async () => {
    const { broker, clock } = brokerWith({ messageRetentionMs: 600 * SECOND });
    broker.updateTopic({ name: TOPIC, messageRetentionMs: DAY }, ['message_retention_duration']);
    publish(broker, 'old');
    await ackAll(broker);
    await clock.advance(HOUR);
    broker.snapshots.seek(SUBSCRIPTION, { timeMs: 0 });
    expect(await pullTexts(broker)).toEqual(['old']);
    await clock.advance(DAY);
    broker.snapshots.seek(SUBSCRIPTION, { timeMs: 0 });
    expect(await pullTexts(broker)).toEqual([]);
  });

  test('ends leases: an ack id of before acks nothing', async () => {
    const { broker } = brokerWith({ enableExactlyOnceDelivery: true });
    publish(broker, 'one');
    const [before] = await pull(broker);
    broker.snapshots.seek(SUBSCRIPTION, { timeMs: 0 });
    const [again] = await pull(broker);
    expect(again?.text).toBe('one');
    expect(broker.acknowledge(SUBSCRIPTION, [before?.ackId ?? '']).invalid).toEqual([before?.ackId]);
    expect(broker.acknowledge(SUBSCRIPTION, [again?.ackId ?? '']).invalid).toEqual([]);
  });

  test('keeps the order of a key', async () => {
    const { broker } = brokerWith({ enableMessageOrdering: true, retainAckedMessages: true });
    publishOrdered(broker, 'a1', 'b1', 'a2', 'a3');
    await ackAll(broker);
    broker.snapshots.seek(SUBSCRIPTION, { timeMs: 0 });
    const texts = await pullTexts(broker);
    expect(texts.filter((text) => text.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  });

  test('delivers exactly the messages from that time on, whatever was acked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }),
        fc.nat({ max: 31 }),
        async (acks, at) => {
          const { broker, clock } = brokerWith({ retainAckedMessages: true, ackDeadlineSeconds: 600 });
          const start = clock.now();
          for (const [index, acked] of acks.entries()) {
            publish(broker, String(index));
            const [taken] = await pull(broker, 1);
            if (acked && taken) broker.acknowledge(SUBSCRIPTION, [taken.ackId]);
            await clock.advance(SECOND);
          }
          broker.snapshots.seek(SUBSCRIPTION, { timeMs: start + at * SECOND });
          const wanted = acks.map((_, index) => String(index)).slice(at);
          expect(await pullTexts(broker)).toEqual(wanted);
        },
      ),
    );
  });
});

describe('a snapshot', () => {
  test('brings back what was not acked, and what came later, acked or not', async () => {
    const { broker } = brokerWith();
    publish(broker, 'acked', 'open');
    const [first] = await pull(broker, 1);
    broker.acknowledge(SUBSCRIPTION, [first?.ackId ?? '']);
    broker.snapshots.create(SNAPSHOT, SUBSCRIPTION);
    publish(broker, 'later');
    await ackAll(broker);
    broker.snapshots.seek(SUBSCRIPTION, { snapshot: SNAPSHOT });
    expect(await pullTexts(broker)).toEqual(['open', 'later']);
  });

  test('can be sought by another subscription of its topic, and by no other', async () => {
    const { broker } = brokerWith();
    publish(broker, 'one');
    broker.snapshots.create(SNAPSHOT, SUBSCRIPTION);
    const other = 'projects/p/subscriptions/other';
    broker.createSubscription({ name: other, topic: TOPIC });
    broker.snapshots.seek(other, { snapshot: SNAPSHOT });
    expect(await pullTexts(broker, 10, other)).toEqual(['one']);
    expect(() => broker.snapshots.seek('projects/p/subscriptions/dead-sub', { snapshot: SNAPSHOT })).toThrow(
      expect.objectContaining({ status: 'FAILED_PRECONDITION' }),
    );
  });

  test('expires seven days after the oldest message that it holds', async () => {
    const { broker, clock } = brokerWith();
    publish(broker, 'one');
    await clock.advance(DAY);
    const made = broker.snapshots.create(SNAPSHOT, SUBSCRIPTION);
    expect(made.expireMs - clock.now()).toBe(6 * DAY);
    await clock.advance(6 * DAY);
    expect(() => broker.snapshots.get(SNAPSHOT)).toThrow(expect.objectContaining({ status: 'NOT_FOUND' }));
  });

  test('is refused where it would expire within the hour', async () => {
    const { broker, clock } = brokerWith({ messageRetentionMs: 31 * DAY });
    publish(broker, 'one');
    await clock.advance(7 * DAY - HOUR + SECOND);
    expect(() => broker.snapshots.create(SNAPSHOT, SUBSCRIPTION)).toThrow(
      expect.objectContaining({ status: 'FAILED_PRECONDITION' }),
    );
  });

  test('is listed, updated within limits and deleted', () => {
    const { broker, clock } = brokerWith();
    broker.snapshots.create(SNAPSHOT, SUBSCRIPTION, { a: 'b' });
    expect(broker.snapshots.listOfTopic(TOPIC).items).toEqual([SNAPSHOT]);
    const expireMs = clock.now() + HOUR;
    const updated = broker.snapshots.update({ name: SNAPSHOT, expireMs, labels: { c: 'd' } }, [
      'expire_time',
      'labels',
    ]);
    expect(updated).toMatchObject({ expireMs, labels: { c: 'd' }, topic: TOPIC });
    expect(() => broker.snapshots.update({ name: SNAPSHOT }, ['topic'])).toThrow('update_mask');
    expect(() =>
      broker.snapshots.update({ name: SNAPSHOT, expireMs: clock.now() + 8 * DAY }, ['expire_time']),
    ).toThrow('expire_time');
    broker.snapshots.delete(SNAPSHOT);
    expect(broker.snapshots.list('projects/p').items).toEqual([]);
  });

  test('outlives its topic, and can then not be sought', () => {
    const { broker } = brokerWith();
    broker.snapshots.create(SNAPSHOT, SUBSCRIPTION);
    broker.deleteTopic(TOPIC);
    expect(broker.snapshots.get(SNAPSHOT).topic).toBe('_deleted-topic_');
    broker.createTopic({ name: TOPIC });
    expect(() => broker.snapshots.seek(SUBSCRIPTION, { snapshot: SNAPSHOT })).toThrow(
      expect.objectContaining({ status: 'FAILED_PRECONDITION' }),
    );
  });
});
