import { expect } from 'vitest';
import type { Row } from '../row.ts';
import { PROJECT, type PubSubWorld, textsOf } from './world.ts';

const DOCS = 'https://docs.cloud.google.com/pubsub/docs';
const AVRO = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'a', type: 'string' }] });
const PROTO = 'syntax = "proto3"; message R { string a = 1; }';

export const resourceRows: readonly Row<PubSubWorld>[] = [
  {
    title: 'What is not there is NOT_FOUND, what is there ALREADY_EXISTS',
    source: `${DOCS}/reference/error-codes`,
    async check(world) {
      const topic = await world.topic();
      await expect(world.publisher.createTopic({ name: topic })).rejects.toMatchObject({ code: 6 });
      await expect(world.publish(world.name('topics'), 'x')).rejects.toMatchObject({ code: 5 });
      await expect(world.pull(world.name('subscriptions'))).rejects.toMatchObject({ code: 5 });
      await expect(world.subscription(world.name('topics'))).rejects.toMatchObject({ code: 5 });
    },
  },
  {
    title: 'A name has 3 to 255 characters, begins with a letter and not with goog',
    source: `${DOCS}/pubsub-basics#resource_names`,
    async check(world) {
      for (const id of ['ab', '1abc', 'google', 'a/b', 'a'.repeat(256)]) {
        await expect(world.publisher.createTopic({ name: `${PROJECT}/topics/${id}` })).rejects.toMatchObject({
          code: 3,
        });
      }
    },
  },
  {
    title: 'A message without data and attributes is refused, and so is a request without messages',
    source: `${DOCS}/reference/rpc/google.pubsub.v1#pubsubmessage`,
    async check(world) {
      const topic = await world.topic();
      await expect(world.publish(topic, { attributes: {} })).rejects.toMatchObject({ code: 3 });
      await expect(world.publish(topic)).rejects.toMatchObject({ code: 3 });
    },
  },
  {
    title: 'Attributes have limits: 100 of them, keys of 256 bytes, values of 1,024',
    source: 'https://docs.cloud.google.com/pubsub/quotas#resource_limits',
    google: 'enforces none',
    async check(world) {
      const topic = await world.topic();
      const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`k${n}`, 'v']));
      for (const attributes of [many, { ['k'.repeat(257)]: 'v' }, { k: 'v'.repeat(1025) }]) {
        await expect(world.publish(topic, { attributes })).rejects.toMatchObject({ code: 3 });
      }
    },
  },
  {
    title: 'Lists come in pages',
    source: `${DOCS}/list-topics`,
    async check(world) {
      const topic = await world.topic();
      const made = [
        await world.subscription(topic),
        await world.subscription(topic),
        await world.subscription(topic),
      ];
      const list = (pageToken: string) =>
        world.publisher.listTopicSubscriptions({ topic, pageSize: 2, pageToken }, { autoPaginate: false });
      const [first, , { nextPageToken }] = (await list('')) as unknown as [
        string[],
        unknown,
        { nextPageToken: string },
      ];
      const [rest] = (await list(nextPageToken)) as unknown as [string[]];
      expect(first).toHaveLength(2);
      expect([...first, ...rest].sort()).toEqual(made.sort());
    },
  },
  {
    title: 'A subscription keeps what it has when its topic is deleted, and says so',
    source: `${DOCS}/delete-topic`,
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic);
      await world.publish(topic, 'left');
      await world.publisher.deleteTopic({ topic });
      const [view] = await world.subscriber.getSubscription({ subscription });
      expect(view.topic).toBe('_deleted-topic_');
      expect(textsOf(await world.take(subscription, 1))).toEqual(['left']);
    },
  },
  {
    title: 'An update changes what its mask names: labels and expiration of a subscription, too',
    source: `${DOCS}/reference/rpc/google.pubsub.v1#updatesubscriptionrequest`,
    google: 'refuses labels and expiration',
    async check(world) {
      const subscription = await world.subscription(await world.topic(), { ackDeadlineSeconds: 20 });
      const [updated] = await world.subscriber.updateSubscription({
        subscription: {
          name: subscription,
          labels: { a: 'b' },
          expirationPolicy: {},
          ackDeadlineSeconds: 30,
        },
        updateMask: { paths: ['labels', 'expiration_policy'] },
      });
      expect(updated).toMatchObject({ labels: { a: 'b' }, ackDeadlineSeconds: 20 });
      expect(updated.expirationPolicy?.ttl ?? null).toBeNull();
    },
  },
  {
    title: 'An update whose mask is empty, or names what cannot change, is refused',
    source: `${DOCS}/reference/rpc/google.pubsub.v1#updatesubscriptionrequest`,
    async check(world) {
      const subscription = await world.subscription(await world.topic());
      for (const paths of [[], ['filter'], ['topic'], ['nothing']]) {
        await expect(
          world.subscriber.updateSubscription({
            subscription: { name: subscription },
            updateMask: { paths },
          }),
        ).rejects.toMatchObject({ code: 3 });
      }
    },
  },
  {
    title: 'A snapshot shows its topic and expires within 7 days; its labels can be changed',
    source: `${DOCS}/replay-overview#snapshot`,
    google: 'cannot update snapshots',
    async check(world) {
      const topic = await world.topic();
      const name = world.name('snapshots');
      const [made] = await world.subscriber.createSnapshot({
        name,
        subscription: await world.subscription(topic),
      });
      expect(made.topic).toBe(topic);
      expect(Number(made.expireTime?.seconds) * 1000 - Date.now()).toBeLessThanOrEqual(7 * 86_400_000);
      const [updated] = await world.subscriber.updateSnapshot({
        snapshot: { name, labels: { a: 'b' } },
        updateMask: { paths: ['labels'] },
      });
      expect(updated.labels).toEqual({ a: 'b' });
    },
  },
  {
    title: 'A subscription cannot be sought to a snapshot of another topic',
    source: `${DOCS}/reference/rpc/google.pubsub.v1#seekrequest`,
    async check(world) {
      const snapshot = world.name('snapshots');
      const subscription = await world.subscription(await world.topic());
      await world.subscriber.createSnapshot({ name: snapshot, subscription });
      const other = await world.subscription(await world.topic());
      await expect(world.subscriber.seek({ subscription: other, snapshot })).rejects.toMatchObject({
        code: 9,
      });
    },
  },
  {
    title: 'A topic with an Avro schema takes only messages of it, and marks them',
    source: `${DOCS}/schemas`,
    check: (world) => schemaRow(world, 'AVRO', AVRO),
  },
  {
    title: 'A topic with a protocol buffer schema takes only messages of it, and marks them',
    source: `${DOCS}/schemas`,
    google: 'has no protocol buffer schemas',
    check: (world) => schemaRow(world, 'PROTOCOL_BUFFER', PROTO),
  },
  {
    title: 'A dead-letter topic is not the topic itself, and takes 5 to 100 attempts',
    source: `${DOCS}/dead-letter-topics`,
    google: 'accepts the topic itself, and answers OUT_OF_RANGE for the attempts',
    async check(world) {
      const topic = await world.topic();
      const deadLetterTopic = await world.topic();
      for (const deadLetterPolicy of [
        { deadLetterTopic: topic, maxDeliveryAttempts: 5 },
        { deadLetterTopic, maxDeliveryAttempts: 4 },
        { deadLetterTopic, maxDeliveryAttempts: 101 },
      ]) {
        await expect(world.subscription(topic, { deadLetterPolicy })).rejects.toMatchObject({ code: 3 });
      }
    },
  },
  {
    title: 'A policy is kept, and replaced only by who has seen it',
    source: `${DOCS}/access-control`,
    google: 'has no IAM',
    async check(world) {
      const resource = await world.topic();
      const bindings = [{ role: 'roles/pubsub.publisher', members: ['user:a@example.com'] }];
      const { etag } = await world.getPolicy(resource);
      const kept = await world.setPolicy(resource, { bindings, etag });
      expect(kept.bindings).toMatchObject(bindings);
      await expect(world.setPolicy(resource, { bindings: [], etag })).rejects.toMatchObject({ code: 10 });
    },
  },
  {
    title: 'The REST form publishes, pulls and acks',
    source: `${DOCS}/reference/rest`,
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic);
      const published = await world.rest('POST', `${topic}:publish`, {
        messages: [{ data: 'aGk=', attributes: { a: 'b' } }],
      });
      expect(published).toMatchObject({ status: 200, body: { messageIds: [expect.any(String)] } });
      const pulled = await world.rest('POST', `${subscription}:pull`, { maxMessages: 1 });
      expect(pulled.body).toMatchObject({
        receivedMessages: [{ message: { data: 'aGk=', attributes: { a: 'b' } } }],
      });
      const [{ ackId } = { ackId: '' }] = pulled.body.receivedMessages as { ackId: string }[];
      expect(await world.rest('POST', `${subscription}:acknowledge`, { ackIds: [ackId] })).toMatchObject({
        status: 200,
        body: {},
      });
    },
  },
  {
    title: 'The REST form names the field that it does not know',
    source: 'https://cloud.google.com/apis/design/errors',
    google: 'says only that the payload is not valid',
    async check(world) {
      const topic = await world.topic();
      const answer = await world.rest('POST', `${topic}:publish`, {
        messages: [{ data: 'aGk=', color: 'red' }],
      });
      expect(answer).toMatchObject({
        status: 400,
        body: {
          error: { code: 400, status: 'INVALID_ARGUMENT', message: expect.stringContaining('"color"') },
        },
      });
    },
  },
];

async function schemaRow(
  world: PubSubWorld,
  type: 'AVRO' | 'PROTOCOL_BUFFER',
  definition: string,
): Promise<void> {
  const schema = world.name('schemas');
  const [{ revisionId }] = await world.schemas.createSchema({
    parent: PROJECT,
    schemaId: schema.split('/').at(-1) ?? '',
    schema: { type, definition },
  });
  const topic = await world.topic({ schemaSettings: { schema, encoding: 'JSON' } });
  const subscription = await world.subscription(topic);
  await expect(world.publish(topic, '{"a":1}')).rejects.toMatchObject({ code: 3 });
  await world.publish(topic, '{"a":"x"}');
  const [received] = await world.take(subscription, 1);
  expect(received?.message?.attributes).toEqual({
    googclient_schemaencoding: 'JSON',
    googclient_schemaname: schema,
    googclient_schemarevisionid: revisionId,
  });
}
