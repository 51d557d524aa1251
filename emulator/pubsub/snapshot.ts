import { compileFilter, type Filter } from './filter.ts';
import type { Labels } from './labels.ts';
import type { Message } from './message.ts';

/** What a snapshot shows. */
export interface SnapshotConfig {
  readonly name: string;
  readonly topic: string;
  readonly labels: Labels;
  /** Milliseconds since the epoch. */
  readonly expireMs: number;
}

/**
 * The messages that a subscription had not acked at one moment, and all that its topic got since
 * (https://cloud.google.com/pubsub/docs/replay-overview#seek_to_a_snapshot). It holds them: they can be sought when no subscription has them any more.
 */
export class Snapshot {
  readonly #filter: Filter;
  readonly #messages: Message[];
  readonly filter: string;
  config: SnapshotConfig;

  /** `filter` is the text of the subscription's. */
  constructor(config: SnapshotConfig, filter: string, unacked: Iterable<Message>) {
    this.config = config;
    this.filter = filter;
    this.#filter = compileFilter(filter);
    this.#messages = [...unacked];
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Takes a message that the topic got after the snapshot was made. */
  offer(message: Message): void {
    if (this.#filter(message.attributes)) this.#messages.push(message);
  }
}
