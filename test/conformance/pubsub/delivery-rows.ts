import { expect } from 'vitest';
import type { Row } from '../row.ts';
import { type PubSubWorld, textsOf } from './world.ts';

const DOCS = 'https://docs.cloud.google.com/pubsub/docs';

export const deliveryRows: readonly Row<PubSubWorld>[] = [
  {
    title: 'A message comes with its data, attributes, key, id and time',
    source: `${DOCS}/publish-message-overview`,
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic);
      const [messageId] = await world.publish(topic, {
        data: Buffer.from([0, 255]),
        attributes: { a: 'ä' },
        orderingKey: 'k',
      });
      const [received] = await world.take(subscription, 1);
      expect(received?.message).toMatchObject({
        data: Buffer.from([0, 255]),
        attributes: { a: 'ä' },
        orderingKey: 'k',
        messageId,
      });
      expect(received?.message?.publishTime?.seconds).toBeDefined();
      expect(received?.deliveryAttempt ?? 0).toBe(0);
    },
  },
  {
    title: 'A nacked message comes again',
    source: `${DOCS}/handling-failures`,
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic);
      await world.publish(topic, 'one');
      await world.take(subscription, 1, (batch) => world.nack(subscription, batch));
      expect(textsOf(await world.take(subscription, 1))).toEqual(['one']);
    },
  },
  {
    title:
      'A message whose ack deadline passes comes again, and one whose deadline is moved does not until then',
    source: `${DOCS}/lease-management`,
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic);
      await world.publish(topic, 'one');
      await world.take(subscription, 1, ([first]) =>
        world.subscriber.modifyAckDeadline({
          subscription,
          ackIds: [first?.ackId ?? ''],
          ackDeadlineSeconds: 1,
        }),
      );
      expect(await world.pull(subscription)).toEqual([]);
      expect(textsOf(await world.take(subscription, 1))).toEqual(['one']);
    },
  },
  {
    title: 'A filter lets only matching messages through',
    source: `${DOCS}/subscription-message-filter`,
    google: 'stores filters and ignores them',
    async check(world) {
      const topic = await world.topic();
      const filter = 'attributes.kind = "a" AND NOT hasPrefix(attributes.name, "x")';
      const subscription = await world.subscription(topic, { filter });
      await world.publish(
        topic,
        { attributes: { kind: 'b' } },
        { attributes: { kind: 'a', name: 'xy' } },
        { attributes: { kind: 'a', name: 'y' } },
      );
      const [first] = await world.take(subscription, 1);
      expect(first?.message?.attributes).toEqual({ kind: 'a', name: 'y' });
    },
  },
  {
    title: 'A filter that is none is refused',
    source: `${DOCS}/subscription-message-filter`,
    google: 'accepts any text',
    async check(world) {
      const topic = await world.topic();
      await expect(world.subscription(topic, { filter: 'data = "x"' })).rejects.toMatchObject({ code: 3 });
    },
  },
  {
    title: 'Messages of a key come in order, and again in order from one that is nacked on',
    source: `${DOCS}/ordering`,
    google: 'sends the later ones first when one is nacked',
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic, { enableMessageOrdering: true });
      await world.publish(
        topic,
        ...['a1', 'a2', 'a3'].map((text) => ({ data: Buffer.from(text), orderingKey: 'a' })),
      );
      const [first] = await world.take(subscription, 1, ([received]) =>
        world.nack(subscription, received ? [received] : []),
      );
      expect(textsOf(first ? [first] : [])).toEqual(['a1']);
      expect(textsOf(await world.take(subscription, 3))).toEqual(['a1', 'a2', 'a3']);
    },
  },
  {
    title: 'With exactly-once delivery a stale ack id is refused',
    source: `${DOCS}/exactly-once-delivery`,
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic, { enableExactlyOnceDelivery: true });
      await world.publish(topic, 'one');
      const [stale] = await world.take(subscription, 1, (batch) => world.nack(subscription, batch));
      await expect(world.ack(subscription, stale ? [stale] : [])).rejects.toMatchObject({
        code: expect.any(Number),
      });
      expect(textsOf(await world.take(subscription, 1))).toEqual(['one']);
    },
  },
  {
    title:
      'A message that fails as often as the dead-letter policy says goes to its topic, with where it came from',
    source: `${DOCS}/dead-letter-topics`,
    async check(world) {
      const { dead, subscription, topic } = await withDeadLetters(world);
      await world.publish(topic, { data: Buffer.from('bad'), attributes: { a: 'b' } });
      const attempts: (number | null | undefined)[] = [];
      await world.take(subscription, 5, (batch) => {
        attempts.push(...batch.map(({ deliveryAttempt }) => deliveryAttempt));
        return world.nack(subscription, batch);
      });
      expect(attempts).toEqual([1, 2, 3, 4, 5]);
      // Google's forwards when somebody pulls.
      await world.pull(subscription);
      const [forwarded] = await world.take(dead, 1);
      expect(textsOf(forwarded ? [forwarded] : [])).toEqual(['bad']);
      expect(forwarded?.message?.attributes).toMatchObject({
        a: 'b',
        CloudPubSubDeadLetterSourceDeliveryCount: '5',
        CloudPubSubDeadLetterSourceSubscription: subscription.split('/').at(-1),
        CloudPubSubDeadLetterSourceSubscriptionProject: 'demo-conformance',
      });
    },
  },
  {
    title: 'A dead letter tells its first publish time with a numeric zone',
    source: `${DOCS}/handling-failures#track_delivery_attempts`,
    google: 'ends the time in Z',
    async check(world) {
      const { dead, subscription, topic } = await withDeadLetters(world);
      await world.publish(topic, 'bad');
      await world.take(subscription, 5, (batch) => world.nack(subscription, batch));
      await world.pull(subscription);
      const [forwarded] = await world.take(dead, 1);
      expect(forwarded?.message?.attributes?.CloudPubSubDeadLetterSourceTopicPublishTime).toMatch(
        /^\d{4}-.*\+00:00$/,
      );
    },
  },
  {
    title: 'A message of a key becomes a dead letter, and the next of its key follows',
    source: `${DOCS}/dead-letter-topics`,
    google: 'fails with UNKNOWN at this and every later pull',
    async check(world) {
      const { dead, subscription, topic } = await withDeadLetters(world, { enableMessageOrdering: true });
      await world.publish(topic, { data: Buffer.from('bad'), orderingKey: 'k' });
      await world.take(subscription, 5, (batch) => world.nack(subscription, batch));
      await world.publish(topic, { data: Buffer.from('good'), orderingKey: 'k' });
      expect(textsOf(await world.take(subscription, 1))).toEqual(['good']);
      expect(textsOf(await world.take(dead, 1))).toEqual(['bad']);
    },
  },
  {
    title: 'Seeking to a time acks what was published before',
    source: `${DOCS}/replay-overview`,
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic);
      await world.publish(topic, 'old');
      await world.subscriber.seek({ subscription, time: hoursFromNow(1) });
      expect(await world.pull(subscription)).toEqual([]);
    },
  },
  {
    title: 'Seeking back brings acked messages, where the subscription retains them',
    source: `${DOCS}/replay-overview`,
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic, { retainAckedMessages: true });
      await world.publish(topic, 'one', 'two');
      await world.take(subscription, 2);
      await world.subscriber.seek({ subscription, time: hoursFromNow(-1) });
      expect(textsOf(await world.take(subscription, 2)).sort()).toEqual(['one', 'two']);
    },
  },
  {
    title: 'Seeking to a snapshot brings back what was not acked then, and what came later',
    source: `${DOCS}/replay-overview`,
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic);
      await world.publish(topic, 'open');
      const name = world.name('snapshots');
      await world.subscriber.createSnapshot({ name, subscription });
      await world.publish(topic, 'later');
      await world.take(subscription, 2);
      await world.subscriber.seek({ subscription, snapshot: name });
      expect(textsOf(await world.take(subscription, 2)).sort()).toEqual(['later', 'open']);
    },
  },
  {
    title: 'A subscription made later gets, by seeking back, what its topic retains',
    source: `${DOCS}/topic-message-retention`,
    async check(world) {
      const topic = await world.topic({ messageRetentionDuration: { seconds: 600 } });
      await world.publish(topic, 'before');
      const subscription = await world.subscription(topic);
      await world.subscriber.seek({ subscription, time: hoursFromNow(-1) });
      expect(textsOf(await world.take(subscription, 1))).toEqual(['before']);
    },
  },
  {
    title: 'A subscription that is detached drops what it has and gets nothing more',
    source: `${DOCS}/detach-subscriptions`,
    google: 'cannot detach',
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic);
      await world.publish(topic, 'one');
      await world.publisher.detachSubscription({ subscription });
      await expect(world.pull(subscription)).rejects.toMatchObject({ code: 9 });
      const [{ detached }] = await world.subscriber.getSubscription({ subscription });
      expect(detached).toBe(true);
    },
  },
];

/** A time on the far side of all that a row does. */
const hoursFromNow = (hours: number) => ({ seconds: Math.floor(Date.now() / 1_000) + hours * 3_600 });

async function withDeadLetters(world: PubSubWorld, settings: object = {}) {
  const topic = await world.topic();
  const deadLetterTopic = await world.topic();
  const dead = await world.subscription(deadLetterTopic);
  const subscription = await world.subscription(topic, {
    ...settings,
    deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 5 },
  });
  return { topic, dead, subscription };
}
