import { describe, expect, it } from 'vitest';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { decodeEnvelope } from '../../../shared/contract/envelope.ts';
import { messageKey } from '../../../shared/contract/keys.ts';
import type { Delivery } from '../../../shared/contract/message.ts';
import { inboxPath } from '../../../shared/contract/names.ts';
import { deferral } from '../../../shared/kernel/deferral.ts';
import { toOutbox } from '../../../shared/kernel/outbox.ts';
import { computeTopology } from '../../../shared/topology.ts';
import { FaultPlan } from '../../support/faults.ts';
import { ledgerMesh, Vault } from '../../support/ledger-mesh.ts';
import { World, type WorldOptions } from '../../support/world.ts';

const DAY_MS = 86_400_000;
const SALE = { account: 'main', amount: 5 };

function mesh(options: Partial<WorldOptions> = {}) {
  const vault = new Vault();
  const plan = options.plan ?? new FaultPlan();
  const world = new World({ agents: ledgerMesh(vault, plan), plan, ...options });
  const outcomesOf = (agent: string) =>
    world.outcomes.filter((one) => one.agent === agent).map(({ outcome }) => outcome);
  const sales = () => world.store.documents.get('agents/till/state/main')?.fields.total;
  const deadLetters = () =>
    [...world.store.documents.values()]
      .filter(({ path }) => /^deadLetters\/[^/]+$/.test(path))
      .map(({ fields }) => fields);
  return { world, vault, outcomesOf, sales, deadLetters };
}

const inDays = (world: World, days: number) => new Date(world.clock.now() + days * DAY_MS).toISOString();

describe('a message that comes too early, again and again', () => {
  it('is handled in its time though that is several horizons of the timers ahead', async () => {
    const { world, sales, outcomesOf } = mesh();
    const notbefore = inDays(world, 100);
    world.command('till', 'sell', SALE, { notbefore });
    await world.settle();
    expect(sales()).toBe(5);
    expect(outcomesOf('till')).toEqual(['defer', 'defer', 'defer', 'defer', 'ack']);
    expect(new Date(world.clock.now()).toISOString()).toBe(notbefore);
  });

  it('is handled though the clock of its function is slow, and the timer therefore early each time', async () => {
    const offsets = [-3_000, -3_000, -2_000, -1_000];
    const { world, sales } = mesh({ skew: () => offsets.shift() ?? 0 });
    world.command('till', 'sell', SALE, { notbefore: inDays(world, 1) });
    await world.settle();
    expect(sales()).toBe(5);
  });

  it('is one message however often its delivery is repeated', async () => {
    let twice = 2;
    const { world, sales, outcomesOf } = mesh({ duplicate: () => twice-- > 0 });
    world.command('till', 'sell', SALE, { notbefore: inDays(world, 1) });
    await world.settle();
    expect(sales()).toBe(5);
    expect(outcomesOf('till')).toEqual(['defer', 'defer', 'ack']);
  });
});

describe('a function whose clock is an hour behind', () => {
  const slow = { skew: () => -3_600_000 };

  it('handles a message when its time has come by the clock that its timer went by', async () => {
    const { world, outcomesOf } = mesh(slow);
    const notbefore = inDays(world, 1);
    world.command('till', 'sell', SALE, { notbefore });
    await world.settle();
    expect(outcomesOf('till')).toEqual(['defer', 'ack']);
    expect(new Date(world.clock.now()).toISOString()).toBe(notbefore);
  });

  it('waits for the end of a lease, and does not ask again and again whether it has come', async () => {
    const { world, vault, outcomesOf } = mesh(slow);
    const path = inboxPath('bank', messageKey({ source: '/test', id: 'd' }));
    const leaseUntil = new Date(world.clock.now() + 30_000);
    await world.store.commit([{ kind: 'create', path, fields: { status: 'running', leaseUntil } }]);
    world.command('bank', 'deposit', { amount: 3 }, { 'ce-id': 'd', 'ce-source': '/test' });
    await world.settle();
    expect(outcomesOf('bank')).toEqual(['defer', 'defer', 'ack']);
    expect(vault.worked).toBe(1);
  });
});

/** Every process dies at what comes after the vault has done its work. */
class Poison extends FaultPlan {
  #last = '';

  override next(name: string): 'crash-before' | undefined {
    super.next(name);
    const dies = name === 'commit' && this.#last === 'provider';
    this.#last = name;
    return dies ? 'crash-before' : undefined;
  }
}

describe('an effect at which every process dies', () => {
  it('is given up on after as many attempts as any other message', async () => {
    const { world, vault, deadLetters, outcomesOf } = mesh({ plan: new Poison() });
    world.command('bank', 'deposit', { amount: 3 });
    await world.settle();
    expect(deadLetters()).toMatchObject([{ agent: 'bank', code: 'DeliveriesExhausted' }]);
    expect(outcomesOf('bank').filter((outcome) => outcome === 'crashed')).toHaveLength(5);
    expect(vault.worked).toBe(1);
  });
});

describe('a message with as many attributes as Pub/Sub takes', () => {
  const full = (more: Record<string, string>) => {
    const names = Array.from({ length: 99 - Object.keys(more).length }, (_, at) => [`x-${at}`, 'x']);
    return { ...Object.fromEntries(names), ...more };
  };

  it('is a dead letter, and not lost, when it can not be deferred', async () => {
    const { world, deadLetters } = mesh();
    world.command('till', 'sell', SALE, full({ notbefore: inDays(world, 1) }));
    await world.settle();
    expect(deadLetters()).toHaveLength(1);
  });

  it('becomes a dead letter with as much of its reason as there is room for', async () => {
    const { world, deadLetters } = mesh();
    const { 'x-0': _one, 'x-1': _two, ...attributes } = full({});
    world.command('till', 'sell', { account: 'main', amount: -1 }, attributes);
    await world.settle();
    expect(deadLetters()).toMatchObject([{ agent: 'till', code: 'SchemaMismatch' }]);
  });
});

describe('a message with more data than a timer carries', () => {
  const large: Delivery = {
    data: new Uint8Array(700_000),
    attributes: { 'ce-type': 'sell' },
    messageId: 'm',
    publishTime: '2026-01-01T00:00:00Z',
    subscription: 'mesh-till',
    deliveryAttempt: 1,
  };
  const envelope = decodeEnvelope(large, 'till');
  const until = new Date('2026-01-02T00:00:00Z');

  it('is refused when it is not to be handled yet', () => {
    expect(() => deferral(large, envelope, until, 'not-before', 0)).toThrow(
      expect.objectContaining({ code: 'PayloadTooLarge', retry: false }),
    );
  });

  it('is left to be delivered again when another instance is at it', () => {
    expect(() => deferral(large, envelope, until, 'lease', 0)).toThrow(
      expect.objectContaining({ code: 'LeaseHeld', retry: true }),
    );
  });

  it('is not sent by a handler, before anything is committed', () => {
    const { contract } = defineAgent({ name: 'till', calls: ['bank'], limits: { inlineBytes: 2_000_000 } });
    const [fn] = computeTopology([contract, defineAgent({ name: 'bank' }).contract], {
      project: 'demo',
    }).functions.filter(({ agent }) => agent === 'till');
    if (!fn) throw new Error('no function');
    const send = { to: { agent: 'bank' }, type: 'bank.deposit', data: 'x'.repeat(700_000) } as const;
    const context = {
      contract,
      deployment: fn.deployment,
      message: envelope,
      key: 'k',
      now: 0,
      traceparent: '',
    };
    expect(toOutbox({ writes: [], sends: [send] }, context)).toHaveLength(1);
    expect(() => toOutbox({ writes: [], sends: [{ ...send, at: until }] }, context)).toThrow(
      expect.objectContaining({ code: 'PayloadTooLarge' }),
    );
  });
});

describe('a timer whose clock is ahead', () => {
  const until = new Date('2026-01-02T00:00:00.000Z');
  const sale: Delivery = {
    data: Buffer.from(JSON.stringify(SALE)),
    attributes: { 'ce-type': 'sell', notbefore: until.toISOString() },
    messageId: 'm',
    publishTime: '2026-01-01T00:00:00Z',
    subscription: 'mesh-till',
    deliveryAttempt: 1,
  };
  const envelope = decodeEnvelope(sale, 'till');
  const early = (delivery: Delivery, ms: number) =>
    deferral(delivery, envelope, until, 'not-before', until.getTime() - ms);
  const copy = (ms: number): Delivery => ({ ...sale, ...early(sale, ms).message, messageId: 'copy' });

  it('rings later by as much as it rang early', () => {
    expect(early(sale, 3_000).at).toEqual(until);
    expect(early(copy(3_000), 1_800).at).toEqual(new Date(until.getTime() + 1_800));
    expect(early(copy(3_000), 1_800).message.attributes.notbefore).toBe(until.toISOString());
  });

  it('is told from a timer that reached its horizon', () => {
    expect(early(copy(60 * DAY_MS), 30 * DAY_MS).at).toEqual(until);
  });

  it('is told from a timer for another time', () => {
    const later = new Date(until.getTime() + 60_000);
    const again = deferral(copy(3_000), envelope, later, 'lease', later.getTime() - 5_000);
    expect(again.at).toEqual(later);
  });

  it('leaves a message with as many attributes as there may be as it is', () => {
    const many = Object.fromEntries(Array.from({ length: 96 }, (_, at) => [`a${at}`, '1']));
    const full = { ...sale, attributes: { ...many, ...sale.attributes } };
    expect(Object.keys(early(full, 3_000).message.attributes)).toHaveLength(100);
    expect(early(full, 3_000).message.attributes.timedfor).toBeUndefined();
  });
});
