import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../emulator/data/journal.ts';
import { KeptPubSub } from '../../../emulator/data/kept-pubsub.ts';
import { Broker } from '../../../emulator/pubsub/broker.ts';
import { StatusError } from '../../../emulator/wire/status.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

const P = 'projects/demo';
const DAY_MS = 86_400_000;

function pubsub(clock = new ManualClock()) {
  const kept = new KeptPubSub();
  const pushed: string[] = [];
  const broker = new Broker({
    clock,
    keeper: kept,
    pushTransport: async ({ body }) => {
      pushed.push(Buffer.from(body).toString());
      return { status: 200 };
    },
  });
  kept.keeps(broker);
  return { clock, kept, broker, pushed };
}
type World = ReturnType<typeof pubsub>;

/** What a process that starts from these entries has, once through the file that they are kept in. */
function grown(entries: Iterable<Entry>, clock: ManualClock): World {
  const world = pubsub(clock);
  for (const entry of entries) world.kept.replay(JSON.parse(JSON.stringify(entry)) as Entry);
  world.kept.replayed();
  return world;
}

/** A world whose every change is told; `compacted` is a file that is written anew before each entry, in the midst of what is being done. */
function told() {
  const world = pubsub();
  const entries: Entry[] = [];
  const compacted: { entries: Entry[] } = { entries: [] };
  world.kept.replayed();
  world.kept.onEntry((...each) => {
    entries.push(...each);
    compacted.entries = JSON.parse(JSON.stringify([...world.kept.entries(), ...each])) as Entry[];
  });
  return { ...world, entries, compacted };
}

const topics = ['t-one', 't-two'].map((id) => `${P}/topics/${id}`);
const subscriptions = ['s-one', 's-two', 's-three'].map((id) => `${P}/subscriptions/${id}`);
const snapshots = ['n-one', 'n-two'].map((id) => `${P}/snapshots/${id}`);
const schemas = ['c-one', 'c-two'];

type Act = (world: World) => void | Promise<void>;
interface Action {
  readonly text: string;
  readonly act: Act;
}
const name = (names: readonly string[]) => fc.constantFrom(...names);
/** Both topics, and any subscriptions: without them little else happens. */
const creations = fc.record({
  retain: fc.tuple(fc.boolean(), fc.boolean()),
  subscriptions: fc.array(subscribing(), { minLength: 2, maxLength: 6 }),
});

function creating(topic: string, retains: boolean): Action {
  return {
    text: `create ${topic} ${retains}`,
    act: ({ broker }) =>
      void broker.createTopic({ name: topic, ...(retains && { messageRetentionMs: DAY_MS }) }),
  };
}

function subscribing(): fc.Arbitrary<Action> {
  return fc
    .record({
      name: name(subscriptions),
      topic: name(topics),
      enableMessageOrdering: fc.boolean(),
      retainAckedMessages: fc.boolean(),
      filter: fc.constantFrom('', 'attributes.k = "1"'),
    })
    .map((input) => ({
      text: `create ${JSON.stringify(input)}`,
      act: ({ broker }: World) => void broker.createSubscription(input),
    }));
}

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.tuple(name(topics), fc.boolean()).map(([topic, retains]) => creating(topic, retains)),
  },
  {
    weight: 1,
    arbitrary: name(topics).map((topic) => ({
      text: `delete ${topic}`,
      act: ({ broker }: World) => broker.deleteTopic(topic),
    })),
  },
  {
    weight: 2,
    arbitrary: subscribing(),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(name(subscriptions), fc.boolean()).map(([each, retainAckedMessages]) => ({
      text: `retain ${each} ${retainAckedMessages}`,
      act: ({ broker }: World) =>
        void broker.updateSubscription({ name: each, retainAckedMessages }, ['retain_acked_messages']),
    })),
  },
  {
    weight: 1,
    arbitrary: name(subscriptions).map((each) => ({
      text: `delete ${each}`,
      act: ({ broker }: World) => broker.deleteSubscription(each),
    })),
  },
  {
    weight: 1,
    arbitrary: name(subscriptions).map((each) => ({
      text: `detach ${each}`,
      act: ({ broker }: World) => broker.detachSubscription(each),
    })),
  },
  {
    weight: 10,
    arbitrary: fc
      .tuple(
        name(topics),
        fc.array(fc.record({ k: fc.constantFrom('1', '2'), orderingKey: fc.constantFrom('', 'a', 'b') }), {
          minLength: 1,
          maxLength: 4,
        }),
      )
      .map(([topic, messages]) => ({
        text: `publish ${topic} ${JSON.stringify(messages)}`,
        act: ({ broker }: World) =>
          void broker.publish(
            topic,
            messages.map(({ k, orderingKey }) => ({
              data: Buffer.from(`of ${k}`),
              attributes: { k },
              orderingKey,
            })),
          ),
      })),
  },
  {
    weight: 10,
    arbitrary: fc.tuple(name(subscriptions), fc.nat(5), fc.nat(3)).map(([each, most, skip]) => ({
      text: `ack ${each} ${most} ${skip}`,
      act: async ({ broker }: World) => {
        const pulled = await broker.pull(each, { maxMessages: most + 1 });
        const ids = pulled.slice(skip).map(({ ackId }) => ackId);
        if (ids.length > 0) broker.acknowledge(each, ids);
      },
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(name(snapshots), name(subscriptions)).map(([snapshot, each]) => ({
      text: `snapshot ${snapshot} ${each}`,
      act: ({ broker }: World) => void broker.snapshots.create(snapshot, each),
    })),
  },
  {
    weight: 1,
    arbitrary: name(snapshots).map((snapshot) => ({
      text: `delete ${snapshot}`,
      act: ({ broker }: World) => broker.snapshots.delete(snapshot),
    })),
  },
  {
    weight: 1,
    arbitrary: name(snapshots).map((each) => ({
      text: `label ${each}`,
      act: ({ broker }: World) =>
        void broker.snapshots.update({ name: each, labels: { a: 'b' } }, ['labels']),
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(name(subscriptions), name(snapshots)).map(([each, snapshot]) => ({
      text: `seek ${each} ${snapshot}`,
      act: ({ broker }: World) => broker.snapshots.seek(each, { snapshot }),
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(name(subscriptions), fc.nat(100_000)).map(([each, ms]) => ({
      text: `seek ${each} ${ms} back`,
      act: ({ broker, clock }: World) => broker.snapshots.seek(each, { timeMs: clock.now() - ms }),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(name(schemas), fc.constantFrom('create', 'commit', 'delete')).map(([id, what]) => ({
      text: `${what} ${id}`,
      act: ({ broker }: World) => {
        const definition = { type: 'AVRO', definition: '{"type":"string"}' };
        if (what === 'create') broker.schemas.create(P, id, definition);
        else if (what === 'commit') broker.schemas.commit(`${P}/schemas/${id}`, definition);
        else broker.schemas.delete(`${P}/schemas/${id}`);
      },
    })),
  },
  {
    weight: 2,
    arbitrary: fc
      .nat(30_000)
      .map((ms) => ({ text: `wait ${ms}`, act: ({ clock }: World) => clock.advance(ms) })),
  },
);

async function act(world: World, actions: readonly Action[]) {
  for (const each of actions) {
    try {
      await each.act(world);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
    }
  }
}

const ids = (messages: Iterable<{ readonly messageId: string }>) =>
  Array.from(messages, ({ messageId }) => messageId);
const sorted = (messages: Iterable<{ readonly messageId: string }>) => ids(messages).sort();

/** Everything that there is, and all that can be done with it from here on. */
const seen = ({ broker }: World) => ({
  topics: Array.from(broker.contents.topics.values(), (topic) => ({
    config: topic.config,
    log: ids(topic.retained()),
    snapshots: topic.snapshots.size,
  })),
  subscriptions: Array.from(broker.contents.subscriptions.values(), ({ view, topic, subscription }) => ({
    view,
    topic: topic?.config.name,
    unacked: subscription
      .unacked()
      .map((message) => ({ ...message, data: Buffer.from(message.data).toString() })),
    acked: sorted(subscription.retained()),
  })),
  snapshots: Array.from(broker.snapshots.all(), ({ config, filter, messages }) => ({
    config,
    filter,
    messages: ids(messages),
  })),
  schemas: Array.from(broker.schemas.all(), ([schema, revisions]) => [
    schema,
    revisions.map(({ compiled: _, ...each }) => each),
  ]),
});

describe('a Pub/Sub that is kept', () => {
  test('is the same again from what was told of it, and from what it tells of itself', async () => {
    await fc.assert(
      fc.asyncProperty(
        creations,
        fc.array(action, { size: 'max', maxLength: 60 }),
        async ({ retain, subscriptions: created }, actions) => {
          const world = told();
          await act(world, [
            ...topics.map((topic, n) => creating(topic, retain[n] === true)),
            ...created,
            ...actions,
          ]);
          expect(seen(grown(world.kept.entries(), world.clock))).toEqual(seen(world));
          expect(seen(grown(world.entries, world.clock))).toEqual(seen(world));
          if (world.entries.length > 0)
            expect(seen(grown(world.compacted.entries, world.clock))).toEqual(seen(world));
        },
      ),
      { numRuns: 300 },
    );
  });

  const [topic = '', other = ''] = topics;
  const [subscription = ''] = subscriptions;
  const text = (body: string) => ({ data: Buffer.from(body) });

  test('pushes nothing before the last entry, then what is left; a new message has an id above all of before', async () => {
    const world = told();
    const { broker } = world;
    broker.createTopic({ name: topic });
    broker.createSubscription({ name: subscription, topic });
    const published = broker.publish(topic, ['one', 'two', 'three'].map(text));
    const [first] = await broker.pull(subscription, { maxMessages: 1 });
    broker.acknowledge(subscription, [first?.ackId ?? '']);
    broker.modifyPushConfig(subscription, { endpoint: 'http://127.0.0.1:1/' });
    const after = pubsub(new ManualClock());
    for (const entry of world.entries) after.kept.replay(entry);
    await after.clock.advance(0);
    expect(after.pushed).toEqual([]);
    after.kept.replayed();
    await after.clock.advance(0);
    const ids = after.pushed.map(
      (body) => (JSON.parse(body) as { message: { messageId: string } }).message.messageId,
    );
    expect(ids).toEqual(published.slice(1));
    const [next = ''] = after.broker.publish(topic, [text('four')]);
    expect(Number(next)).toBeGreaterThan(Number(published.at(-1)));
  });

  test('has a dead letter where it went, and not where it came from', async () => {
    const world = told();
    const { broker } = world;
    broker.createTopic({ name: topic });
    broker.createTopic({ name: other });
    const deadLetterPolicy = { deadLetterTopic: other, maxDeliveryAttempts: 5 };
    broker.createSubscription({ name: subscription, topic, deadLetterPolicy });
    broker.createSubscription({ name: `${P}/subscriptions/dead`, topic: other });
    broker.publish(topic, [text('one')]);
    for (let attempt = 0; attempt < 5; attempt++) {
      const [delivery] = await broker.pull(subscription, { maxMessages: 1 });
      broker.modifyAckDeadline(subscription, [delivery?.ackId ?? ''], 0);
    }
    const { broker: after } = grown(world.entries, world.clock);
    expect(await after.pull(subscription, { maxMessages: 1 })).toEqual([]);
    const [dead] = await after.pull(`${P}/subscriptions/dead`, { maxMessages: 1 });
    expect(dead?.message.attributes).toMatchObject({ CloudPubSubDeadLetterSourceDeliveryCount: '5' });
  });

  test('is emptied for good, but not by its end', async () => {
    const world = told();
    world.broker.createTopic({ name: topic });
    world.broker.clear();
    world.broker.createTopic({ name: other });
    world.broker.close();
    const names = [...grown(world.entries, world.clock).broker.contents.topics.keys()];
    expect(names).toEqual([other]);
  });

  test('takes a half of what comes in several entries for nothing', async () => {
    const world = told();
    const { broker } = world;
    broker.createTopic({ name: topic, messageRetentionMs: DAY_MS });
    broker.createSubscription({ name: subscription, topic });
    broker.publish(
      topic,
      Array.from({ length: 1_000 }, (_, n) => text(`${n}`)),
    );
    broker.publish(topic, [text('last')]);
    broker.snapshots.seek(subscription, { timeMs: 0 });
    const half = world.entries.slice(0, -2);
    const whole = grown(world.entries, world.clock).broker.contents.subscriptions.get(subscription);
    expect(whole?.subscription.unacked()).toHaveLength(1_001);
    const before = grown(half, world.clock).broker.contents.subscriptions.get(subscription);
    expect(before?.subscription.unacked()).toHaveLength(1_001);
  });

  test('refuses what is none of its entries', () => {
    const { kept } = pubsub();
    expect(() => kept.replay({ database: 'news' })).toThrow('an entry is none of Pub/Sub');
    expect(() => kept.replay({ constructor: 1 })).toThrow('an entry is none of Pub/Sub');
    expect(() => kept.replay({ published: topic, messages: [] })).toThrow('which there is not');
    kept.replay({ topic: { name: topic, labels: {} } });
    expect(() => kept.replay({ published: topic, messages: [{ id: 'x' }] })).toThrow('no message');
    expect(() => kept.replay({ topic: {} })).toThrow('names nothing');
  });
});
