import { RESUME } from '../../../shared/contract/message.ts';
import { deadSubscriptionOf, deadTopicOf, topicOf } from '../../../shared/contract/names.ts';
import { isRun } from '../invariants/history.ts';
import { redriven } from '../workloads/recorder.ts';
import type { Cloud } from './cloud.ts';
import type { Scheduler } from './scheduler.ts';

const RECORDER = 'dead-letters';
const SOURCE = 'CloudPubSubDeadLetterSource';

/**
 * The person who looks after the mesh once it has come to rest: redrives what died, brings back what could not be recorded, and lets paused
 * runs go on.
 */
export class Operator {
  readonly #cloud: Cloud;
  readonly #scheduler: Scheduler;
  readonly #seen = new Set<string>();
  #resumed = 0;

  constructor(cloud: Cloud, scheduler: Scheduler) {
    this.#cloud = cloud;
    this.#scheduler = scheduler;
  }

  /** Returns how many messages are on their way again. */
  async tidy(): Promise<number> {
    return (await this.#bringBack()) + this.#redrive() + this.#resume();
  }

  #redrive(): number {
    let count = 0;
    for (const document of [...this.#cloud.store.documents.values()]) {
      const { path } = document;
      if (!path.startsWith('deadLetters/') || this.#seen.has(path)) continue;
      this.#seen.add(path);
      const again = redriven(document);
      if (!again) continue;
      count += 1;
      this.#scheduler.note(`redrive ${path}`);
      this.#cloud.publish(again.topic, [again.message]);
    }
    return count;
  }

  #resume(): number {
    let count = 0;
    for (const { path, fields } of [...this.#cloud.store.documents.values()]) {
      if (!isRun(path) || fields.status !== 'paused') continue;
      const runId = path.slice(path.indexOf('/') + 1);
      count += 1;
      this.#scheduler.note(`resume ${runId}`);
      const attributes = { 'ce-type': RESUME, 'ce-id': `resume-${++this.#resumed}`, runid: runId };
      this.#cloud.publish(topicOf('mesh', String(fields.agent)), [{ data: Buffer.from('{}'), attributes }]);
    }
    return count;
  }

  /** What even the recorder's deliveries were exhausted for is kept, to be pulled. */
  async #bringBack(): Promise<number> {
    const subscription = `projects/demo/subscriptions/${deadSubscriptionOf('mesh', RECORDER)}`;
    const kept = await this.#cloud.broker.pull(subscription, { maxMessages: 1_000 });
    for (const { ackId, message } of kept) {
      const { data, attributes } = message;
      const agent = (attributes[`${SOURCE}Subscription`] ?? '').replace(/^mesh-(.+)-dead$/, '$1');
      const own = Object.entries(attributes).filter(([name]) => !name.startsWith(SOURCE));
      this.#scheduler.note(`bring back ${attributes['ce-type']} of ${agent}`);
      this.#cloud.publish(deadTopicOf('mesh', agent), [{ data, attributes: Object.fromEntries(own) }]);
      this.#cloud.broker.acknowledge(subscription, [ackId]);
    }
    return kept.length;
  }
}
