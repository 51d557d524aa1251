import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../../shared/contract/dead-letter.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import { messageKey } from '../../../shared/contract/keys.ts';
import type { Delivery } from '../../../shared/contract/message.ts';
import { inboxPath } from '../../../shared/contract/names.ts';
import { toRedrive } from '../../../shared/kernel/dead-letter.ts';
import { withChunks } from '../../../shared/kernel/dead-letter-chunks.ts';
import { createKernel } from '../../../shared/kernel/kernel.ts';
import { FaultPlan } from '../../support/faults.ts';
import { ledgerMesh, Vault } from '../../support/ledger-mesh.ts';
import { World } from '../../support/world.ts';

function mesh() {
  const vault = new Vault();
  const world = new World({ agents: ledgerMesh(vault, new FaultPlan()) });
  const letters = () =>
    [...world.store.documents.values()]
      .filter(({ path }) => /^deadLetters\/[^/]+$/.test(path))
      .map(({ fields }) => ({ ...fields, letter: JSON.parse(String(fields.letter)) as DeadLetter }));
  const sales = () => world.store.documents.get('agents/till/state/main')?.fields.total;
  const kernelOf = (name: string) => {
    const agent = world.topology.functions.find((fn) => fn.agent === name);
    const built = ledgerMesh(vault, world.plan).find(({ contract }) => contract.name === name);
    if (!agent || !built) throw new Error(name);
    return createKernel({
      contract: built.contract,
      deployment: agent.deployment,
      ports: world.ports,
      routes: built.routes(world.ports),
    });
  };
  return { world, vault, letters, sales, kernelOf };
}

const SALE = { account: 'main', amount: 5 };

describe('bad input becomes a dead letter that names the fault, with the original intact', () => {
  const cases: {
    readonly name: string;
    readonly type?: string;
    readonly data: unknown;
    readonly attributes?: Record<string, string>;
    readonly code: string;
    readonly field: string;
  }[] = [
    { name: 'data that is not JSON', data: '{"account":', code: 'NotJson', field: 'data' },
    {
      name: 'data that does not fit its schema',
      data: { account: 'main', amount: -1 },
      code: 'SchemaMismatch',
      field: 'amount',
    },
    {
      name: 'a type that the agent does not have',
      type: 'buy',
      data: SALE,
      code: 'UnknownMessage',
      field: 'ce-type',
    },
    { name: 'no type at all', type: '', data: SALE, code: 'UnknownMessage', field: 'ce-type' },
    {
      name: 'data over the limit',
      data: { ...SALE, account: 'x'.repeat(102_400) },
      code: 'PayloadTooLarge',
      field: 'data',
    },
    {
      name: 'a deadline that is no time',
      data: SALE,
      attributes: { deadline: 'soon' },
      code: 'InvalidAttribute',
      field: 'deadline',
    },
    {
      name: 'a deadline that has passed',
      data: SALE,
      attributes: { deadline: '2020-01-01T00:00:00Z' },
      code: 'DeadlineExceeded',
      field: 'deadline',
    },
    {
      name: 'a reply to an agent that may not call',
      data: SALE,
      attributes: { replyto: 'board', runid: 'r' },
      code: 'ReplyToRefused',
      field: 'replyto',
    },
  ];
  for (const { name, type = 'sell', data, attributes = {}, code, field } of cases) {
    it(name, async () => {
      const { world, letters, sales } = mesh();
      world.command('till', type, data, { 'x-mark': 'kept', ...attributes });
      await world.settle();
      expect(sales()).toBeUndefined();
      expect(letters()).toHaveLength(1);
      const [record] = letters();
      expect(record).toMatchObject({ agent: 'till', code, field });
      expect(Buffer.from(record?.letter.original.data ?? '', 'base64').toString()).toBe(
        typeof data === 'string' ? data : JSON.stringify(data),
      );
      expect(record?.letter.original.attributes).toEqual({
        'ce-type': type,
        'x-mark': 'kept',
        ...attributes,
      });
    });
  }

  it('an event that nobody here subscribes to is acked and changes nothing', async () => {
    const { world, kernelOf } = mesh();
    const before = world.store.documents.size;
    const subscription = world.topology.subscriptions.find((one) => one.role === 'events')?.name ?? '';
    const outcome = await kernelOf('board').handle(delivery({ 'ce-type': 'till.closed' }, { subscription }));
    expect(outcome).toEqual({ kind: 'ack', ignored: true });
    expect(world.store.documents.size).toBe(before);
  });
});

describe('a failing handler', () => {
  it('is tried again by the retry policy, then becomes a dead letter with the reason of its last attempt', async () => {
    const { world, letters } = mesh();
    world.command('till', 'sell', { account: 'main', amount: 500 });
    await world.settle();
    expect(world.outcomes.filter(({ agent }) => agent === 'till').map(({ outcome }) => outcome)).toEqual([
      'nack',
      'nack',
      'nack',
      'nack',
      'dead-letter',
    ]);
    expect(letters()).toMatchObject([
      { code: 'HandlerFailed', letter: { failure: { message: 'the till is broken' }, deliveryAttempts: 5 } },
    ]);
  });

  it('is given up on before Pub/Sub drops the message, where nobody counts its deliveries', async () => {
    const { world, letters, kernelOf } = mesh();
    const sale = { data: { account: 'main', amount: 500 } };
    const { deliveryAttempt: _, ...uncounted } = delivery({ 'ce-type': 'sell', 'ce-id': 's' }, sale);
    const publishTime = new Date(world.clock.now()).toISOString();
    const again = () => kernelOf('till').handle({ ...uncounted, publishTime });
    await world.clock.advance(5 * 86_400_000);
    expect(await again()).toMatchObject({ kind: 'nack' });
    await world.clock.advance(1.5 * 86_400_000);
    expect(await again()).toMatchObject({ kind: 'dead-letter', failure: { code: 'HandlerFailed' } });
    await world.settle();
    expect(letters()).toMatchObject([{ code: 'HandlerFailed' }]);
  });

  it('that refuses is a dead letter when nobody waits for the reply', async () => {
    const { world, letters } = mesh();
    world.command('till', 'sell', { account: 'main', amount: 666 });
    await world.settle();
    expect(letters()).toMatchObject([{ code: 'Rejected', letter: { failure: { reason: 'unlucky' } } }]);
  });

  it('that refuses tells who waits, with no dead letter and no retry', async () => {
    const { world, letters } = mesh();
    world.command(
      'till',
      'sell',
      { account: 'main', amount: 666 },
      { replyto: 'till', runid: 'run-1', stepid: 'step-1', 'ce-id': 'c' },
    );
    await world.settle();
    // The till hosts no workflow, so the reply itself ends as a dead letter: it shows what was sent.
    const [reply, ...others] = letters();
    expect(others).toEqual([]);
    expect(reply?.letter.original.attributes).toMatchObject({
      'ce-type': 'mesh.reply',
      runid: 'run-1',
      stepid: 'step-1',
      causationid: 'c',
    });
    expect(JSON.parse(Buffer.from(reply?.letter.original.data ?? '', 'base64').toString())).toEqual({
      ok: false,
      error: { code: 'Rejected', reason: 'unlucky', message: 'nothing is sold at this price' },
    });
  });
});

describe('a redrive', () => {
  it('handles the original under the identity that it had; a second death is another dead letter', async () => {
    const { world, letters, sales } = mesh();
    world.command('till', 'sell', { account: 'main', amount: 500 });
    await world.settle();
    const [first] = letters();
    if (!first) throw new Error('no dead letter');
    world.publish('mesh-till', toRedrive(first.letter));
    await world.settle();
    expect(letters().map(({ letter }) => letter.original.attributes.redrive)).toEqual([undefined, '1']);
    expect(letters()[1]?.letter.original.attributes['ce-id']).toBe(first.letter.original.messageId);
    expect(sales()).toBeUndefined();
  });

  it('of a message that was handled after all changes nothing', async () => {
    const { world, letters, sales, kernelOf } = mesh();
    const sale = delivery({ 'ce-type': 'sell', 'ce-id': 's', 'ce-source': '/test' }, { data: SALE });
    await kernelOf('till').handle(sale);
    world.publish('mesh-till', { ...sale, attributes: { ...sale.attributes, redrive: '1' } });
    await world.settle();
    expect(sales()).toBe(5);
    expect(letters()).toEqual([]);
  });
});

describe('an original too large for one document', () => {
  it('is kept whole in parts, and redriven whole', async () => {
    const { world, letters } = mesh();
    const data = JSON.stringify({ account: 'é'.repeat(1_500_000), amount: 1 });
    world.command('till', 'sell', data);
    await world.settle();
    const [record] = letters();
    if (!record) throw new Error('no dead letter');
    expect(record.letter.original).toMatchObject({ data: '', chunks: 4 });
    for (const [path, { fields }] of world.store.documents) {
      if (fields.bytes instanceof Uint8Array) expect(fields.bytes.length, path).toBeLessThan(1_000_000);
    }
    const whole = await withChunks(record.letter, `deadLetters/${record.letter.id}`, world.store);
    expect(Buffer.from(toRedrive(whole).data).equals(Buffer.from(data))).toBe(true);
  });
});

describe('a message that comes too early', () => {
  it('is deferred under its own identity and handled once its time has come', async () => {
    const { world, sales } = mesh();
    const notbefore = new Date(world.clock.now() + 3_600_000).toISOString();
    world.command('till', 'sell', SALE, { notbefore });
    await world.settle();
    expect(world.outcomes.filter(({ agent }) => agent === 'till').map(({ outcome }) => outcome)).toEqual([
      'defer',
      'ack',
    ]);
    expect(new Date(world.clock.now()).toISOString() >= notbefore).toBe(true);
    expect(sales()).toBe(5);
  });
});

describe('an effect that another instance is at', () => {
  it('is deferred while the lease lives, and taken over when it has ended', async () => {
    const { world, vault, kernelOf } = mesh();
    const message = delivery(
      { 'ce-type': 'deposit', 'ce-id': 'd', 'ce-source': '/test' },
      { data: { amount: 3 }, subscription: 'mesh-bank' },
    );
    const key = messageKey({ source: '/test', id: 'd' });
    const leaseUntil = new Date(world.clock.now() + 30_000);
    await world.store.commit([
      { kind: 'create', path: inboxPath('bank', key), fields: { status: 'running', leaseUntil } },
    ]);
    expect(await kernelOf('bank').handle(message)).toEqual({
      kind: 'defer',
      until: leaseUntil,
      why: 'lease',
    });
    expect(vault.worked).toBe(0);
    await world.settle();
    expect(vault).toMatchObject({ worked: 1, replayed: 0 });
  });
});

describe('messages that only look like one another', () => {
  it('are each handled, though somebody gives them an attribute that schedules have too', async () => {
    const { world, sales } = mesh();
    for (let time = 0; time < 2; time++) world.command('till', 'sell', SALE, { schedule: 'nightly' });
    await world.settle();
    expect(sales()).toBe(10);
  });
});

describe('an effect that several messages ask for', () => {
  it('is one effect to the provider when their sender says so', async () => {
    const { world, vault } = mesh();
    for (const id of ['first', 'second'])
      world.command(
        'bank',
        'deposit',
        { amount: 3 },
        { 'ce-id': id, 'ce-source': '/test', idempotencykey: 'one' },
      );
    world.command(
      'bank',
      'deposit',
      { amount: 3 },
      { 'ce-id': 'x', 'ce-source': '/other', idempotencykey: 'one' },
    );
    await world.settle();
    expect(vault).toMatchObject({ worked: 2, replayed: 1 });
  });
});

describe('the cost of a step (I5)', () => {
  it('is one read, one commit, and one publish for each topic; an effect has one commit more', async () => {
    const plan = new FaultPlan();
    const counted = new World({ agents: ledgerMesh(new Vault(), plan), plan });
    counted.command('till', 'sell', SALE);
    await counted.settle();
    expect(plan.trace).toEqual([
      'read',
      'commit',
      'publish',
      'publish',
      ...['read', 'commit', 'provider', 'commit'],
      ...['read', 'commit'],
    ]);
  });
});

function delivery(
  attributes: Record<string, string>,
  { data = null, subscription = 'mesh-till' }: { data?: unknown; subscription?: string },
): Delivery {
  return {
    data: Buffer.from(JSON.stringify(data)),
    attributes,
    messageId: 'm-1',
    publishTime: '2026-01-01T00:00:00Z',
    subscription,
    deliveryAttempt: 1,
  };
}

describe('an effect whose claim was made though the answer was lost', () => {
  it('knows its own claim, and goes on at once', async () => {
    const { world, vault, kernelOf } = mesh();
    const { store } = world.ports;
    const commit = store.commit.bind(store);
    let lost = false;
    store.commit = async (writes) => {
      const versions = await commit(writes);
      // What a client makes of it that repeats a commit whose answer was lost.
      if (lost) return versions;
      lost = true;
      throw new MeshError('AlreadyExists', 'the document is there');
    };
    const message = delivery({ 'ce-type': 'deposit', 'ce-id': 'd' }, { data: { amount: 3 } });
    expect(await world.await(kernelOf('bank').handle(message))).toEqual({ kind: 'ack' });
    expect(vault).toMatchObject({ worked: 1, replayed: 0 });
  });
});

describe('a message handled in time whose process died before it published', () => {
  it('is published by the redelivery, though that comes after the deadline', async () => {
    const { world, kernelOf, letters } = mesh();
    const deadline = new Date(world.clock.now() + 5_000).toISOString();
    const sale = delivery({ 'ce-type': 'sell', 'ce-id': 's', deadline }, { data: SALE });
    const publish = world.ports.bus.publish;
    world.ports.bus.publish = async () => {
      throw new MeshError('BusUnavailable', 'gone');
    };
    expect(await kernelOf('till').handle(sale)).toMatchObject({ kind: 'nack' });
    world.ports.bus.publish = publish;
    await world.clock.advance(60_000);
    expect(await kernelOf('till').handle(sale)).toEqual({ kind: 'ack', duplicate: true });
    await world.settle();
    expect(world.store.documents.get('agents/bank/state/all')?.fields).toEqual({ deposits: 1 });
    expect(letters()).toEqual([]);
  });
});

describe('an error that quotes a secret', () => {
  it('is in the dead letter without it (I12)', async () => {
    const { world, letters } = mesh();
    world.command('till', 'sell', { account: 'main', amount: 501 });
    await world.settle();
    expect(letters()).toMatchObject([{ letter: { failure: { message: 'the till says [redacted]' } } }]);
  });
});

describe('a dead letter that its recorder gives up on', () => {
  it('is kept with the reason that it came with', async () => {
    const { world, letters } = mesh();
    const { store } = world.ports;
    const commit = store.commit.bind(store);
    store.commit = async (writes) => {
      if (writes.some(({ path }) => path.startsWith('deadLetters/')))
        throw new MeshError('StoreUnavailable', 'down');
      return commit(writes);
    };
    world.command('till', 'sell', 'rubbish');
    await world.settle();
    expect(letters()).toEqual([]);
    expect(world.kept).toHaveLength(1);
    const [kept] = world.kept;
    expect(Buffer.from(kept?.message.data ?? []).toString()).toBe('rubbish');
    expect(kept?.message.attributes).toMatchObject({ deadlettercode: 'NotJson', deadletteragent: 'till' });
  });
});
