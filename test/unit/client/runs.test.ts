import { describe, expect, test } from 'vitest';
import { MeshAccess } from '../../../shared/client/mesh-access.ts';
import { MeshClient } from '../../../shared/client/mesh-client.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import { messageKey, runIdOf } from '../../../shared/contract/keys.ts';
import { inboxPath, runPath } from '../../../shared/contract/names.ts';
import { purgeRuns } from '../../../shared/workflow/runs/index.ts';
import { clientMesh, desk, quotes } from '../../support/client-mesh.ts';

const APPROVED = { order: 'o-1', by: 'kim' };

describe('starting a run', () => {
  test('begins it, and its output comes typed', async () => {
    const { client, settled } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'o-1' });
    expect(handle.runId).toBe(runIdOf('sell', 'o-1'));
    expect((await settled(handle.read())).status).toBe('running');
    await handle.signal('approve', { by: 'kim' });
    const output: { order: string; by: string } = await settled(handle.result());
    expect(output).toEqual(APPROVED);
  });

  test('is durable before it resolves, and rejects where nothing was sent', async () => {
    const { world, access } = clientMesh();
    const bus = {
      publish: async () => {
        throw new MeshError('BusUnavailable', 'it is down');
      },
    };
    const down = new MeshClient(new MeshAccess({ ...access.ports, bus }, 'mesh', '/client'));
    await expect(down.start(desk.sell, { order: 'o-1' })).rejects.toMatchObject({ code: 'BusUnavailable' });
    await world.settle();
    expect(world.store.documents.size).toBe(0);
  });

  test('a second time with the same input is the same run; another input is refused with RunExists, before anything is sent', async () => {
    const { client, world, settled } = clientMesh();
    const first = await client.start(desk.sell, { order: 'o-1' });
    await settled(first.read());
    const { length } = world.outcomes;
    const second = await client.start(desk.sell, { order: 'o-1' });
    expect(second.runId).toBe(first.runId);
    const other = client.start(desk.sell, { order: 'o-1', gift: true });
    await expect(other).rejects.toMatchObject({ code: 'RunExists', field: 'input' });
    await world.settle();
    expect(world.outcomes).toHaveLength(length);
  });

  test('with another input at the same moment is refused by the result of whoever came second', async () => {
    const { client, settled } = clientMesh();
    const [first, second] = await Promise.all([
      client.start(desk.sell, { order: 'o-1' }),
      client.start(desk.sell, { order: 'o-1', gift: true }),
    ]);
    await settled(first.read());
    await first.signal('approve', { by: 'kim' });
    expect(await settled(first.result())).toEqual(APPROVED);
    await expect(settled(second.result())).rejects.toMatchObject({ code: 'RunExists' });
    await expect(settled(second.read())).rejects.toMatchObject({ code: 'RunExists' });
  });

  test('of a workflow without a key is one run for each idempotency key', async () => {
    const { client, settled, world } = clientMesh();
    const key = { idempotencyKey: 'monday' };
    const handles = await Promise.all([
      client.start(desk.nightly, { day: 'mon' }, key),
      client.start(desk.nightly, { day: 'mon' }, key),
      client.start(desk.nightly, { day: 'mon' }),
    ]);
    const ids = new Set(handles.map(({ runId }) => runId));
    expect(ids.size).toBe(2);
    const [output] = await settled(Promise.all(handles.map((handle) => handle.result())));
    expect(output).toBe(`mon by ${handles[0]?.runId}`);
    const runs = [...world.store.documents.keys()].filter((path) => path.startsWith('workflows/'));
    expect(runs).toHaveLength(2);
    // And later, by another process.
    const again = await client.start(desk.nightly, { day: 'mon' }, key);
    expect(await again.result()).toBe(output);
    const other = client.start(desk.nightly, { day: 'tue' }, key);
    await expect(other).rejects.toMatchObject({ code: 'RunExists' });
  });

  test('with an input that does not fit is refused before it is sent', async () => {
    const { client } = clientMesh();
    const wrong = client.start(desk.sell, { order: 4 } as never);
    await expect(wrong).rejects.toMatchObject({ code: 'SchemaMismatch', field: 'order' });
    await expect(client.start(desk.sell, { order: '' })).rejects.toMatchObject({
      code: 'SchemaMismatch',
      field: 'order',
    });
  });

  test('that becomes a dead letter rejects with its reason', async () => {
    const { client, settled, world } = clientMesh();
    const handle = await client.start({ ...desk.sell, type: 'desk.unknown' }, { order: 'o-1' });
    await expect(settled(handle.result())).rejects.toMatchObject({ code: 'UnknownMessage' });
    await expect(settled(handle.read())).rejects.toMatchObject({ code: 'UnknownMessage' });
    expect(world.store.documents.has(runPath(handle.runId))).toBe(false);
  });

  test('with a large input goes by claim check', async () => {
    const { client, settled } = clientMesh();
    const input = { order: 'o-1', note: 'x'.repeat(300_000) };
    const handle = await client.start(desk.sell, input);
    // The same input is the same start, wherever it is kept.
    await settled(handle.read());
    expect((await client.start(desk.sell, input)).runId).toBe(handle.runId);
  });
});

describe('the result of a run', () => {
  test('that fails is its failure, with code and reason', async () => {
    const { client, settled } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'broken' });
    await expect(settled(handle.result())).rejects.toMatchObject({ code: 'Rejected', reason: 'too_large' });
    expect(await handle.end()).toMatchObject({ status: 'failed', failure: { reason: 'too_large' } });
    const gone = await client.start(desk.sell, { order: 'GONE' });
    await expect(settled(gone.result())).rejects.toMatchObject({ code: 'Rejected', reason: 'out_of_stock' });
  });

  test('that is cancelled or terminated says so', async () => {
    const { client, settled } = clientMesh();
    const [one, two] = await Promise.all([
      client.start(desk.sell, { order: 'o-1' }),
      client.start(desk.sell, { order: 'o-2' }),
    ]);
    await one.cancel({ reason: 'ordered by mistake' });
    await two.terminate({ compensate: false });
    await expect(settled(one.result())).rejects.toMatchObject({
      code: 'RunCancelled',
      message: 'the run was cancelled: ordered by mistake',
    });
    await expect(settled(two.result())).rejects.toMatchObject({ code: 'RunTerminated' });
    await expect(one.cancel()).rejects.toMatchObject({ code: 'RunEnded' });
    await expect(one.signal('approve', { by: 'kim' })).rejects.toMatchObject({ code: 'RunEnded' });
  });

  test('that continued as new is that of its last end, asked of either id', async () => {
    const { client, settled, world } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'o-1', pages: 2 });
    await settled(handle.read());
    await handle.signal('approve', { by: 'kim' });
    expect(await settled(handle.result())).toEqual(APPROVED);
    const before = [...world.store.documents.values()].find(({ fields }) => fields.status === 'continued');
    const kept = client.run(desk.sell, { runId: before?.path.split('/')[1] ?? '' });
    expect(await kept.result()).toEqual(APPROVED);
    // The input that the run was first started with is still the same start.
    expect((await client.start(desk.sell, { order: 'o-1', pages: 2 })).runId).toBe(handle.runId);
  });

  test('that does not come in time says what the run waits for, or why it stands still', async () => {
    const { client, settled } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'o-1' });
    await expect(settled(handle.result({ timeout: '10s' }))).rejects.toMatchObject({
      code: 'Timeout',
      message: expect.stringContaining('is running, waiting for signal approve'),
    });
    await handle.pause({ reason: 'strike' });
    await expect(settled(handle.result({ timeout: '10s' }))).rejects.toMatchObject({
      code: 'Timeout',
      message: expect.stringContaining('is paused: strike'),
      hint: expect.stringContaining('mesh runs resume'),
    });
    await handle.resume();
    await handle.signal('approve', { by: 'kim' });
    expect(await settled(handle.result())).toEqual(APPROVED);
  });

  test('of a run that has not begun says so', async () => {
    const { client, world } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'o-1' });
    const late = expect(handle.result({ timeout: '5s' })).rejects.toMatchObject({
      code: 'Timeout',
      message: expect.stringContaining('has not begun'),
    });
    for (let second = 0; second < 7; second++) await world.clock.advance(1_000);
    await late;
  });

  test('of a run that nobody started is RunNotFound, after a minute', async () => {
    const { client, settled } = clientMesh();
    const handle = client.run(desk.sell, { key: 'nobody' });
    await expect(handle.read()).rejects.toMatchObject({ code: 'RunNotFound' });
    await expect(settled(handle.result())).rejects.toMatchObject({ code: 'RunNotFound' });
  });

  test('of a run that is purged while it is waited for is RunNotFound', async () => {
    const { client, world, settled } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'o-1' });
    await settled(handle.read());
    const waiting = expect(handle.result()).rejects.toMatchObject({
      code: 'RunNotFound',
      message: expect.stringContaining('was deleted'),
    });
    await world.clock.advance(100);
    await world.store.commit([{ kind: 'delete', path: runPath(handle.runId) }]);
    await world.clock.advance(5_000);
    await waiting;
  });

  test('survives an outage of the store of less than a minute, and no longer one', async () => {
    const { world, access, settled } = clientMesh();
    let down = false;
    const store = {
      ...access.ports.store,
      commit: access.ports.store.commit.bind(world.store),
      query: access.ports.store.query.bind(world.store),
      read: async (paths: readonly string[]) => {
        if (down) throw new MeshError('StoreUnavailable', 'it is down');
        return world.store.read(paths);
      },
    };
    const client = new MeshClient(new MeshAccess({ ...access.ports, store }, 'mesh', '/client'));
    const handle = await client.start(desk.sell, { order: 'o-1' });
    await settled(handle.read());
    const waiting = handle.result();
    waiting.catch(() => {});
    await world.clock.advance(1_000);
    down = true;
    for (let second = 0; second < 40; second++) await world.clock.advance(1_000);
    down = false;
    await handle.signal('approve', { by: 'kim' });
    expect(await settled(waiting)).toEqual(APPROVED);
    down = true;
    await expect(handle.result()).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });
});

describe('a handle of a run', () => {
  test('sends a signal that its contract declares only with a payload that fits', async () => {
    const { client, settled } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'o-1' });
    await settled(handle.read());
    await expect(handle.signal('approve', { by: 7 } as never)).rejects.toMatchObject({
      code: 'SchemaMismatch',
      field: 'by',
    });
  });

  test('sends a signal once for each idempotency key', async () => {
    const { client, settled, world } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'o-1' });
    await settled(handle.read());
    const { id } = await handle.signal('approve', { by: 'kim' }, { idempotencyKey: 'a' });
    expect((await handle.signal('approve', { by: 'kim' }, { idempotencyKey: 'a' })).id).toBe(id);
    await settled(handle.result());
    expect(world.store.documents.has(inboxPath('desk', messageKey({ source: '/client', id })))).toBe(true);
  });

  test('may signal before the run has begun, and reads its steps', async () => {
    const { client, settled } = clientMesh();
    const handle = client.run(desk.sell, { key: 'o-1' });
    await handle.signal('approve', { by: 'kim' });
    await client.start(desk.sell, { order: 'o-1' });
    expect(await settled(handle.result())).toEqual(APPROVED);
    expect((await handle.steps()).map(({ operation }) => operation)).toEqual(['call', 'signal']);
  });

  test('that is not typed needs nothing but the id; one of a run that is not there can tell it nothing', async () => {
    const { client, settled } = clientMesh();
    const { runId } = await client.start(desk.sell, { order: 'o-1' });
    const handle = client.runById(runId);
    await expect(handle.cancel()).rejects.toMatchObject({ code: 'RunNotFound' });
    await settled((await client.start(desk.sell, { order: 'o-1' })).read());
    await handle.signal('approve', { by: 'kim' });
    expect(await settled(handle.result())).toEqual(APPROVED);
  });
});

describe('an update of a run', () => {
  test('is answered, typed, once for each idempotency key', async () => {
    const { client, settled } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'o-1' });
    const key = { idempotencyKey: 'click-1' };
    const { items } = await settled(handle.update('add', { item: 'tea' }, key));
    expect(items).toBe(1);
    expect(await settled(handle.update('add', { item: 'tea' }, key))).toEqual({ items: 1 });
    expect(await settled(handle.update('add', { item: 'tea' }))).toEqual({ items: 2 });
    const other = settled(handle.update('add', { item: 'milk' }, key));
    await expect(other).rejects.toMatchObject({ code: 'IdempotencyKeyReused' });
  });

  test('that the run refuses, or has ended before, rejects with its failure, and is no dead letter', async () => {
    const { client, settled, world } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'o-1' });
    for (const item of ['tea', 'milk']) await settled(handle.update('add', { item }));
    const refused = settled(handle.update('add', { item: 'salt' }));
    await expect(refused).rejects.toMatchObject({ code: 'Rejected', reason: 'full' });
    await handle.signal('approve', { by: 'kim' });
    await settled(handle.result());
    await expect(settled(handle.update('add', { item: 'salt' }))).rejects.toMatchObject({ code: 'RunEnded' });
    expect([...world.store.documents.keys()].filter((path) => path.startsWith('deadLetters/'))).toEqual([]);
  });

  test('that does not fit, or is not declared, is refused before it is sent', async () => {
    const { client, world } = clientMesh();
    const handle = client.run(desk.sell, { key: 'o-1' });
    const wrong = handle.update('add', { item: 7 } as never);
    await expect(wrong).rejects.toMatchObject({ code: 'SchemaMismatch', field: 'item' });
    const undeclared = handle.update('remove' as 'add', { item: 'tea' });
    await expect(undeclared).rejects.toMatchObject({ code: 'UpdateNotDeclared' });
    const untyped = client.runById(handle.runId).update('add', { item: 'tea' } as never);
    await expect(untyped).rejects.toMatchObject({ code: 'UpdateNotDeclared' });
    await world.settle();
    expect(world.outcomes).toEqual([]);
  });

  test('of a run that nobody started rejects with the reason of its dead letter', async () => {
    const { client, settled } = clientMesh();
    const lost = settled(client.run(desk.sell, { key: 'nobody' }).update('add', { item: 'tea' }));
    await expect(lost).rejects.toMatchObject({ code: 'RunNotFound' });
  });
});

describe('a query of a run', () => {
  test('is answered, typed, without waking the run; of one that was just started once it has begun', async () => {
    const { client, settled, world } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'o-1' });
    const { of } = await settled(handle.query('stage'));
    expect(of).toBe('o-1');
    const { length } = world.outcomes;
    await handle.query('stage');
    expect(world.outcomes).toHaveLength(length);
    expect((await client.runById(handle.runId).query('stage')) as object).toMatchObject({ of: 'o-1' });
  });

  test('that it has not answered is NotFound; of no run RunNotFound; that its code could not answer QueryFailed', async () => {
    const { client, settled, world } = clientMesh();
    await expect(client.run(desk.sell, { key: 'nobody' }).query('stage')).rejects.toMatchObject({
      code: 'RunNotFound',
    });
    const broken = await client.start(desk.sell, { order: 'broken' });
    await expect(settled(broken.query('stage'))).rejects.toMatchObject({ code: 'NotFound', field: 'name' });
    const handle = await client.start(desk.sell, { order: 'o-1' });
    await settled(handle.read());
    const failure = { code: 'QueryFailed', message: 'no idea' };
    const answers = JSON.stringify({ stage: { at: 0, failure } });
    await world.store.commit([{ kind: 'patch', path: runPath(handle.runId), fields: { queries: answers } }]);
    await expect(handle.query('stage')).rejects.toMatchObject(failure);
    const odd = JSON.stringify({ stage: { at: 0, value: { of: 7 } } });
    await world.store.commit([{ kind: 'patch', path: runPath(handle.runId), fields: { queries: odd } }]);
    await expect(handle.query('stage')).rejects.toMatchObject({ code: 'OutputInvalid' });
  });
});

describe('finding runs', () => {
  test('lists them a page at a time, by what they are', async () => {
    const { client, settled, world } = clientMesh();
    for (const order of ['o-1', 'o-2', 'broken']) {
      await settled((await client.start(desk.sell, { order })).read());
      await world.clock.advance(1_000);
    }
    const first = await client.list({ workflow: desk.sell }, { limit: 2 });
    expect(first.runs.map(({ key }) => key)).toEqual(['broken', 'o-2']);
    const { next: page = '' } = first;
    expect((await client.list({ workflow: 'sell' }, { limit: 2, page })).runs.map(({ key }) => key)).toEqual([
      'o-1',
    ]);
    await expect(client.list({ status: 'failed' }, { page })).rejects.toMatchObject({ code: 'UsageInvalid' });
    expect((await client.list({ status: 'failed' })).runs).toMatchObject([
      { key: 'broken', failure: { code: 'Rejected' } },
    ]);
    expect((await (await client.find('o-1')).read()).key).toBe('o-1');
    await expect(client.find('nobody')).rejects.toMatchObject({ code: 'RunNotFound' });
  });

  test('finds none that was purged, whose key can be used again', async () => {
    const { client, settled, world } = clientMesh();
    const handle = await client.start(desk.sell, { order: 'broken' });
    await expect(settled(handle.result())).rejects.toThrow();
    await purgeRuns(world.store, { endedBefore: new Date(world.clock.now() + 1) });
    expect((await client.list()).runs).toEqual([]);
    await expect(
      settled((await client.start(desk.sell, { order: 'broken', gift: true })).result()),
    ).rejects.toMatchObject({
      code: 'Rejected',
    });
  });
});

test('an event goes to the topic of events, once for each key', async () => {
  const { client, world } = clientMesh();
  const sent: string[] = [];
  const publish = world.publish.bind(world);
  world.publish = (topic, ...messages) => {
    sent.push(
      ...messages.map(({ attributes }) => `${topic} ${attributes['ce-type']} ${attributes['ce-id']}`),
    );
    publish(topic, ...messages);
  };
  await client.publish(quotes.priced, { sku: 'MUG' }, { idempotencyKey: 'a' });
  await client.publish(quotes.priced, { sku: 'MUG' }, { idempotencyKey: 'a' });
  expect(new Set(sent).size).toBe(1);
  expect(sent[0]).toMatch(/^mesh-events quotes\.priced /);
  await expect(client.publish(quotes.priced, { sku: 1 } as never)).rejects.toMatchObject({ field: 'sku' });
});
