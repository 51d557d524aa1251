import { expect } from 'vitest';
import type { Row } from '../row.ts';
import type { PubSubWorld } from './world.ts';

const PUSH = 'https://docs.cloud.google.com/pubsub/docs/push';

export const pushRows: readonly Row<PubSubWorld>[] = [
  {
    title: 'A push is a POST of the message in its wrapping',
    source: PUSH,
    async check(world) {
      const { pushEndpoint, pushes } = await world.endpoint();
      const topic = await world.topic();
      const subscription = await world.subscription(topic, { pushConfig: { pushEndpoint } });
      const [messageId] = await world.publish(topic, { data: Buffer.from('hi'), attributes: { a: 'b' } });
      const [push] = await pushes(1);
      expect(JSON.parse(push?.body ?? '')).toMatchObject({
        subscription,
        message: { data: 'aGk=', attributes: { a: 'b' }, messageId, message_id: messageId },
      });
    },
  },
  ...[200, 201, 202, 204].map(
    (status): Row<PubSubWorld> => ({
      title: `A push that is answered by ${status} is acked`,
      source: PUSH,
      ...(status === 202 && { google: 'pushes it again' }),
      async check(world) {
        const { pushEndpoint, pushes } = await world.endpoint((count) => (count === 1 ? status : 204));
        const topic = await world.topic();
        await world.subscription(topic, { pushConfig: { pushEndpoint }, enableMessageOrdering: true });
        // The second of a key leaves only once the first is acked: were it not, the first would come again before.
        await world.publish(
          topic,
          ...['first', 'second'].map((text) => ({ data: Buffer.from(text), orderingKey: 'k' })),
        );
        const texts = (await pushes(2)).map(({ body }) =>
          Buffer.from(JSON.parse(body).message.data, 'base64').toString(),
        );
        expect(texts).toEqual(['first', 'second']);
      },
    }),
  ),
  {
    title: 'A push that is answered by an error comes again',
    source: PUSH,
    async check(world) {
      const { pushEndpoint, pushes } = await world.endpoint((count) => (count === 1 ? 500 : 204));
      const topic = await world.topic();
      await world.subscription(topic, { pushConfig: { pushEndpoint } });
      await world.publish(topic, 'one');
      const [first, again] = (await pushes(2)).map(({ body }) => JSON.parse(body).message.messageId);
      expect(again).toBe(first);
    },
  },
  {
    title: 'A push tells the ordering key, and with a dead-letter policy the attempt',
    source: PUSH,
    google: 'tells neither',
    async check(world) {
      const { pushEndpoint, pushes } = await world.endpoint((count) => (count === 1 ? 500 : 204));
      const topic = await world.topic();
      const deadLetterTopic = await world.topic();
      await world.subscription(topic, {
        pushConfig: { pushEndpoint },
        enableMessageOrdering: true,
        deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 5 },
      });
      await world.publish(topic, { data: Buffer.from('one'), orderingKey: 'k' });
      const told = (await pushes(2)).map(({ body }) => JSON.parse(body));
      expect(told).toMatchObject([
        { deliveryAttempt: 1, message: { orderingKey: 'k' } },
        { deliveryAttempt: 2, message: { orderingKey: 'k' } },
      ]);
    },
  },
  {
    title: 'A push carries a token of the account that it is to, for the endpoint',
    source: 'https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions',
    google: 'sends no token',
    async check(world) {
      const { pushEndpoint, pushes } = await world.endpoint();
      const topic = await world.topic();
      const oidcToken = { serviceAccountEmail: 'pusher@demo.iam.gserviceaccount.com' };
      await world.subscription(topic, { pushConfig: { pushEndpoint, oidcToken } });
      await world.publish(topic, 'one');
      const [push] = await pushes(1);
      const [, claims = ''] = (push?.headers.authorization ?? '').replace('Bearer ', '').split('.');
      expect(JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}')).toMatchObject({
        iss: 'https://accounts.google.com',
        aud: pushEndpoint,
        email: oidcToken.serviceAccountEmail,
        email_verified: true,
      });
    },
  },
  {
    title: 'An unwrapped push is the data alone, with its metadata in headers',
    source: 'https://docs.cloud.google.com/pubsub/docs/payload-unwrapping',
    async check(world) {
      const { pushEndpoint, pushes } = await world.endpoint();
      const topic = await world.topic();
      const subscription = await world.subscription(topic, {
        pushConfig: { pushEndpoint, noWrapper: { writeMetadata: true } },
      });
      const [messageId] = await world.publish(topic, {
        data: Buffer.from('hi'),
        attributes: { color: 'red' },
      });
      const [push] = await pushes(1);
      expect(push?.body).toBe('hi');
      expect(push?.headers).toMatchObject({
        color: 'red',
        'x-goog-pubsub-message-id': messageId,
        'x-goog-pubsub-subscription-name': subscription,
      });
    },
  },
  {
    title: 'Exactly-once delivery with push is refused',
    source: 'https://docs.cloud.google.com/pubsub/docs/exactly-once-delivery',
    google: 'accepts it',
    async check(world) {
      const topic = await world.topic();
      const pushConfig = { pushEndpoint: 'https://example.com/push' };
      await expect(
        world.subscription(topic, { pushConfig, enableExactlyOnceDelivery: true }),
      ).rejects.toMatchObject({ code: 3 });
    },
  },
];
