import { expect } from 'vitest';
import type { Row } from '../row.ts';
import { Pulling } from './pulling.ts';
import { type PubSubWorld, textsOf } from './world.ts';

const DOCS = 'https://docs.cloud.google.com/pubsub/docs';
const STREAMING = `${DOCS}/reference/rpc/google.pubsub.v1#streamingpullrequest`;

export const pullingRows: readonly Row<PubSubWorld>[] = [
  {
    title: 'A stream gets as many messages as it lets be outstanding, and any number where that is 0 or less',
    source: STREAMING,
    async check(world) {
      const topic = await world.topic();
      const texts = Array.from({ length: 10 }, (_, n) => `${n}`);
      for (const limits of [{ maxOutstandingMessages: -1 }, { maxOutstandingBytes: -1 }, {}]) {
        const subscription = await world.subscription(topic);
        const pulling = new Pulling(world, subscription, limits);
        await world.publish(topic, ...texts);
        expect(textsOf(await pulling.take(10)).sort()).toEqual(texts);
        pulling.close();
      }
    },
  },
  {
    title: 'A stream whose limits or protocol version are set again is aborted',
    source: STREAMING,
    google: 'ignores what is set',
    async check(world) {
      const topic = await world.topic();
      for (const again of [
        { maxOutstandingMessages: 9 },
        { maxOutstandingBytes: 9 },
        { protocolVersion: 1 },
      ]) {
        const pulling = new Pulling(world, await world.subscription(topic));
        pulling.send(again);
        await world.publish(topic, 'one');
        expect(await Promise.race([pulling.ended, pulling.take(1)])).toBe(3);
        pulling.close();
      }
    },
  },
  {
    title: 'A stream tells with all messages whether they are in order, and delivered exactly once',
    source: `${DOCS}/reference/rpc/google.pubsub.v1#streamingpullresponse`,
    async check(world) {
      const { topic, subscription } = await ordered(world);
      const pulling = new Pulling(world, subscription);
      await pulling.take(3);
      await world.publish(topic, 'later');
      await pulling.take(4);
      for (const properties of pulling.properties)
        expect(properties).toMatchObject({
          exactlyOnceDeliveryEnabled: true,
          messageOrderingEnabled: true,
        });
      pulling.close();
    },
  },
  {
    title: 'With exactly-once delivery and order, an ack before those of earlier messages is refused for now',
    source: `${DOCS}/exactly-once-delivery`,
    async check(world) {
      const { subscription } = await ordered(world);
      const [one, two, three] = await held(world, subscription);
      for (const early of [[three], [two, one], [three, two]]) {
        await expect(world.ack(subscription, early.flatMap(listed))).rejects.toMatchObject({
          code: 3,
          reason: 'EXACTLY_ONCE_ACKID_FAILURE',
          errorInfoMetadata: Object.fromEntries(
            early.map((each) => [each?.ackId, 'TRANSIENT_FAILURE_UNORDERED_ACK_ID']),
          ),
        });
      }
      await expect(world.ack(subscription, [one, three].flatMap(listed))).rejects.toMatchObject({
        errorInfoMetadata: { [three?.ackId ?? '']: 'TRANSIENT_FAILURE_UNORDERED_ACK_ID' },
      });
      await world.ack(subscription, [two, three].flatMap(listed));
    },
  },
  {
    title: 'A stream tells which acks were out of order',
    source: `${DOCS}/reference/rpc/google.pubsub.v1#streamingpullresponse`,
    google: 'tells of them in no list',
    async check(world) {
      const { subscription } = await ordered(world);
      const pulling = new Pulling(world, subscription);
      const [one, two, three] = await pulling.take(3);
      const ids = (...batch: readonly (typeof one)[]) => batch.map((each) => each?.ackId);
      pulling.ack(...listed(three));
      pulling.ack(...listed(one), ...listed(two), ...listed(three));
      expect(await pulling.confirmation(0)).toMatchObject({ ackIds: [], unorderedAckIds: ids(three) });
      expect(await pulling.confirmation(1)).toMatchObject({
        ackIds: ids(one, two, three),
        unorderedAckIds: [],
      });
      pulling.close();
    },
  },
];

type Received = Awaited<ReturnType<PubSubWorld['pull']>>[number];

const listed = (received: Received | undefined) => (received ? [received] : []);

/** An exactly-once subscription with three messages of a key. */
async function ordered(world: PubSubWorld) {
  const topic = await world.topic();
  const subscription = await world.subscription(topic, {
    enableExactlyOnceDelivery: true,
    enableMessageOrdering: true,
    ackDeadlineSeconds: 60,
  });
  await world.publish(
    topic,
    ...['1', '2', '3'].map((text) => ({ data: Buffer.from(text), orderingKey: 'k' })),
  );
  return { topic, subscription };
}

/** All three at once, in order. */
async function held(world: PubSubWorld, subscription: string) {
  const batch: Received[] = [];
  await world.take(subscription, 3, (taken) => batch.push(...taken));
  expect(textsOf(batch)).toEqual(['1', '2', '3']);
  return batch;
}
