import { once } from 'node:events';
import type { protos } from '@google-cloud/pubsub';
import type { PubSubWorld } from './world.ts';

type Request = protos.google.pubsub.v1.IStreamingPullRequest;
type Response = protos.google.pubsub.v1.IStreamingPullResponse;
type Received = protos.google.pubsub.v1.IReceivedMessage;

/** A StreamingPull, call by call. */
export class Pulling {
  readonly #stream: ReturnType<PubSubWorld['subscriber']['streamingPull']>;
  readonly received: Received[] = [];
  readonly #responses: Response[] = [];
  /** The code that the stream ended with. */
  readonly ended: Promise<unknown>;

  constructor(world: PubSubWorld, subscription: string, first: Request = {}) {
    this.#stream = world.subscriber.streamingPull();
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.ended = promise;
    this.#stream.on('error', ({ code }: { code?: unknown }) => resolve(code));
    this.#stream.on('data', (response: Response) => {
      this.#responses.push(response);
      this.received.push(...(response.receivedMessages ?? []));
      this.#stream.emit('looked');
    });
    this.send({ subscription, streamAckDeadlineSeconds: 60, ...first });
  }

  send(request: Request): void {
    this.#stream.write(request);
  }

  /** Resolves when there were so many messages. */
  async take(count: number): Promise<readonly Received[]> {
    await this.#until(() => this.received.length >= count);
    return this.received;
  }

  ack(...batch: readonly Received[]): void {
    this.send({ ackIds: batch.map(({ ackId }) => ackId ?? '') });
  }

  /** What the stream said of acks, the n-th time: only of those of an exactly-once subscription it says anything. */
  async confirmation(n: number) {
    const all = () => this.#responses.flatMap(({ acknowledgeConfirmation }) => acknowledgeConfirmation ?? []);
    await this.#until(() => all().length > n);
    return all()[n];
  }

  /** What each response with messages told of the subscription. */
  get properties() {
    return this.#responses.flatMap(({ receivedMessages, subscriptionProperties }) =>
      receivedMessages?.length ? [subscriptionProperties] : [],
    );
  }

  close(): void {
    this.#stream.cancel();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.#stream, 'looked');
  }
}
