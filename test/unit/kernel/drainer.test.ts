import { beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { encodeMessage } from '../../../shared/contract/envelope.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import { randomIds } from '../../../shared/contract/ids.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { silentLog } from '../../../shared/contract/log.ts';
import { type Message, REPLY, SIGNAL, TIMER, type WireMessage } from '../../../shared/contract/message.ts';
import { runPath } from '../../../shared/contract/names.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import { createKernel } from '../../../shared/kernel/kernel.ts';
import { encodeMail, mailPath, markFields } from '../../../shared/kernel/mailbox.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { MemoryStore } from '../../../shared/testing/memory-store.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { entriesOf } from '../../../shared/workflow/run-history.ts';
import { decodeRun } from '../../../shared/workflow/run-record.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';

const parts = defineAgent({
  name: 'parts',
  commands: { make: { input: z.object({ n: z.number() }), output: z.number() } },
});
const input = z.object({ id: z.string() });
const plant = defineAgent({
  name: 'plant',
  calls: ['parts'],
  workflows: { build: { input, key: 'id' } },
});
const build = defineWorkflow({
  name: 'build',
  version: 1,
  input,
  async run(wf) {
    const first = wf.call(parts.make, { n: 1 });
    await wf.signal('go', { schema: z.null() });
    await wf.call(parts.make, { n: 3 });
    await first;
  },
});

const RUN = runIdOf('build', 'b1');
const PATH = runPath(RUN);
const DEAD = 'mesh-plant-dead';

const clock = new ManualClock();
let store: MemoryStore;
let dead: WireMessage[];
let deferred: WireMessage[];
let delivered = 0;

beforeEach(async () => {
  store = new MemoryStore();
  dead = [];
  deferred = [];
  await instance()({ type: 'plant.build', data: { id: 'b1' } });
});

/** One instance of the agent that hosts the run: delivers a message to it. */
function instance(from: Pick<MemoryStore, 'read' | 'commit' | 'query'> = store) {
  const ports: Ports = {
    clock,
    store: from,
    ids: randomIds,
    log: silentLog,
    secrets: { get: async () => '', redact: (text) => text },
    bus: { publish: async (topic, messages) => void (topic === DEAD && dead.push(...messages)) },
    timers: { schedule: async ({ message }) => void deferred.push(message) },
  };
  const { contract } = plant;
  const deployment = { project: 'p', prefix: 'mesh', agent: 'plant', callers: [], queue: 'q', database: 'd' };
  const routes = workflowRoutes({ contract, definitions: [build], clock, ids: randomIds });
  const kernel = createKernel({ contract, deployment, ports, routes });
  return (message: Partial<Message> & Pick<Message, 'type'>, wire: Partial<WireMessage> = {}) => {
    const id = `m${++delivered}`;
    const time = new Date(clock.now()).toISOString();
    const whole = { id, source: '/agents/plant', time, correlationId: id, data: null, ...message };
    return kernel.handle({
      ...encodeMessage(whole),
      ...wire,
      messageId: id,
      publishTime: time,
      subscription: 'mesh-plant',
      deliveryAttempt: 1,
    });
  };
}

const run = () => {
  const document = store.documents.get(PATH);
  if (!document) throw new Error('there is no run');
  return decodeRun(document);
};
const replyTo = (step: number) => ({
  type: REPLY,
  runId: RUN,
  stepId: `${step}.1`,
  data: { ok: true, output: step },
});
const go = { type: SIGNAL, runId: RUN, data: { name: 'go', payload: null } };
/** Has the mailbox drained, whatever is in it. */
const sweep = { type: TIMER, runId: RUN, stepId: 'sweep', data: { timer: 'sweep' } };

/** The store as an instance sees it that is slow before its `at`th look into the mailbox: `meanwhile` happens then. */
function slowAtLook(at: number, meanwhile: () => Promise<unknown>) {
  let looks = 0;
  return {
    read: (paths: readonly string[]) => store.read(paths),
    commit: (writes: Parameters<MemoryStore['commit']>[0]) => store.commit(writes),
    query: async (asked: Parameters<MemoryStore['query']>[0]) => {
      if (++looks === at) await meanwhile();
      return store.query(asked);
    },
  };
}

/** What is handled, time going on for it. */
async function settled<T>(handling: Promise<T>): Promise<T> {
  let over = false;
  const end = () => {
    over = true;
  };
  handling.then(end, end);
  while (!over) await clock.advance(10);
  return handling;
}

describe('a drainer', () => {
  test('takes a reply to a step that began after it had read the run', async () => {
    const other = instance();
    const slow = slowAtLook(1, async () => {
      expect(await other(go)).toMatchObject({ kind: 'ack' });
      expect(await other(replyTo(3))).toMatchObject({ kind: 'ack' });
    });
    expect(await settled(instance(slow)(sweep))).toMatchObject({ kind: 'ack' });
    expect(dead).toEqual([]);
    expect(run().steps).toMatchObject({ done: 2, open: 1 });
    await other(replyTo(1));
    expect(run().status).toBe('completed');
  });

  test('looks once more after its mark is gone, for a message that was left before', async () => {
    let left = false;
    const taken = JSON.stringify(markFields(undefined));
    const late = {
      ...slowAtLook(0, async () => {}),
      commit: async (writes: Parameters<MemoryStore['commit']>[0]) => {
        const [write] = writes;
        if (!left && write?.kind === 'patch' && JSON.stringify(write.fields) === taken) {
          left = true;
          expect(await instance()(replyTo(1))).toMatchObject({ kind: 'ack' });
          expect(run().steps).toMatchObject({ done: 0 });
        }
        return store.commit(writes);
      },
    };
    expect(await settled(instance(late)(sweep))).toMatchObject({ kind: 'ack' });
    expect(left).toBe(true);
    expect(run().steps).toMatchObject({ done: 1 });
  });

  test('does not tell of a step that began meanwhile as if there were none', async () => {
    const other = instance();
    const slow = slowAtLook(1, async () => {
      await other(replyTo(1));
      await other(go);
      await other(replyTo(3));
    });
    await settled(instance(slow)(sweep));
    expect(dead).toEqual([]);
    expect(run().status).toBe('completed');
  });

  test('takes a message that it buried as its own when that is sent again', async () => {
    await markedBefore();
    const early = { ...replyTo(3), id: 'early' };
    expect(await instance()(early)).toMatchObject({ kind: 'ack' });
    expect(dead.map(({ attributes }) => attributes.deadlettercode)).toEqual(['InvalidAttribute']);
    await instance()(go);
    expect(await instance()({ ...early, redrive: 1 })).toMatchObject({ kind: 'ack' });
    expect(run().steps).toMatchObject({ done: 2, open: 1 });
    expect(dead).toHaveLength(1);
  });

  test('fails the run on a reply whose decision is refused for good, and takes the others of its batch', async () => {
    await instance()(go);
    await markedBefore();
    const time = new Date(clock.now()).toISOString();
    for (const step of [1, 3]) {
      const mail = {
        ...replyTo(step),
        id: `left-${step}`,
        source: '/agents/parts',
        time,
        correlationId: 'c',
      };
      await store.commit([
        { kind: 'put', path: mailPath(PATH, mail), fields: encodeMail(mail, clock.now() + step) },
      ]);
    }
    const refusing = {
      ...slowAtLook(1, async () => {}),
      commit: async (writes: Parameters<MemoryStore['commit']>[0]) => {
        if (JSON.stringify(writes).includes('"status":"completed"'))
          throw new MeshError('StoreRefused', 'INVALID_ARGUMENT');
        return store.commit(writes);
      },
    };
    expect(await settled(instance(refusing)(sweep))).toMatchObject({ kind: 'ack' });
    expect(dead).toEqual([]);
    expect(run()).toMatchObject({ status: 'failed', failure: { code: 'StoreRefused' }, steps: { done: 2 } });
    expect([...store.documents.keys()].filter((path) => path.includes('/mailbox/'))).toEqual([]);
  });

  test('keeps its message for as long as it drains, though that is delivered twice', async () => {
    const message = { ...sweep, id: 'sweep' };
    let again: unknown;
    const slow = slowAtLook(2, async () => {
      again = await deliver(message);
    });
    const deliver = instance(slow);
    expect(await settled(deliver(message))).toMatchObject({ kind: 'ack' });
    expect(again).toMatchObject({ kind: 'defer' });
    expect(deferred).toHaveLength(1);
  });

  test('drops nothing of what was left for a run that is gone', async () => {
    await markedBefore();
    const time = new Date(clock.now()).toISOString();
    const mails = Array.from({ length: 400 }, (_, n) => ({
      ...replyTo(1),
      ...{ id: `left-${n}`, source: '/agents/parts', time, correlationId: 'c' },
    }));
    for (const mail of mails)
      await store.commit([
        { kind: 'put', path: mailPath(PATH, mail), fields: encodeMail(mail, clock.now()) },
      ]);
    const slow = slowAtLook(1, async () => {});
    const gone = {
      ...slow,
      // It is deleted after the message was found to be one to leave.
      commit: async (writes: Parameters<MemoryStore['commit']>[0]) => {
        store.documents.delete(PATH);
        return store.commit(writes);
      },
    };
    expect(await settled(instance(gone)(replyTo(1)))).toMatchObject({ kind: 'ack' });
    expect(dead).toHaveLength(401);
    expect([...store.documents.keys()].filter((path) => path.includes('/mailbox/'))).toEqual([]);
  });
});

/** The run as a drainer leaves it that died. */
async function markedBefore() {
  const mark = { owner: 'gone', key: 'gone', until: new Date(0), batch: '', outbox: '[]' };
  await store.commit([{ kind: 'patch', path: PATH, fields: markFields(mark) }]);
}

test.each([
  ['before', ['signalled', 'replied']],
  ['after', ['replied', 'signalled']],
])('mails are taken in the order in which they were left, a signal %s a reply', async (_, order) => {
  const time = new Date(clock.now()).toISOString();
  const mail = (message: typeof go | ReturnType<typeof replyTo>, n: number): Message => ({
    ...message,
    ...{ id: `order-${n}`, source: '/agents/parts', time, correlationId: 'c' },
  });
  // By its path, the one that was left last would be the first.
  const messages = order[0] === 'signalled' ? [go, replyTo(1)] : [replyTo(1), go];
  const first = mail(messages[0] ?? go, 0);
  let n = 1;
  while (mailPath(PATH, mail(messages[1] ?? go, n)) > mailPath(PATH, first)) n += 1;
  for (const [at, left] of [first, mail(messages[1] ?? go, n)].entries())
    await store.commit([
      { kind: 'put', path: mailPath(PATH, left), fields: encodeMail(left, clock.now() + at) },
    ]);
  await settled(instance()(sweep));
  const events = entriesOf(run()).flatMap(({ e }) => (e === 'signalled' || e === 'replied' ? [e] : []));
  expect(events).toEqual(order);
});
