import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ClientConfig, PubSub, v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Emulator, startEmulator } from '../../emulator/emulator.ts';
import { AccessControl, type Grant } from '../../emulator/iam/access-control.ts';
import { eventually } from '../support/eventually.ts';

const TOPIC = 'projects/demo/topics/orders';
const DEAD = 'projects/demo/topics/orders-dead';
const SUBSCRIPTION = 'projects/demo/subscriptions/orders';
const DEAD_SUBSCRIPTION = 'projects/demo/subscriptions/orders-dead';
const QUEUE = 'projects/demo/locations/l/queues/timers';
const SECRET = 'projects/demo/secrets/key';
const account = (name: string) => `serviceAccount:${name}@demo.iam.gserviceaccount.com`;
const AGENT = 'serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com';

const grants: readonly Grant[] = [
  { member: account('sender'), role: 'roles/pubsub.publisher', resource: TOPIC },
  { member: account('taker'), role: 'roles/pubsub.subscriber', resource: SUBSCRIPTION },
  { member: account('reader'), role: 'roles/secretmanager.secretAccessor', resource: SECRET },
  { member: account('timer'), role: 'roles/cloudtasks.enqueuer', resource: QUEUE },
  {
    member: account('timer'),
    role: 'roles/iam.serviceAccountUser',
    resource: 'projects/demo/serviceAccounts/caller@demo.iam.gserviceaccount.com',
  },
];

const access = new AccessControl({ enforce: true, grants });

describe('with access enforced', () => {
  let emulator: Emulator;
  let publisher: v1.PublisherClient;
  let subscriber: v1.SubscriberClient;

  beforeAll(async () => {
    emulator = await startEmulator({
      only: ['pubsub', 'tasks', 'secrets'],
      access,
      secrets: { demo: { key: 'value' } },
    });
    const [apiEndpoint = '', port] = (emulator.addresses.pubsub ?? '').split(':');
    const options = {
      projectId: 'demo',
      apiEndpoint,
      port: Number(port),
      sslCreds: credentials.createInsecure(),
      universeDomain: 'googleapis.com',
    };
    publisher = new v1.PublisherClient(options);
    subscriber = new v1.SubscriberClient(options);
    for (const name of [TOPIC, DEAD]) await publisher.createTopic({ name }, as('owner'));
    const deadLetterPolicy = { deadLetterTopic: DEAD, maxDeliveryAttempts: 5 };
    await subscriber.createSubscription({ name: SUBSCRIPTION, topic: TOPIC, deadLetterPolicy }, as('owner'));
    await subscriber.createSubscription({ name: DEAD_SUBSCRIPTION, topic: DEAD }, as('owner'));
    await rest('tasks', 'POST', 'v2/projects/demo/locations/l/queues', 'owner', { name: QUEUE });
    await rest('tasks', 'POST', `v2/${QUEUE}:pause`, 'owner', {});
  });
  afterAll(async () => {
    await Promise.all([publisher.close(), subscriber.close()]);
    await emulator.stop();
  });

  const as = (principal: string) => ({ otherArgs: { headers: { 'x-emulator-principal': principal } } });
  const messages = [{ data: Buffer.from('hi') }];

  async function rest(server: string, verb: string, path: string, principal?: string, body?: unknown) {
    const response = await fetch(`http://${emulator.addresses[server]}/${path}`, {
      method: verb,
      headers: {
        'content-type': 'application/json',
        ...(principal && { 'x-emulator-principal': principal }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { error?: { message: string } };
    return { status: response.status, message: answer.error?.message };
  }

  test('only who was granted it publishes, and the others are told so by the words of Pub/Sub', async () => {
    await publisher.publish({ topic: TOPIC, messages }, as(account('sender')));
    const denied = { code: 7, details: 'User not authorized to perform this action.' };
    await expect(publisher.publish({ topic: TOPIC, messages }, as(account('taker')))).rejects.toMatchObject(
      denied,
    );
    await expect(publisher.publish({ topic: DEAD, messages }, as(account('sender')))).rejects.toMatchObject(
      denied,
    );
    await expect(publisher.publish({ topic: TOPIC, messages })).rejects.toMatchObject({ code: 16 });
  });

  test('a client says who it is by its user agent, too', async () => {
    const [apiEndpoint = '', port] = (emulator.addresses.pubsub ?? '').split(':');
    const sender = new PubSub({
      projectId: 'demo',
      apiEndpoint: `${apiEndpoint}:${port}`,
      emulatorMode: true,
      'grpc.primary_user_agent': `emulator-principal/${account('sender')}`,
    } as ClientConfig);
    expect(await sender.topic('orders').publishMessage({ data: Buffer.from('hi') })).toMatch(/^\d+$/);
    await expect(
      sender.topic('orders-dead').publishMessage({ data: Buffer.from('hi') }),
    ).rejects.toMatchObject({ code: 7 });
    await sender.close();
  });

  test('only who was granted it pulls, also by a stream', async () => {
    const asked = { subscription: SUBSCRIPTION, streamAckDeadlineSeconds: 10 };
    const refused = subscriber.streamingPull(as(account('sender')));
    const failure = new Promise((_resolve, reject) => refused.on('error', reject).on('data', () => {}));
    refused.write(asked);
    await expect(failure).rejects.toMatchObject({ code: 7 });
    const stream = subscriber.streamingPull(as(account('taker')));
    const opened = new Promise((resolve) => stream.on('data', resolve).on('error', () => {}));
    stream.write(asked);
    expect(await opened).toMatchObject({ subscriptionProperties: {} });
    stream.cancel();
  });

  test('dead letters are forwarded only once the service itself may', async () => {
    const fail = async () => {
      const [{ receivedMessages = [] }] = await subscriber.pull(
        { subscription: SUBSCRIPTION, maxMessages: 10 },
        as('owner'),
      );
      const ackIds = (receivedMessages ?? []).map(({ ackId }) => ackId ?? '');
      const nack = { subscription: SUBSCRIPTION, ackIds, ackDeadlineSeconds: 0 };
      if (ackIds.length > 0) await subscriber.modifyAckDeadline(nack, as('owner'));
    };
    const { broker } = emulator.servers.pubsub ?? {};
    const deadLetters = () => broker?.status().get(DEAD_SUBSCRIPTION)?.published;
    await publisher.publish({ topic: TOPIC, messages }, as('owner'));
    for (let n = 0; n < 8; n++) await fail();
    expect(deadLetters()).toBe(0);
    for (const [resource, role] of [
      [DEAD, 'roles/pubsub.publisher'],
      [SUBSCRIPTION, 'roles/pubsub.subscriber'],
    ]) {
      const policy = { bindings: [{ role, members: [AGENT, account('taker')] }] };
      expect(await rest('pubsub', 'POST', `v1/${resource}:setIamPolicy`, 'owner', { policy })).toMatchObject({
        status: 200,
      });
    }
    await fail();
    expect(deadLetters()).toBeGreaterThan(0);
  });

  test('pushes carry tokens of accounts only once the service itself may make them', async () => {
    const tokens: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      tokens.push(request.headers.authorization);
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const email = 'pusher@demo.iam.gserviceaccount.com';
    const pushed = 'projects/demo/subscriptions/orders-pushed';
    const pushConfig = {
      pushEndpoint: `http://127.0.0.1:${port}/`,
      oidcToken: { serviceAccountEmail: email },
    };
    try {
      await subscriber.createSubscription({ name: pushed, topic: TOPIC, pushConfig }, as('owner'));
      const refused = vi.spyOn(access, 'decide');
      await publisher.publish({ topic: TOPIC, messages }, as('owner'));
      await eventually(() => {
        const at = refused.mock.calls.findIndex(
          ([, permission]) => permission === 'iam.serviceAccounts.getOpenIdToken',
        );
        expect(refused.mock.results[at]).toMatchObject({ value: false });
      });
      expect(tokens).toEqual([]);
      access.setPolicy(`projects/demo/serviceAccounts/${email}`, {
        bindings: [{ role: 'roles/iam.serviceAccountTokenCreator', members: [AGENT] }],
      });
      await eventually(() => expect(tokens[0]).toMatch(/^Bearer .+\..+\..+$/));
    } finally {
      vi.restoreAllMocks();
      await subscriber.deleteSubscription({ subscription: pushed }, as('owner'));
      server.closeAllConnections();
      server.close();
    }
  });

  test('only who was granted it reads a secret', async () => {
    const read = (principal: string) =>
      rest('secrets', 'GET', `v1/${SECRET}/versions/latest:access`, principal);
    expect(await read(account('reader'))).toMatchObject({ status: 200 });
    expect(await read(account('sender'))).toEqual({
      status: 403,
      message: `Permission 'secretmanager.versions.access' denied for resource '${SECRET}/versions/latest' (or it may not exist).`,
    });
    expect(await rest('secrets', 'DELETE', `v1/${SECRET}`, account('reader'))).toMatchObject({ status: 403 });
  });

  test('only who was granted it makes tasks, and only with accounts that it may act as', async () => {
    const make = (principal: string, serviceAccountEmail: string) =>
      rest('tasks', 'POST', `v2/${QUEUE}/tasks`, principal, {
        task: { httpRequest: { url: 'http://127.0.0.1:1/', oidcToken: { serviceAccountEmail } } },
      });
    expect(await make(account('timer'), 'caller@demo.iam.gserviceaccount.com')).toMatchObject({
      status: 200,
    });
    expect(await make(account('timer'), 'other@demo.iam.gserviceaccount.com')).toMatchObject({
      status: 403,
      message: expect.stringContaining('"iam.serviceAccounts.actAs"'),
    });
    expect(await make(account('sender'), 'caller@demo.iam.gserviceaccount.com')).toMatchObject({
      status: 403,
      message: expect.stringContaining('"cloudtasks.tasks.create"'),
    });
  });

  test('who may what can be asked', async () => {
    const permissions = ['pubsub.topics.publish', 'pubsub.topics.delete'];
    const answer = await fetch(`http://${emulator.addresses.pubsub}/v1/${TOPIC}:testIamPermissions`, {
      method: 'POST',
      headers: { 'x-emulator-principal': account('sender') },
      body: JSON.stringify({ permissions }),
    });
    expect(await answer.json()).toEqual({ permissions: ['pubsub.topics.publish'] });
  });
});
