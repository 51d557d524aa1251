import type { v1 } from '@google-cloud/pubsub';
import type { Bus } from '../contract/bus.ts';
import type { Clock } from '../contract/clock.ts';
import { MeshError } from '../contract/errors.ts';
import type { WireMessage } from '../contract/message.ts';
import { attempts, callOptions, TRANSIENT_IDEMPOTENT } from './attempts.ts';
import { batches } from './batches.ts';
import { endpoint, type LocalHost } from './endpoint.ts';
import { LazyClient } from './lazy-client.ts';
import { reasonOf, STATUS, statusOf } from './status.ts';

export type PublisherClient = InstanceType<typeof v1.PublisherClient>;

/** The publisher of the project, at the host where it is local. */
export function publisherClient(project: string, local: LocalHost): LazyClient<PublisherClient> {
  return new LazyClient(async () => {
    const { v1 } = await import('@google-cloud/pubsub');
    return new v1.PublisherClient(await endpoint(project, local));
  });
}

/**
 * The Bus over Pub/Sub, by the generated client: the hand-written one collects messages for 10 ms before it publishes, and sends those
 * of one topic one by one when told not to wait.
 */
export class PubSubBus implements Bus {
  readonly #project: string;
  readonly #client: LazyClient<PublisherClient>;
  readonly #clock: Clock;

  constructor(project: string, client: LazyClient<PublisherClient>, clock: Clock) {
    this.#project = project;
    this.#client = client;
    this.#clock = clock;
  }

  async publish(topic: string, messages: readonly WireMessage[]): Promise<void> {
    // One after the other, so that messages of one ordering key stay in order.
    for (const batch of batches(messages)) {
      const request = { topic: `projects/${this.#project}/topics/${topic}`, messages: batch.map(toPubsub) };
      try {
        // Publishing twice is harmless: receivers dedupe (I2).
        await attempts(this.#clock, TRANSIENT_IDEMPOTENT, async () => {
          const client = await this.#client.get();
          await client.publish(request, callOptions());
        });
      } catch (error) {
        throw publishError(topic, batch.length, error);
      }
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

function toPubsub({ data, attributes, orderingKey }: WireMessage) {
  return { data, attributes, ...(orderingKey !== undefined && { orderingKey }) };
}

function publishError(topic: string, count: number, cause: unknown): MeshError {
  if (statusOf(cause) === STATUS.NOT_FOUND) {
    return new MeshError('TopicNotFound', `the topic ${JSON.stringify(topic)} does not exist`, {
      field: 'topic',
      cause,
    });
  }
  return new MeshError(
    'BusUnavailable',
    `${count} message${count === 1 ? '' : 's'} could not be published to ${JSON.stringify(topic)}: ${reasonOf(cause)}`,
    { cause },
  );
}
