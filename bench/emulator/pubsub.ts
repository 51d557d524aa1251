import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Message, PubSub, type Topic } from '@google-cloud/pubsub';
import type { Measure, Suite } from './measure.ts';
import type { Target } from './target.ts';

const KILOBYTE = Buffer.alloc(1024, 'x');
const PUBLISHED = 20_000;
const PUSHED = 3_000;
/** Enough for what comes after the slow start to show. */
const PUSHED_SLOWLY = 600;

export const pubsub: Suite = {
  service: 'pubsub',
  measures: [
    {
      figure: 'spawn to first topic created',
      unit: 'ms',
      better: 'less',
      goal: 3,
      run: (target) =>
        withClient(target, async (client) => {
          await firstTopic(client);
          return performance.now() - target.spawnedAt;
        }),
    },
    {
      figure: 'memory, idle',
      unit: 'MB',
      better: 'less',
      goal: 1.5,
      run: (target) =>
        withClient(target, async (client) => {
          await firstTopic(client);
          return target.memory();
        }),
    },
    {
      figure: `publish and streaming pull of ${PUBLISHED.toLocaleString('en')} × 1 KB`,
      unit: 'messages/s',
      better: 'more',
      goal: 1.5,
      run: (target) => withClient(target, (client) => publishAndPull(client, PUBLISHED)),
    },
    {
      figure: 'memory after that',
      unit: 'MB',
      better: 'less',
      goal: 1.5,
      run: (target) =>
        withClient(target, async (client) => {
          await publishAndPull(client, PUBLISHED);
          return target.memory();
        }),
    },
    push('push, instant handler', PUSHED, 0, 2),
    push('push, 50 ms handler', PUSHED_SLOWLY, 50, 20),
    {
      figure: 'memory with 1,000,000 messages of 256 B queued',
      unit: 'MB',
      better: 'less',
      most: 1_000,
      oursOnly: "Google's is not asked for it",
      run: (target) => withClient(target, queueMillion(target)),
    },
  ],
};

function push(figure: string, count: number, handlerMs: number, goal: number): Measure {
  return {
    figure,
    unit: 'messages/s',
    better: 'more',
    goal,
    run: (target) => withClient(target, (client) => publishAndPush(client, count, handlerMs)),
  };
}

async function withClient(target: Target, use: (client: PubSub) => Promise<number>): Promise<number> {
  const client = new PubSub({ projectId: 'bench', apiEndpoint: target.address, emulatorMode: true });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** Google's takes connections before it serves. */
async function firstTopic(client: PubSub): Promise<Topic> {
  for (;;) {
    try {
      const [topic] = await client.createTopic('bench-topic');
      return topic;
    } catch (error) {
      if ((error as { code?: number }).code !== 14) throw error;
      await pause(5);
    }
  }
}

async function publishAndPull(client: PubSub, count: number): Promise<number> {
  const topic = await firstTopic(client);
  const [subscription] = await topic.createSubscription('bench-pull', { ackDeadlineSeconds: 60 });
  let left = 0;
  let done = () => {};
  subscription.on('message', (message: Message) => {
    message.ack();
    left -= 1;
    if (left === 0) done();
  });
  const pulled = async (wanted: number) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    left = wanted;
    done = resolve;
    subscription.once('error', reject);
    await Promise.all(Array.from({ length: wanted }, () => topic.publishMessage({ data: KILOBYTE })));
    await promise;
    subscription.off('error', reject);
  };
  // What comes first warms both sides up.
  await pulled(500);
  const started = performance.now();
  await pulled(count);
  const rate = count / ((performance.now() - started) / 1000);
  await subscription.close();
  return rate;
}

async function publishAndPush(client: PubSub, count: number, handlerMs: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen = new Set<string>();
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (handlerMs > 0) await pause(handlerMs);
    response.writeHead(204).end();
    seen.add(JSON.parse(body).message.messageId);
    if (seen.size === count) resolve();
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const topic = await firstTopic(client);
  await topic.createSubscription('bench-push', {
    ackDeadlineSeconds: 60,
    pushEndpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
  });
  const started = performance.now();
  await Promise.all(Array.from({ length: count }, () => topic.publishMessage({ data: KILOBYTE })));
  await promise;
  const rate = count / ((performance.now() - started) / 1000);
  http.closeAllConnections();
  http.close();
  return rate;
}

function queueMillion(target: Target): (client: PubSub) => Promise<number> {
  return async (client) => {
    const topic = await firstTopic(client);
    await topic.createSubscription('bench-backlog');
    const batching = { maxMessages: 1000, maxBytes: 1_000_000, maxMilliseconds: 5 };
    const publisher = client.topic('bench-topic', { batching });
    const data = Buffer.alloc(256, 'x');
    for (let round = 0; round < 100; round++) {
      await Promise.all(
        Array.from({ length: 10_000 }, (_, n) =>
          publisher.publishMessage({ data, attributes: { n: String(n), kind: 'order' } }),
        ),
      );
    }
    return target.memory();
  };
}
