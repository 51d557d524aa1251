import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type protos, v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';

type Subscription = protos.google.pubsub.v1.ISubscription;
type Received = protos.google.pubsub.v1.IReceivedMessage;
type Outgoing = protos.google.pubsub.v1.IPubsubMessage;

export const PROJECT = 'projects/demo-conformance';

export interface Push {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A Pub/Sub under test, through Google's generated clients and over HTTP. Every name is used once. */
export class PubSubWorld {
  readonly address: string;
  readonly publisher: v1.PublisherClient;
  readonly subscriber: v1.SubscriberClient;
  readonly schemas: v1.SchemaServiceClient;
  readonly #closing: (() => unknown)[] = [];
  #names = 0;

  constructor(address: string) {
    const [host = '', port] = address.split(':');
    const options = {
      projectId: 'demo-conformance',
      apiEndpoint: host,
      port: Number(port),
      sslCreds: credentials.createInsecure(),
      universeDomain: 'googleapis.com',
    };
    this.address = address;
    this.publisher = new v1.PublisherClient(options);
    this.subscriber = new v1.SubscriberClient(options);
    this.schemas = new v1.SchemaServiceClient(options);
  }

  name(kind: string): string {
    return `${PROJECT}/${kind}/name-${process.pid}-${this.#names++}`;
  }

  async topic(settings: object = {}): Promise<string> {
    const name = this.name('topics');
    await this.publisher.createTopic({ name, ...settings });
    return name;
  }

  async subscription(topic: string, settings: Subscription = {}): Promise<string> {
    const name = this.name('subscriptions');
    await this.subscriber.createSubscription({ name, topic, ...settings });
    return name;
  }

  /** Each message is its text, with what else it is to have. */
  async publish(topic: string, ...messages: (string | Outgoing)[]): Promise<string[]> {
    const [{ messageIds }] = await this.publisher.publish({
      topic,
      messages: messages.map((message) =>
        typeof message === 'string' ? { data: Buffer.from(message) } : message,
      ),
    });
    return messageIds ?? [];
  }

  /** What is there now. */
  async pull(subscription: string, maxMessages = 100): Promise<readonly Received[]> {
    const [{ receivedMessages }] = await this.subscriber.pull({
      subscription,
      maxMessages,
      returnImmediately: true,
    });
    return receivedMessages ?? [];
  }

  /** Pulls until there were `count` messages, treating each batch as `settle` does. */
  async take(subscription: string, count: number, settle?: (batch: readonly Received[]) => unknown) {
    const taken: Received[] = [];
    while (taken.length < count) {
      const batch = await this.pull(subscription);
      if (batch.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      else await (settle ? settle(batch) : this.ack(subscription, batch));
      taken.push(...batch);
    }
    return taken;
  }

  async ack(subscription: string, batch: readonly Received[]): Promise<void> {
    await this.subscriber.acknowledge({ subscription, ackIds: idsOf(batch) });
  }

  async nack(subscription: string, batch: readonly Received[]): Promise<void> {
    await this.subscriber.modifyAckDeadline({ subscription, ackIds: idsOf(batch), ackDeadlineSeconds: 0 });
  }

  async getPolicy(resource: string) {
    // The client declares instances of classes, and takes plain objects.
    const [policy] = await this.publisher.getIamPolicy({ resource } as never);
    return policy;
  }

  async setPolicy(resource: string, policy: object) {
    const [kept] = await this.publisher.setIamPolicy({ resource, policy } as never);
    return kept;
  }

  /** A push endpoint that answers the n-th request with `statusOf(n)`, and what came to it. */
  async endpoint(statusOf: (count: number) => number = () => 204) {
    const pushes: Push[] = [];
    const http = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      pushes.push({ headers: request.headers, body });
      response.writeHead(statusOf(pushes.length)).end();
      http.emit('pushed');
    }).listen(0, '127.0.0.1');
    await once(http, 'listening');
    this.#closing.push(() => {
      http.closeAllConnections();
      http.close();
    });
    return {
      pushEndpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}/push`,
      async pushes(count: number): Promise<readonly Push[]> {
        while (pushes.length < count) await once(http, 'pushed');
        return pushes;
      },
    };
  }

  /** A call of the REST form. */
  async rest(
    verb: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`http://${this.address}/v1/${path}`, {
      method: verb,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : {} };
  }

  async close(): Promise<void> {
    for (const close of this.#closing) close();
    await Promise.all([this.publisher.close(), this.subscriber.close(), this.schemas.close()]);
  }
}

export function textsOf(batch: readonly Received[]): string[] {
  return batch.map(({ message }) => Buffer.from(message?.data ?? '').toString());
}

function idsOf(batch: readonly Received[]): string[] {
  return batch.map(({ ackId }) => ackId ?? '');
}
