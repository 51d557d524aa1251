import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { sleep } from '../../../shared/contract/clock.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { Delivery } from '../../../shared/contract/message.ts';
import type { Fields } from '../../../shared/contract/store.ts';
import type { HandlerContext, HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { createKernel } from '../../../shared/kernel/kernel.ts';
import { World } from '../../support/world.ts';

const press = defineAgent({
  name: 'press',
  commands: {
    print: { input: z.object({}), output: z.number(), mode: 'effect' },
    fold: { input: z.object({}) },
  },
  calls: [],
  limits: { timeout: '120s' },
});

/** One agent whose handler does `work`, and the documents that it leaves. */
function shop(work: (ctx: HandlerContext, clock: World['clock']) => Promise<number>) {
  const world = new World({ agents: [{ contract: press.contract, routes: () => new Map() }] });
  const handlers = {
    print: (_, ctx) => work(ctx as HandlerContext, world.clock),
    fold: (_, ctx) => ctx.heartbeat(1),
  } satisfies HandlersOf<typeof press>;
  const { clock, secrets, store } = world.ports;
  const [fn] = world.topology.functions;
  if (!fn) throw new Error('no function');
  const deliver = (attempt = 1, attributes: Record<string, string> = {}) =>
    world.await(
      createKernel({
        contract: press.contract,
        deployment: fn.deployment,
        ports: world.ports,
        routes: handlerRoutes({ contract: press.contract, handlers, clock, secrets, env: {} }),
      }).handle(delivery(attempt, attributes)),
    );
  const inbox = async () => {
    const [found] = await store.query({ collection: 'agents/press/inbox' });
    return found;
  };
  const run = (fields: Fields) => store.commit([{ kind: 'put', path: 'workflows/r1', fields }]);
  return { world, deliver, inbox, run };
}

const delivery = (deliveryAttempt: number, attributes: Record<string, string>): Delivery => ({
  data: Buffer.from('{}'),
  attributes: { 'ce-type': 'print', 'ce-id': 'd', 'ce-source': '/test', ...attributes },
  messageId: 'm',
  publishTime: '2026-01-01T00:00:00Z',
  subscription: 'mesh-press',
  deliveryAttempt,
});

const step = (id: string) => ({ runid: 'r1', stepid: id, replyto: 'press' });

describe('the progress of a handler', () => {
  it('is there for the next attempt when this one fails', async () => {
    const seen: unknown[] = [];
    const { deliver } = shop(async (ctx) => {
      seen.push(ctx.lastHeartbeat);
      if (seen.length === 3) return 3;
      ctx.heartbeat({ page: seen.length });
      throw new Error('out of paper');
    });
    expect(await deliver(1)).toMatchObject({ kind: 'nack' });
    expect(await deliver(2)).toMatchObject({ kind: 'nack' });
    expect(await deliver(3)).toEqual({ kind: 'ack' });
    expect(seen).toEqual([undefined, { page: 1 }, { page: 2 }]);
    expect(await deliver(4)).toMatchObject({ duplicate: true });
  });

  it('is kept by an attempt that says nothing itself', async () => {
    const seen: unknown[] = [];
    const { deliver } = shop(async (ctx) => {
      seen.push(ctx.lastHeartbeat);
      if (seen.length === 1) ctx.heartbeat('first');
      if (seen.length < 3) throw new Error('out of paper');
      return 3;
    });
    for (const attempt of [1, 2, 3]) await deliver(attempt);
    expect(seen).toEqual([undefined, 'first', 'first']);
  });

  it('outlives an attempt that is cut off before it says anything', async () => {
    const seen: unknown[] = [];
    const { world, deliver } = shop(async (ctx, clock) => {
      seen.push(ctx.lastHeartbeat);
      if (seen.length === 1) ctx.heartbeat(1);
      if (seen.length < 3) await sleep(clock, 130_000);
      return 3;
    });
    for (const attempt of [1, 2, 3]) {
      await deliver(attempt);
      await world.clock.advance(140_000);
    }
    expect(seen).toEqual([undefined, 1, 1]);
  });

  it('is under way when the handler ends: its commit waits for that', async () => {
    let effects = 0;
    const { world, deliver } = shop(async (ctx, clock) => {
      effects += 1;
      ctx.heartbeat('half');
      await sleep(clock, 1_000);
      return 1;
    });
    const { store } = world.ports;
    const commit = store.commit.bind(store);
    store.commit = async (writes) => {
      const [write] = writes;
      const versions = await commit(writes);
      // Made, and its answer is late.
      if (write?.kind === 'put' && write.fields.progress !== undefined) await sleep(world.clock, 3_000);
      return versions;
    };
    expect(await deliver()).toEqual({ kind: 'ack' });
    expect(effects).toBe(1);
  });

  it('is written at once, then every few seconds, and never holds up the outcome', async () => {
    const written: unknown[] = [];
    const { world, deliver, inbox } = shop(async (ctx, clock) => {
      for (let page = 1; page <= 20; page++) {
        ctx.heartbeat(page);
        await sleep(clock, 1_000);
      }
      return 20;
    });
    const { store } = world.ports;
    const commit = store.commit.bind(store);
    store.commit = (writes) => {
      for (const write of writes)
        if (write.kind === 'put') written.push(write.fields.progress ?? write.fields.status);
      return commit(writes);
    };
    expect(await deliver()).toEqual({ kind: 'ack' });
    expect(written[0]).toBe('1');
    expect(written.at(-1)).toBe('done');
    expect(written.length).toBeGreaterThan(3);
    expect(written.length).toBeLessThan(8);
    expect((await inbox())?.fields).toMatchObject({ status: 'done' });
  });

  it('commits under the newest version though the answer to a heartbeat was lost', async () => {
    let effects = 0;
    const { world, deliver } = shop(async (ctx, clock) => {
      effects += 1;
      ctx.heartbeat('half');
      await sleep(clock, 1_000);
      return 1;
    });
    const { store } = world.ports;
    const commit = store.commit.bind(store);
    let lost = false;
    store.commit = async (writes) => {
      const versions = await commit(writes);
      const [write] = writes;
      if (!lost && write?.kind === 'put' && write.fields.progress !== undefined) {
        lost = true;
        throw new Error('the answer was lost');
      }
      return versions;
    };
    expect(await deliver()).toEqual({ kind: 'ack' });
    expect({ lost, effects }).toEqual({ lost: true, effects: 1 });
  });

  it('is refused where it can have no effect, or is no JSON, or too large', async () => {
    const errors: unknown[] = [];
    const { deliver } = shop(async (ctx) => {
      for (const details of ['x'.repeat(4_001), 10n]) {
        try {
          ctx.heartbeat(details);
        } catch (error) {
          errors.push((error as { code: string }).code);
        }
      }
      return 1;
    });
    expect(await deliver()).toEqual({ kind: 'ack' });
    expect(errors).toEqual(['PayloadTooLarge', 'ArgumentInvalid']);
    expect(await deliver(1, { 'ce-type': 'fold', 'ce-id': 'f' })).toMatchObject({
      kind: 'dead-letter',
      failure: { code: 'ContractInvalid' },
    });
  });
});

describe('a handler whose outcome nobody waits for any more', () => {
  /** Works until it is told to stop, and then throws; or does not heed it. */
  const heeding = async (ctx: HandlerContext, clock: World['clock']) => {
    for (let at = 0; at < 60; at++) {
      ctx.signal.throwIfAborted();
      await sleep(clock, 1_000);
    }
    return 60;
  };
  const cancelled = { status: 'cancelled', history: '[]' };
  const letGo = JSON.stringify([{ e: 'step', op: 'cancel', id: '3', name: 'race', steps: ['2'] }]);

  it.each([
    ['was cancelled', { ...cancelled, status: 'compensating' }, '2.1'],
    ['has let the step go', { status: 'running', history: letGo }, '2.1'],
    ['has let the group go that the step is a branch of', { status: 'running', history: letGo }, '2/7.1'],
  ])('is told so: its run %s', async (_, fields, stepId) => {
    const { world, deliver, inbox, run } = shop(heeding);
    await run({ status: 'running', history: '[]' });
    const begun = world.clock.now();
    world.clock.after(15_000, () => void run(fields));
    expect(await deliver(1, step(stepId))).toEqual({ kind: 'ack' });
    expect(world.clock.now() - begun).toBeLessThanOrEqual(30_000);
    // It is done, not tried again, and its run is told.
    const record = await inbox();
    expect(record?.fields.status).toBe('done');
    expect(JSON.stringify(record?.fields.outbox)).toContain('CallerGone');
    expect(await deliver(2, step(stepId))).toMatchObject({ kind: 'ack', duplicate: true });
  });

  it('may finish all the same', async () => {
    const { world, deliver, inbox, run } = shop(async (ctx, clock) => {
      await sleep(clock, 30_000);
      return ctx.signal.aborted ? 1 : 0;
    });
    await run({ status: 'running', history: '[]' });
    world.clock.after(5_000, () => void run(cancelled));
    expect(await deliver(1, step('2.1'))).toEqual({ kind: 'ack' });
    expect(JSON.stringify((await inbox())?.fields.outbox)).toContain('"output\\":1');
  });

  it.each([
    ['a compensation, which is shielded', step('undo-2.1'), cancelled],
    ['a step of a run that goes on', step('2.1'), { status: 'running', history: '[]' }],
    ['another step than the one let go', step('1.1'), { status: 'running', history: letGo }],
    ['a step that its run left open when it returned', step('2.1'), { status: 'completed', history: '[]' }],
    ['a message of no run', {}, cancelled],
  ])('is not %s', async (_, attributes, fields) => {
    const { deliver, inbox, run } = shop(heeding);
    await run(fields);
    expect(await deliver(1, attributes)).toEqual({ kind: 'ack' });
    expect(JSON.stringify((await inbox())?.fields.outbox)).not.toContain('CallerGone');
  });

  it('costs a short one nothing: no read beside those of its handling', async () => {
    const { world, deliver, run } = shop(async (_, clock) => {
      await sleep(clock, 9_000);
      return 1;
    });
    await run(cancelled);
    const { store } = world.ports;
    const read = store.read.bind(store);
    let reads = 0;
    store.read = (paths) => {
      reads += 1;
      return read(paths);
    };
    await deliver(1, step('2.1'));
    expect(reads).toBe(1);
  });
});
