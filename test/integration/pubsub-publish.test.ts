import { type Message, PubSub } from '@google-cloud/pubsub';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PubSubServer, startPubSub } from '../../emulator/pubsub/server.ts';
import { eventually } from '../support/eventually.ts';

let server: PubSubServer;
let client: PubSub;

beforeEach(async () => {
  server = await startPubSub();
  client = new PubSub({ projectId: 'demo-mesh', apiEndpoint: server.address, emulatorMode: true });
});
afterEach(async () => {
  await client.close();
  await server.close();
});

describe('a publisher', () => {
  test('knows the id of what it published, by gRPC or REST, before it gets the message', async () => {
    const [topic] = await client.createTopic('orders');
    const [subscription] = await topic.createSubscription('orders-pull');
    const published = new Set<string>();
    const early: string[] = [];
    const seen = new Set<string>();
    subscription.on('message', (message: Message) => {
      seen.add(message.id);
      if (!published.has(message.id)) early.push(message.id);
      message.ack();
    });
    for (let n = 0; n < 20; n++) {
      published.add(await topic.publishMessage({ data: Buffer.from('x') }));
      const response = await fetch(`http://${server.address}/v1/projects/demo-mesh/topics/orders:publish`, {
        method: 'POST',
        body: JSON.stringify({ messages: [{ data: 'eA==' }] }),
      });
      const { messageIds } = (await response.json()) as { readonly messageIds: readonly string[] };
      published.add(messageIds[0] ?? '');
    }
    await eventually(() => expect(seen.size).toBe(40));
    expect(early).toEqual([]);
    await subscription.close();
  });

  test('learns that a message is too large, however large it is', async () => {
    const [topic] = await client.createTopic('orders');
    for (const megabytes of [11, 30]) {
      const data = Buffer.alloc(megabytes * 1_000_000);
      await expect(topic.publishMessage({ data })).rejects.toMatchObject({
        code: 3,
        details: `The value for message_size is too large. You passed ${data.length} in the request, but the maximum value is 10000000.`,
      });
    }
  });
});
