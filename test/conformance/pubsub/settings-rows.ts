import { expect } from 'vitest';
import type { Row } from '../row.ts';
import type { PubSubWorld } from './world.ts';

const RPC = 'https://docs.cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1';
const PUSH = { pushEndpoint: 'https://example.com/push' };

export const settingsRows: readonly Row<PubSubWorld>[] = [
  {
    title: 'A snapshot that is given no name gets one, in the project of its subscription',
    source: `${RPC}#createsnapshotrequest`,
    google: 'refuses it',
    async check(world) {
      const subscription = await world.subscription(await world.topic());
      const [one] = await world.subscriber.createSnapshot({ subscription });
      const [other] = await world.subscriber.createSnapshot({ subscription });
      expect(one.name).toMatch(/^projects\/demo-conformance\/snapshots\/[a-z][\w-]+$/);
      expect(other.name).not.toBe(one.name);
      const [kept] = await world.subscriber.getSnapshot({ snapshot: one.name ?? '' });
      expect(kept.name).toBe(one.name);
    },
  },
  {
    title: 'The version of the pushed JSON stays through changes that do not name it',
    source: `${RPC}#pushconfig`,
    google: 'forgets it',
    async check(world) {
      const subscription = await world.subscription(await world.topic(), { pushConfig: PUSH });
      const version = async () => {
        const [{ pushConfig }] = await world.subscriber.getSubscription({ subscription });
        return pushConfig?.attributes?.['x-goog-version'];
      };
      await world.subscriber.modifyPushConfig({ subscription, pushConfig: PUSH });
      expect(await version()).toBe('v1');
      const attributes = { 'x-goog-version': 'v1beta2' };
      await world.subscriber.modifyPushConfig({ subscription, pushConfig: { ...PUSH, attributes } });
      await world.subscriber.modifyPushConfig({ subscription, pushConfig: PUSH });
      expect(await version()).toBe('v1beta2');
      await world.subscriber.modifyPushConfig({ subscription, pushConfig: {} });
      const [{ pushConfig }] = await world.subscriber.getSubscription({ subscription });
      expect(pushConfig).toMatchObject({ pushEndpoint: '', attributes });
      const unknown = { ...PUSH, attributes: { 'x-goog-version': 'v7' } };
      await expect(
        world.subscriber.modifyPushConfig({ subscription, pushConfig: unknown }),
      ).rejects.toMatchObject({ code: 3 });
    },
  },
  {
    title: 'An update may clear what is not set',
    source: `${RPC}#updatesubscriptionrequest`,
    google: 'refuses to clear most of it',
    async check(world) {
      const topic = await world.topic();
      const name = await world.subscription(topic);
      const subscriptionPaths = [
        'message_transforms',
        'bigquery_config',
        'cloud_storage_config',
        'push_config.no_wrapper',
        'dead_letter_policy',
        'retry_policy',
        'labels',
      ];
      for (const path of subscriptionPaths) {
        await world.subscriber.updateSubscription({ subscription: { name }, updateMask: { paths: [path] } });
      }
      for (const path of ['message_transforms', 'ingestion_data_source_settings', 'kms_key_name', 'labels']) {
        await world.publisher.updateTopic({ topic: { name: topic }, updateMask: { paths: [path] } });
      }
      const [{ pushConfig }] = await world.subscriber.getSubscription({ subscription: name });
      expect(pushConfig?.pushEndpoint).toBe('');
    },
  },
  {
    title: 'One setting of a push is changed without the others',
    source: `${RPC}#updatesubscriptionrequest`,
    google: 'does not know the fields within',
    async check(world) {
      const pushConfig = { ...PUSH, oidcToken: { serviceAccountEmail: 'a@p.iam.gserviceaccount.com' } };
      const name = await world.subscription(await world.topic(), { pushConfig });
      const [updated] = await world.subscriber.updateSubscription({
        subscription: { name, pushConfig: { noWrapper: { writeMetadata: true } } },
        updateMask: { paths: ['push_config.no_wrapper'] },
      });
      expect(updated.pushConfig).toMatchObject({ ...pushConfig, noWrapper: { writeMetadata: true } });
      const pulled = await world.subscription(await world.topic());
      await expect(
        world.subscriber.updateSubscription({
          subscription: { name: pulled, pushConfig: { noWrapper: { writeMetadata: true } } },
          updateMask: { paths: ['push_config.no_wrapper'] },
        }),
      ).rejects.toMatchObject({ code: 3 });
    },
  },
  {
    title: 'The name of a key of Cloud KMS has its form',
    source: `${RPC}#topic`,
    google: 'takes any text',
    async check(world) {
      await expect(world.topic({ kmsKeyName: 'nonsense' })).rejects.toMatchObject({ code: 3 });
      await world.topic({ kmsKeyName: 'projects/p/locations/global/keyRings/r/cryptoKeys/k' });
    },
  },
  {
    title: 'The REST form answers with the fields that are asked for',
    source: 'https://cloud.google.com/apis/docs/system-parameters',
    google: 'answers with all of them',
    async check(world) {
      const topic = await world.topic();
      const subscription = await world.subscription(topic, { labels: { a: 'b' } });
      const get = async (fields: string) => {
        const { status, body } = await world.rest('GET', `${subscription}?fields=${fields}`);
        return status === 200 ? body : status;
      };
      expect(await get('topic,labels')).toEqual({ topic, labels: { a: 'b' } });
      expect(await get('expirationPolicy/ttl,labels(a)')).toEqual({
        expirationPolicy: { ttl: '2678400s' },
        labels: { a: 'b' },
      });
      expect(await get('color')).toBe(400);
      expect(await get('labels(a')).toBe(400);
    },
  },
];
