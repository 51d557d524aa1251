import { createPublicKey, createVerify, type JsonWebKey } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type Message, PubSub, type Subscription } from '@google-cloud/pubsub';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Faults } from '../../emulator/pubsub/faults.ts';
import { type PubSubServer, startPubSub } from '../../emulator/pubsub/server.ts';
import { eventually } from '../support/eventually.ts';

const PROJECT = 'demo-mesh';

let server: PubSubServer;
let client: PubSub;
const cleanups: (() => unknown)[] = [];

async function start(faults?: Faults): Promise<void> {
  server = await startPubSub(faults ? { faults } : {});
  client = new PubSub({ projectId: PROJECT, apiEndpoint: server.address, emulatorMode: true });
  cleanups.push(
    () => client.close(),
    () => server.close(),
  );
}

beforeEach(() => start());

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Collects a subscription's messages, treating each as `handle` does. */
function collect(subscription: Subscription, handle: (message: Message) => void): Message[] {
  const messages: Message[] = [];
  subscription.on('message', (message: Message) => {
    messages.push(message);
    handle(message);
  });
  subscription.on('error', () => {});
  cleanups.unshift(() => subscription.close());
  return messages;
}

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A push endpoint that answers the n-th request with `statusOf(n)`. */
async function endpoint(statusOf: (count: number) => number): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const http: Server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ headers: request.headers, body });
    response.writeHead(statusOf(received.length)).end();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/push`, received };
}

async function rest(verb: string, path: string, body?: object) {
  const init = body ? { method: verb, body: JSON.stringify(body) } : { method: verb };
  const response = await fetch(`http://${server.address}/v1/projects/${PROJECT}/${path}`, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const textOf = (message: Message) => message.data.toString();

describe('the real client', () => {
  test('publishes, and gets by streaming pull what it published', async () => {
    const [topic] = await client.createTopic('orders');
    const [subscription] = await topic.createSubscription('orders-pull');
    const messages = collect(subscription, (message) => message.ack());
    await topic.publishMessage({ data: Buffer.from('hello'), attributes: { 'ce-type': 'greeting' } });
    await eventually(() => expect(messages.map(textOf)).toEqual(['hello']));
    expect(messages[0]?.attributes).toEqual({ 'ce-type': 'greeting' });
    expect(messages[0]?.deliveryAttempt).toBe(0);
    await eventually(() => expect(server.broker.idle()).toBe(true));
  });

  test('gets thousands of messages, each once', async () => {
    const [topic] = await client.createTopic('orders');
    const [subscription] = await topic.createSubscription('orders-pull');
    const messages = collect(subscription, (message) => message.ack());
    const bodies = Array.from({ length: 3000 }, (_, index) => String(index));
    await Promise.all(bodies.map((data) => topic.publishMessage({ data: Buffer.from(data) })));
    await eventually(() => expect(messages).toHaveLength(3000));
    expect(new Set(messages.map(textOf)).size).toBe(3000);
    await eventually(() => expect(server.broker.idle()).toBe(true));
  });

  test('gets a nacked message again', async () => {
    const [topic] = await client.createTopic('orders');
    const [subscription] = await topic.createSubscription('orders-pull');
    const messages = collect(subscription, (message) => {
      if (messages.length === 1) message.nack();
      else message.ack();
    });
    await topic.publishMessage({ data: Buffer.from('again') });
    await eventually(() => expect(messages.map(textOf)).toEqual(['again', 'again']));
  });

  test('gets only what the filter lets through, and learns what is wrong with a filter', async () => {
    const [topic] = await client.createTopic('events');
    const [subscription] = await topic.createSubscription('only-paid', {
      filter: 'attributes.type = "paid" AND NOT attributes:test',
    });
    const messages = collect(subscription, (message) => message.ack());
    await topic.publishMessage({ data: Buffer.from('no'), attributes: { type: 'placed' } });
    await topic.publishMessage({ data: Buffer.from('no'), attributes: { type: 'paid', test: '' } });
    await topic.publishMessage({ data: Buffer.from('yes'), attributes: { type: 'paid' } });
    await eventually(() => expect(messages.map(textOf)).toEqual(['yes']));
    await expect(topic.createSubscription('bad', { filter: 'attributes.type == "x"' })).rejects.toMatchObject(
      {
        code: 3,
        details: expect.stringContaining('filter'),
      },
    );
  });

  test('finds a message that failed five times on the dead-letter topic', async () => {
    const [topic] = await client.createTopic('orders');
    const [dead] = await client.createTopic('orders-dead');
    const [deadSubscription] = await dead.createSubscription('orders-dead-pull');
    const [subscription] = await topic.createSubscription('orders-pull', {
      deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 5 },
    });
    const attempts: number[] = [];
    collect(subscription, (message) => {
      attempts.push(message.deliveryAttempt);
      message.nack();
    });
    const letters = collect(deadSubscription, (message) => message.ack());
    await topic.publishMessage({ data: Buffer.from('poison'), attributes: { a: 'b' } });
    await eventually(() => expect(letters).toHaveLength(1));
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
    expect(letters[0]?.attributes).toEqual({
      a: 'b',
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
      CloudPubSubDeadLetterSourceSubscription: 'orders-pull',
      CloudPubSubDeadLetterSourceSubscriptionProject: PROJECT,
      CloudPubSubDeadLetterSourceTopicPublishTime: expect.stringMatching(/^\d{4}-.*\.\d{3}\+00:00$/),
    });
  });

  test('gets the messages of a key in order', async () => {
    const [topic] = await client.createTopic('orders');
    const [subscription] = await topic.createSubscription('ordered', { enableMessageOrdering: true });
    const messages = collect(subscription, (message) => message.ack());
    const ordered = client.topic('orders', { messageOrdering: true });
    const sent = Array.from({ length: 50 }, (_, index) => `${index % 2}:${index}`);
    await Promise.all(
      sent.map((text) => ordered.publishMessage({ data: Buffer.from(text), orderingKey: text[0] ?? '' })),
    );
    await eventually(() => expect(messages).toHaveLength(50));
    for (const key of ['0', '1']) {
      const ofKey = (texts: string[]) => texts.filter((text) => text.startsWith(key));
      expect(ofKey(messages.map(textOf))).toEqual(ofKey(sent));
    }
  });

  test('sees an exactly-once subscription take an ack once and refuse a stale one', async () => {
    const [topic] = await client.createTopic('orders');
    const [subscription] = await topic.createSubscription('once', { enableExactlyOnceDelivery: true });
    const outcomes: string[] = [];
    const messages = collect(subscription, async (message) => {
      outcomes.push(await message.ackWithResponse());
      const { invalid } = server.broker.acknowledge(subscription.name, [message.ackId]);
      outcomes.push(...invalid.map(() => 'STALE'));
    });
    await topic.publishMessage({ data: Buffer.from('once') });
    await eventually(() => expect(outcomes).toEqual(['SUCCESS', 'STALE']));
    expect(messages).toHaveLength(1);
  });

  test('is told which ack id was stale by the error details', async () => {
    const [topic] = await client.createTopic('orders');
    const [subscription] = await topic.createSubscription('once', { enableExactlyOnceDelivery: true });
    await topic.publishMessage({ data: Buffer.from('once') });
    const outcome = new Promise((resolve) => {
      collect(subscription, (message) => {
        server.broker.acknowledge(subscription.name, [message.ackId]);
        message.ackWithResponse().then(resolve, resolve);
      });
    });
    expect(await outcome).toMatchObject({ errorCode: 'INVALID' });
  });

  test('manages topics and subscriptions', async () => {
    const [topic] = await client.createTopic({ name: 'orders', labels: { team: 'shop' } });
    await expect(client.createTopic('orders')).rejects.toMatchObject({ code: 6 });
    await expect(client.topic('nope').getMetadata()).rejects.toMatchObject({ code: 5 });
    await expect(client.topic('nope').publishMessage({ data: Buffer.from('x') })).rejects.toMatchObject({
      code: 5,
      details: expect.stringContaining('nope'),
    });
    await topic.setMetadata({ labels: { team: 'billing' } });
    expect((await topic.getMetadata())[0].labels).toEqual({ team: 'billing' });

    const [subscription] = await topic.createSubscription('orders-pull', {
      ackDeadlineSeconds: 30,
      retryPolicy: { minimumBackoff: { seconds: 2 }, maximumBackoff: { seconds: 8 } },
      expirationPolicy: {},
    });
    await subscription.setMetadata({ ackDeadlineSeconds: 60, labels: { a: 'b' } });
    expect((await subscription.getMetadata())[0]).toMatchObject({
      ackDeadlineSeconds: 60,
      labels: { a: 'b' },
      retryPolicy: { minimumBackoff: { seconds: '2', nanos: 0 }, maximumBackoff: { seconds: '8', nanos: 0 } },
      messageRetentionDuration: { seconds: '604800', nanos: 0 },
      topic: topic.name,
    });
    await expect(subscription.setMetadata({ filter: 'attributes:a' })).rejects.toMatchObject({ code: 3 });
    expect((await client.getTopics())[0].map(({ name }) => name)).toEqual([topic.name]);
    expect((await client.getSubscriptions())[0]).toHaveLength(1);
    expect((await topic.getSubscriptions())[0].map(({ name }) => name)).toEqual([subscription.name]);

    await topic.delete();
    expect((await subscription.getMetadata())[0].topic).toBe('_deleted-topic_');
    await subscription.delete();
    expect(await subscription.exists()).toEqual([false]);
    await expect(subscription.seek(new Date(0))).rejects.toMatchObject({ code: 5 });
  });
});

describe('push', () => {
  test('posts the wrapped body with attempt and ordering key, and again after a failure', async () => {
    const { url, received } = await endpoint((count) => (count === 1 ? 500 : 204));
    const [topic] = await client.createTopic('orders');
    await client.createTopic('orders-dead');
    const [subscription] = await topic.createSubscription('orders-push', {
      pushEndpoint: url,
      enableMessageOrdering: true,
      deadLetterPolicy: { deadLetterTopic: client.topic('orders-dead').name, maxDeliveryAttempts: 5 },
    });
    const messageId = await client
      .topic('orders', { messageOrdering: true })
      .publishMessage({ data: Buffer.from('{"n":1}'), attributes: { 'ce-type': 't' }, orderingKey: 'k' });
    await eventually(() => expect(received).toHaveLength(2));
    const bodies = received.map(({ body }) => JSON.parse(body));
    expect(bodies[0]).toEqual({
      deliveryAttempt: 1,
      message: {
        attributes: { 'ce-type': 't' },
        data: Buffer.from('{"n":1}').toString('base64'),
        messageId,
        message_id: messageId,
        orderingKey: 'k',
        publishTime: expect.stringMatching(/^\d{4}-.*Z$/),
        publish_time: bodies[0].message.publishTime,
      },
      subscription: subscription.name,
    });
    expect(bodies[1]).toEqual({ ...bodies[0], deliveryAttempt: 2 });
    await eventually(() => expect(server.broker.idle()).toBe(true));
  });

  test('posts the bare data with metadata in headers', async () => {
    const { url, received } = await endpoint(() => 200);
    const [topic] = await client.createTopic('orders');
    const [subscription] = await topic.createSubscription('unwrapped', {
      pushConfig: { pushEndpoint: url, noWrapper: { writeMetadata: true } },
    });
    const messageId = await topic.publishMessage({
      data: Buffer.from('raw'),
      attributes: { 'ce-type': 't', 'content-type': 'text/plain' },
    });
    await eventually(() => expect(received).toHaveLength(1));
    expect(received[0]).toMatchObject({
      body: 'raw',
      headers: {
        'ce-type': 't',
        'content-type': 'text/plain',
        'x-goog-pubsub-subscription-name': subscription.name,
        'x-goog-pubsub-message-id': messageId,
      },
    });
  });

  test('carries a token that the published keys verify', async () => {
    const { url, received } = await endpoint(() => 200);
    const [topic] = await client.createTopic('orders');
    await topic.createSubscription('with-token', {
      pushConfig: { pushEndpoint: url, oidcToken: { serviceAccountEmail: 'mesh@demo.test' } },
    });
    await topic.publishMessage({ data: Buffer.from('x') });
    await eventually(() => expect(received).toHaveLength(1));
    const [head = '', claims = '', signature = ''] =
      received[0]?.headers.authorization?.slice(7).split('.') ?? [];
    const { keys } = (await (await fetch(`http://${server.address}/oauth2/v3/certs`)).json()) as {
      keys: [JsonWebKey];
    };
    const verifier = createVerify('RSA-SHA256').update(`${head}.${claims}`);
    const key = createPublicKey({ key: keys[0], format: 'jwk' });
    expect(verifier.verify(key, signature, 'base64url')).toBe(true);
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: 'https://accounts.google.com',
      aud: url,
      email: 'mesh@demo.test',
      email_verified: true,
    });
  });

  test('keeps up with many messages on a fast endpoint', async () => {
    const { url, received } = await endpoint(() => 200);
    const [topic] = await client.createTopic('orders');
    await topic.createSubscription('orders-push', { pushEndpoint: url });
    await Promise.all(
      Array.from({ length: 1000 }, (_, index) => topic.publishMessage({ data: Buffer.from(String(index)) })),
    );
    await eventually(() => expect(server.broker.idle()).toBe(true));
    expect(received).toHaveLength(1000);
  });
});

describe('REST', () => {
  test('creates, publishes, pulls, acknowledges and deletes', async () => {
    const topic = `projects/${PROJECT}/topics/orders`;
    expect(await rest('PUT', 'topics/orders', {})).toMatchObject({ status: 200, body: { name: topic } });
    expect(await rest('PUT', 'topics/orders', {})).toMatchObject({
      status: 409,
      body: { error: { code: 409, status: 'ALREADY_EXISTS' } },
    });
    const created = await rest('PUT', 'subscriptions/orders-pull', { topic, ackDeadlineSeconds: 20 });
    expect(created.body).toMatchObject({ ackDeadlineSeconds: 20, messageRetentionDuration: '604800s' });
    expect((await rest('GET', 'topics')).body).toMatchObject({ topics: [{ name: topic }] });
    expect((await rest('GET', 'topics/orders/subscriptions')).body).toEqual({
      subscriptions: [`projects/${PROJECT}/subscriptions/orders-pull`],
    });

    const data = Buffer.from('hello').toString('base64');
    const { body } = await rest('POST', 'topics/orders:publish', {
      messages: [{ data, attributes: { a: 'b' } }],
    });
    expect(body).toEqual({ messageIds: [expect.stringMatching(/^\d+$/)] });
    const pulled = await rest('POST', 'subscriptions/orders-pull:pull', { maxMessages: 10 });
    const [{ ackId, message }] = pulled.body.receivedMessages as [{ ackId: string; message: object }];
    expect(message).toMatchObject({ data, attributes: { a: 'b' }, publishTime: expect.any(String) });
    expect(await rest('POST', 'subscriptions/orders-pull:acknowledge', { ackIds: [ackId] })).toEqual({
      status: 200,
      body: {},
    });
    expect(
      (await rest('POST', 'subscriptions/orders-pull:pull', { maxMessages: 1, returnImmediately: true }))
        .body,
    ).toEqual({});

    const patch = { subscription: { labels: { x: 'y' } }, updateMask: 'labels' };
    expect((await rest('PATCH', 'subscriptions/orders-pull', patch)).body).toMatchObject({
      labels: { x: 'y' },
    });
    expect((await rest('DELETE', 'subscriptions/orders-pull')).status).toBe(200);
    expect((await rest('GET', 'subscriptions/orders-pull')).status).toBe(404);
    expect((await rest('DELETE', 'topics/orders')).status).toBe(200);
  });

  test('understands a request whose first packet is a single letter', async () => {
    const socket = connect(server.port, '127.0.0.1').setNoDelay();
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    cleanups.unshift(() => socket.destroy());
    await new Promise<void>((resolve) => socket.write('P', () => setImmediate(resolve)));
    socket.write(
      `UT /v1/projects/${PROJECT}/topics/split HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n`,
    );
    await eventually(() => expect(answer).toMatch(/^HTTP\/1.1 200 .*split/s));
  });

  test('names the field of a bad request', async () => {
    await rest('PUT', 'topics/orders', {});
    expect((await rest('POST', 'topics/orders:publish', { messages: [{ data: '§' }] })).body).toMatchObject({
      error: { code: 400, status: 'INVALID_ARGUMENT', message: expect.stringContaining('messages[0].data') },
    });
    expect((await rest('POST', 'topics/orders:publish', { messages: [{}] })).status).toBe(400);
    expect((await rest('POST', 'topics/orders:launch', {})).status).toBe(404);
  });
});

describe('faults', () => {
  test('a duplicated push arrives twice although both were acked', async () => {
    await start({ duplicate: () => true });
    const { url, received } = await endpoint(() => 200);
    const [topic] = await client.createTopic('orders');
    await topic.createSubscription('orders-push', { pushEndpoint: url });
    await topic.publishMessage({ data: Buffer.from('twice') });
    await eventually(() => expect(server.broker.idle()).toBe(true));
    expect(received).toHaveLength(2);
    expect(received[0]?.body).toBe(received[1]?.body);
  });
});
