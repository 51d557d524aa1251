import { expect, test } from 'vitest';
import { encodeMessage } from '../../../shared/contract/envelope.ts';
import { randomIds } from '../../../shared/contract/ids.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { silentLog } from '../../../shared/contract/log.ts';
import { type Message, SWEEP, type WireMessage } from '../../../shared/contract/message.ts';
import { runPath } from '../../../shared/contract/names.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import { createKernel } from '../../../shared/kernel/kernel.ts';
import { encodeMail, mailPath } from '../../../shared/kernel/mailbox.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { MemoryStore } from '../../../shared/testing/memory-store.ts';
import { decodeRun } from '../../../shared/workflow/run-record.ts';
import { fanMesh, sumOf } from '../../support/fan-mesh.ts';

const RUN = runIdOf('fan', 'f1');
const WIDTH = 10;

/** The agent that hosts the fan; what it publishes to itself comes back to it, and what goes to others is lost. */
function hosting() {
  const [host] = fanMesh();
  if (!host) throw new Error('there is no fan');
  const clock = new ManualClock();
  const store = new MemoryStore();
  const own: WireMessage[] = [];
  const ports: Ports = {
    clock,
    store,
    ids: randomIds,
    log: silentLog,
    secrets: { get: async () => '', redact: (text) => text },
    bus: { publish: async (topic, messages) => void (topic === 'mesh-fans' && own.push(...messages)) },
    timers: { schedule: async () => {} },
  };
  const deployment = { project: 'p', prefix: 'mesh', agent: 'fans', callers: [], queue: 'q', database: 'd' };
  const kernel = createKernel({
    contract: host.contract,
    deployment,
    ports,
    routes: host.routes(ports),
  });
  let delivered = 0;
  const deliver = async (message: Partial<Message> & Pick<Message, 'type'>) => {
    const id = `m${delivered}`;
    const time = new Date(clock.now()).toISOString();
    own.push(encodeMessage({ id, source: '/test', time, correlationId: id, data: null, ...message }));
    for (let wire = own.shift(); wire; wire = own.shift()) {
      const messageId = String(++delivered);
      const outcome = await kernel.handle({
        ...wire,
        messageId,
        publishTime: time,
        subscription: 'mesh-fans',
        deliveryAttempt: 1,
      });
      expect(outcome.kind).toBe('ack');
    }
  };
  const run = () => {
    const document = store.documents.get(runPath(RUN));
    if (!document) throw new Error('there is no run');
    return decodeRun(document);
  };
  return { clock, store, deliver, run };
}

/** The replies to the run, as drainers leave them that died, with all that would bring them back. */
async function leaveReplies(store: MemoryStore, now: number, from: number): Promise<void> {
  for (let n = from; n < WIDTH; n++) {
    const message: Message = {
      ...{ id: `reply-${n}`, source: '/agents/counters', type: 'mesh.reply', correlationId: 'c' },
      ...{ time: new Date(now).toISOString(), runId: RUN, stepId: `${n + 1}.1` },
      data: { ok: true, output: { n } },
    };
    await store.commit([
      { kind: 'put', path: mailPath(runPath(RUN), message), fields: encodeMail(message, now) },
    ]);
  }
}

test('replies that were left for a drainer which is gone are folded by the sweep of the next hour', async () => {
  const { clock, store, deliver, run } = hosting();
  await deliver({ type: 'fans.fan', data: { id: 'f1', width: WIDTH } });
  expect(run().steps.open).toBe(WIDTH);
  await leaveReplies(store, clock.now(), 0);
  await clock.advance(60 * 60_000);
  await deliver({ type: SWEEP });
  expect(run().status).toBe('running');
  await clock.advance(60 * 60_000);
  await deliver({ type: SWEEP });
  expect(run()).toMatchObject({ status: 'completed', output: { sum: sumOf(WIDTH) } });
  expect(await store.query({ collection: `${runPath(RUN)}/mailbox` })).toEqual([]);
});

test('the last one of a few is folded within a day', async () => {
  const { clock, store, deliver, run } = hosting();
  await deliver({ type: 'fans.fan', data: { id: 'f1', width: WIDTH } });
  for (let n = 0; n < WIDTH - 1; n++) {
    const stepId = `${n + 1}.1`;
    await deliver({
      id: `reply-${n}`,
      type: 'mesh.reply',
      runId: RUN,
      stepId,
      data: { ok: true, output: { n } },
    });
  }
  await leaveReplies(store, clock.now(), WIDTH - 1);
  await clock.advance(25 * 3_600_000);
  await deliver({ type: SWEEP });
  expect(run().status).toBe('completed');
});

test('a sweep that finds nothing leaves nothing behind', async () => {
  const { clock, store, deliver } = hosting();
  await deliver({ type: SWEEP });
  await clock.advance(60 * 60_000);
  await deliver({ type: SWEEP });
  expect(store.documents.size).toBe(0);
});
