import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { sleep } from '../../../shared/contract/clock.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import type { Delivery } from '../../../shared/contract/message.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { createKernel } from '../../../shared/kernel/kernel.ts';
import { World } from '../../support/world.ts';

const dialler = defineAgent({
  name: 'dialler',
  commands: { dial: { input: z.object({}), mode: 'effect' } },
  limits: { timeout: '6s' },
  state: { schema: z.object({ calls: z.number() }) },
});

/** One agent that calls outside, and how many of its handlings are outside at once. */
function office(callMs: number) {
  const calls = { made: 0, most: 0, underWay: 0 };
  const world = new World({ agents: [{ contract: dialler.contract, routes: () => new Map() }] });
  const handlers = {
    dial: {
      keys: () => ['all'],
      // It heeds no signal: what it asked for goes on.
      handle: async (_, ctx) => {
        calls.made += 1;
        calls.most = Math.max(calls.most, ++calls.underWay);
        await sleep(world.clock, callMs);
        calls.underWay -= 1;
        ctx.state.set('all', { calls: calls.made });
      },
    },
  } satisfies HandlersOf<typeof dialler>;
  const { clock, secrets } = world.ports;
  const [fn] = world.topology.functions;
  if (!fn) throw new Error('no function');
  const kernel = () =>
    createKernel({
      contract: dialler.contract,
      deployment: fn.deployment,
      ports: world.ports,
      routes: handlerRoutes({ contract: dialler.contract, handlers, clock, secrets, env: {} }),
    });
  const deliver = (attempt = 1) => world.await(kernel().handle(delivery(attempt)));
  return { world, calls, deliver };
}

const delivery = (deliveryAttempt: number): Delivery => ({
  data: Buffer.from('{}'),
  attributes: { 'ce-type': 'dial', 'ce-id': 'd', 'ce-source': '/test' },
  messageId: 'm',
  publishTime: '2026-01-01T00:00:00Z',
  subscription: 'mesh-dialler',
  deliveryAttempt,
});

describe('an effect whose handler is cut off', () => {
  it('is not begun again while the handler may still be at work', async () => {
    const { calls, deliver } = office(7_500);
    expect(await deliver(1)).toMatchObject({ kind: 'nack', failure: { code: 'HandlerTimeout' } });
    expect(await deliver(2)).toMatchObject({ kind: 'defer', why: 'lease' });
    expect(calls).toMatchObject({ made: 1, underWay: 1 });
  });

  it('ends before its lease though the claim took long', async () => {
    const { world, calls, deliver } = office(6_500);
    const { store } = world.ports;
    const commit = store.commit.bind(store);
    let slow = true;
    store.commit = async (writes) => {
      const versions = await commit(writes);
      if (slow) await world.clock.advance(5_000);
      slow = false;
      return versions;
    };
    const begun = world.clock.now();
    expect(await deliver(1)).toMatchObject({ kind: 'nack', failure: { code: 'HandlerTimeout' } });
    expect(world.clock.now() - begun).toBeLessThanOrEqual(6_000);
    expect(calls.most).toBe(1);
  });
});

describe('an effect that is begun again after a conflict', () => {
  it('holds a lease that outlasts it', async () => {
    const { world, calls, deliver } = office(5_000);
    const { store } = world.ports;
    const commit = store.commit.bind(store);
    let conflicts = 2;
    store.commit = async (writes) => {
      if (writes.length > 1 && conflicts-- > 0) throw new MeshError('Conflict', 'somebody was faster');
      return commit(writes);
    };
    const first = deliver(1);
    // Another delivery looks in all the while.
    const seen: string[] = [];
    for (let at = 0; at < 30; at++) {
      await world.clock.advance(700);
      seen.push((await deliver(1).catch((error) => error))?.kind ?? 'none');
    }
    expect(await first).toMatchObject({ kind: 'ack' });
    expect(calls).toMatchObject({ made: 3, most: 1 });
    expect(seen).not.toContain('nack');
  });
});
