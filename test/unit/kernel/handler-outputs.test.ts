import { expect, test } from 'vitest';
import * as z from 'zod';
import { encodeMessage } from '../../../shared/contract/envelope.ts';
import { randomIds } from '../../../shared/contract/ids.ts';
import { defineAgent } from '../../../shared/contract/index.ts';
import { silentLog } from '../../../shared/contract/log.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { createKernel } from '../../../shared/kernel/kernel.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { MemoryStore } from '../../../shared/testing/memory-store.ts';

const odd = defineAgent({
  name: 'odd',
  commands: { answer: { input: z.object({}), output: z.any(), mode: 'effect' } },
});
const circle: { self?: unknown } = {};
circle.self = circle;

test.each<[string, unknown, string]>([
  ['a bigint', { n: 5n }, 'n'],
  ['a circle', circle, 'self'],
  ['a Map', { m: new Map() }, 'm'],
  ['a date that is none', { at: new Date(Number.NaN) }, 'at'],
  ['a function', [() => 1], '0'],
])('an output that holds %s is invalid, and the effect is not tried again', async (_, output, field) => {
  const clock = new ManualClock();
  let calls = 0;
  const handlers = {
    answer: () => {
      calls += 1;
      return output;
    },
  };
  const ports: Ports = {
    ...{ clock, store: new MemoryStore(), ids: randomIds, log: silentLog },
    secrets: { get: async () => '', redact: (text) => text },
    bus: { publish: async () => {} },
    timers: { schedule: async () => {} },
  };
  const { contract } = odd;
  const routes = handlerRoutes({ contract, handlers, clock, secrets: ports.secrets, env: {} });
  const deployment = { project: 'p', prefix: 'mesh', agent: 'odd', callers: [], queue: 'q', database: 'd' };
  const message = { id: '1', source: '/test', type: 'odd.answer', correlationId: '1', data: {} };
  const outcome = await createKernel({ contract, deployment, ports, routes }).handle({
    ...encodeMessage({ ...message, time: '2026-01-01T00:00:00Z' }),
    ...{ messageId: '1', publishTime: '2026-01-01T00:00:00Z', subscription: 'mesh-odd', deliveryAttempt: 1 },
  });
  expect(outcome).toMatchObject({
    kind: 'dead-letter',
    failure: { code: 'OutputInvalid', field: expect.stringContaining(field) },
  });
  expect(calls).toBe(1);
});
