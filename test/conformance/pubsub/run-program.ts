import type { Step } from './program.ts';
import { type PubSubWorld, textsOf } from './world.ts';

type Held = Awaited<ReturnType<PubSubWorld['pull']>>[number];

const TOPICS = 2;
const SUBSCRIPTIONS = 3;
/** The longest wait for a server to hand out what it has: far beyond what it needs, and spent only where the servers differ. */
const PATIENCE_MS = 60_000;

/**
 * Runs a program, and says what each step came to: a status, or the messages by their texts. `expected` is what it came to elsewhere: a
 * pull waits for as many messages as came there, since a server may hand them out in parts.
 */
export async function runProgram(
  world: PubSubWorld,
  steps: readonly Step[],
  expected?: readonly unknown[],
): Promise<unknown[]> {
  const run = new Run(world);
  await run.begin();
  const outcomes: unknown[] = [];
  for (const [at, step] of steps.entries()) outcomes.push(await run.outcome(step, expected?.[at]));
  // What is left, and what is held: all of it comes to light when everything is given back.
  for (let subscription = 0; subscription < SUBSCRIPTIONS; subscription++) {
    outcomes.push(await run.outcome({ do: 'nack', subscription, count: 1_000 }, undefined));
    outcomes.push(await run.outcome({ do: 'pull', subscription }, expected?.[outcomes.length]));
  }
  return outcomes;
}

class Run {
  readonly #world: PubSubWorld;
  readonly #topics: string[] = [];
  readonly #subscriptions: string[] = [];
  readonly #snapshots: string[] = [];
  readonly #held: Held[][] = [];
  #published = 0;

  constructor(world: PubSubWorld) {
    this.#world = world;
  }

  async begin(): Promise<void> {
    for (let n = 0; n < TOPICS; n++) this.#topics.push(await this.#world.topic());
    for (let n = 0; n < SUBSCRIPTIONS; n++) {
      this.#subscriptions.push(this.#world.name('subscriptions'));
      this.#snapshots.push(this.#world.name('snapshots'));
      this.#held.push([]);
      await this.#create(n, false);
    }
  }

  async outcome(step: Step, expected: unknown): Promise<unknown> {
    try {
      return await this.#do(step, Array.isArray(expected) ? expected.length : undefined);
    } catch (error) {
      return { code: (error as { code?: unknown }).code };
    }
  }

  async #do(step: Step, count: number | undefined): Promise<unknown> {
    const { subscriber } = this.#world;
    switch (step.do) {
      case 'publish': {
        const texts = Array.from({ length: step.count }, () => `m${this.#published++}`);
        await this.#world.publish(this.#topics[step.topic % TOPICS] ?? '', ...texts);
        return texts;
      }
      case 'pull':
        return await this.#pull(step.subscription, count);
      case 'ack': {
        const batch = this.#give(step.subscription, step.count);
        return batch.length > 0 && (await this.#world.ack(this.#nameOf(step), batch));
      }
      case 'nack': {
        const batch = this.#give(step.subscription, step.count);
        return batch.length > 0 && (await this.#world.nack(this.#nameOf(step), batch));
      }
      case 'snapshot':
        await subscriber.createSnapshot({
          name: this.#snapshots[step.name] ?? '',
          subscription: this.#nameOf(step),
        });
        return 'made';
      case 'deleteSnapshot':
        await subscriber.deleteSnapshot({ snapshot: this.#snapshots[step.name] ?? '' });
        return 'deleted';
      case 'seekSnapshot':
        return await this.#seek(step.subscription, { snapshot: this.#snapshots[step.name] ?? '' });
      case 'seekPast':
        return await this.#seek(step.subscription, { time: { seconds: 1_000 } });
      case 'seekFuture':
        return await this.#seek(step.subscription, {
          time: { seconds: Math.floor(Date.now() / 1000) + 3_600 },
        });
      case 'deleteSubscription':
        await subscriber.deleteSubscription({ subscription: this.#nameOf(step) });
        this.#held[step.subscription] = [];
        return 'deleted';
      case 'createSubscription':
        await this.#create(step.subscription, step.retain);
        return 'made';
    }
  }

  async #pull(subscription: number, count: number | undefined): Promise<string[]> {
    const name = this.#subscriptions[subscription] ?? '';
    const taken: Held[] = [];
    const until = Date.now() + PATIENCE_MS;
    do taken.push(...(await this.#world.pull(name, 1_000)));
    while (count !== undefined && taken.length < count && Date.now() < until);
    // Which of them are held is then the same, whatever the order in which they came.
    const inOrder = taken.toSorted((a, b) => (textsOf([a]).join() < textsOf([b]).join() ? -1 : 1));
    this.#held[subscription]?.push(...inOrder);
    return textsOf(inOrder);
  }

  async #seek(subscription: number, target: object): Promise<string> {
    const name = this.#subscriptions[subscription] ?? '';
    await this.#world.subscriber.seek({ subscription: name, ...target });
    // What becomes of a lease is nobody's word: held messages are let go.
    this.#held[subscription] = [];
    return 'sought';
  }

  #give(subscription: number, count: number): Held[] {
    return this.#held[subscription]?.splice(0, count) ?? [];
  }

  #create(subscription: number, retainAckedMessages: boolean) {
    return this.#world.subscriber.createSubscription({
      name: this.#subscriptions[subscription] ?? '',
      topic: this.#topics[subscription % TOPICS] ?? '',
      retainAckedMessages,
      ackDeadlineSeconds: 600,
    });
  }

  #nameOf({ subscription }: { readonly subscription: number }): string {
    return this.#subscriptions[subscription] ?? '';
  }
}
