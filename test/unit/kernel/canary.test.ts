import { describe, expect, test } from 'vitest';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { messageKey } from '../../../shared/contract/keys.ts';
import type { Message } from '../../../shared/contract/message.ts';
import { inboxPath } from '../../../shared/contract/names.ts';
import { canaryRecordPath, canaryRoute } from '../../../shared/kernel/canary.ts';
import { toOutbox } from '../../../shared/kernel/outbox.ts';
import type { DecisionRequest } from '../../../shared/kernel/route.ts';
import { computeTopology } from '../../../shared/topology.ts';

const { contract } = defineAgent({ name: 'orders', calls: ['payments', 'stock'] });
const others = ['payments', 'stock'].map((name) => defineAgent({ name }).contract);
const recorder = defineAgent({ name: 'recorder', recordsDeadLetters: true }).contract;
const [deployment] = computeTopology([contract, ...others, recorder], { project: 'demo' })
  .functions.filter(({ agent }) => agent === 'orders')
  .map((fn) => fn.deployment);

const message = (data: Message['data']): Message => ({
  id: 'canary-1',
  source: '/mesh-cli',
  type: 'mesh.canary',
  time: '2026-01-01T00:00:00.000Z',
  correlationId: 'canary-1',
  data,
});

async function outboxOf(canary: Message) {
  if (!deployment) throw new Error('no deployment');
  const decision = await canaryRoute(contract).decide({ message: canary } as DecisionRequest);
  expect(decision.writes).toEqual([]);
  const context = { contract, deployment, message: canary, key: messageKey(canary), now: 0, traceparent: '' };
  return toOutbox(decision, context);
}

describe('a canary', () => {
  test('is passed on to each agent that may be called, and is found in their inboxes', async () => {
    const canary = message({ pass: true });
    const outbox = await outboxOf(canary);
    expect(outbox.map(({ topic }) => topic)).toEqual(['mesh-payments', 'mesh-stock']);
    for (const [at, agent] of ['payments', 'stock'].entries()) {
      const sent = outbox[at]?.message;
      if (!sent) throw new Error('not sent');
      expect(canaryRecordPath(agent, canary, 'orders')).toBe(inboxPath(agent, messageKey(sent)));
      expect(sent.data).toEqual({ pass: false });
    }
  });

  test.each([[{ pass: false }], [null], ['pass'], [{}]])('goes no further with %j', async (data) => {
    expect(await outboxOf(message(data))).toEqual([]);
  });

  test('is found where it was sent to', () => {
    const canary = message({ pass: true });
    expect(canaryRecordPath('orders', canary)).toBe(inboxPath('orders', messageKey(canary)));
  });
});
