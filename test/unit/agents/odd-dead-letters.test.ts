import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deadLetters } from '../../../agents/dead-letters/contract.ts';
import { handlers } from '../../../agents/dead-letters/handler.ts';
import { encodeMessage } from '../../../shared/contract/envelope.ts';
import { toFailure } from '../../../shared/contract/failure.ts';
import { randomIds } from '../../../shared/contract/ids.ts';
import { rejected } from '../../../shared/contract/index.ts';
import { silentLog } from '../../../shared/contract/log.ts';
import { REPLY, type WireMessage } from '../../../shared/contract/message.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import { deadLetterAttributes } from '../../../shared/kernel/dead-letter.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { createKernel } from '../../../shared/kernel/kernel.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { MemoryStore } from '../../../shared/testing/memory-store.ts';

/** The recorder of dead letters, over a store that refuses what Firestore refuses. */
function recorder() {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const published: { readonly topic: string; readonly message: WireMessage }[] = [];
  const ports: Ports = {
    clock,
    store,
    ids: randomIds,
    log: silentLog,
    secrets: { get: async () => '', redact: (text) => text },
    bus: {
      publish: async (topic, messages) => {
        for (const message of messages) {
          for (const [name, value] of Object.entries(message.attributes)) {
            // What Pub/Sub takes.
            if (!`${name}${value}`.isWellFormed() || Buffer.byteLength(value) > 1_024)
              throw new Error(`the attribute ${name} can't be published`);
          }
          published.push({ topic, message });
        }
      },
    },
    timers: { schedule: async () => {} },
  };
  const { contract } = deadLetters;
  const routes = handlerRoutes({ contract, handlers, clock, secrets: ports.secrets, env: {} });
  const deployment = {
    ...{ project: 'p', prefix: 'mesh', agent: 'dead-letters', queue: 'q', database: 'd' },
    callers: ['worker:shop'],
  };
  return { kernel: createKernel({ contract, deployment, ports, routes }), store, published };
}

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('\ud83d', 'Hello \ude00', '__x__', '', '.', 'x'.repeat(1_000)),
);
const death = fc.record({
  bytes: fc.uint8Array({ maxLength: 60 }),
  attributes: fc.dictionary(oddText, oddText, { maxKeys: 20 }),
  message: oddText,
  reason: fc.option(oddText, { nil: undefined }),
});

test('whatever died, it is recorded with its bytes as they came, and who waits for it is told', async () => {
  await fc.assert(
    fc.asyncProperty(death, async ({ bytes, attributes, message, reason }) => {
      const { kernel, store, published } = recorder();
      const error = reason === undefined ? new Error(message) : rejected(reason, message);
      const command = encodeMessage({
        ...{ id: 'c-1', source: '/agents/shop', type: 'worker.a', time: '2026-01-01T00:00:00Z' },
        ...{ correlationId: 'c', data: null, replyTo: 'shop', runId: 'run-1', stepId: '1.1' },
      });
      // The mesh's own attributes are as the mesh writes them.
      const others = Object.entries(attributes).filter(
        ([name]) => !name.startsWith('deadletter') && !(name in command.attributes),
      );
      const outcome = await kernel.handle({
        data: bytes,
        attributes: {
          ...Object.fromEntries(others),
          ...command.attributes,
          ...deadLetterAttributes(toFailure(error), 'worker'),
          // As one that an older release wrote, or somebody else.
          deadlettermessage: message || 'x',
          correlationid: `c${message}`,
        },
        messageId: '17',
        publishTime: '2026-01-01T00:00:00.000Z',
        subscription: 'mesh-worker-dead',
        deliveryAttempt: 1,
      });
      expect(outcome).toEqual({ kind: 'ack' });
      const record = [...store.documents.values()].find(({ path }) => /^deadLetters\/[^/]+$/.test(path));
      expect(record?.fields.original).toMatchObject({ data: Buffer.from(bytes).toString('base64') });
      const told = published.filter(({ message: { attributes: sent } }) => sent['ce-type'] === REPLY);
      // Who was refused has been told by the reply itself.
      expect(told.map(({ topic }) => topic)).toEqual(reason === undefined ? ['mesh-shop'] : []);
    }),
    { numRuns: 300 },
  );
});
