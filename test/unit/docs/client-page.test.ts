import { expect, test as it } from 'vitest';
import { createClient } from '../../../shared/client/index.ts';
import { MeshError } from '../../../shared/contract/index.ts';
import { clientMesh, desk, quotes } from '../../support/client-mesh.ts';

it('connecting', async () => {
  // #region connect
  const client = createClient({ project: 'my-project', prefix: 'mesh', source: '/shop-web' });
  // #endregion
  await client.close();
});

it('starting a run, and its result', async () => {
  const { client, settled } = clientMesh();
  const body = async () => {
    // It overtakes the start, and is kept for it.
    await client.run(desk.sell, { key: 'o-1' }).signal('approve', { by: 'kim' });
    // #region start
    const handle = await client.start(desk.sell, { order: 'o-1' });
    const { by } = await handle.result({ timeout: '2m' });
    // #endregion
    return by;
  };
  expect(await settled(body())).toBe('kim');
});

it('starting once', async () => {
  const { client, settled } = clientMesh();
  const body = async () => {
    // #region once
    const first = await client.start(desk.nightly, { day: 'monday' }, { idempotencyKey: 'monday' });
    const again = await client.start(desk.nightly, { day: 'monday' }, { idempotencyKey: 'monday' });
    expect(again.runId).toBe(first.runId);
    const other = client.start(desk.nightly, { day: 'tuesday' }, { idempotencyKey: 'monday' });
    await expect(other).rejects.toMatchObject({ code: 'RunExists' });
    // #endregion
  };
  // The second start finds the run of the first.
  await settled((await client.start(desk.nightly, { day: 'monday' }, { idempotencyKey: 'monday' })).read());
  await settled(body());
});

it('failures', async () => {
  const { client, settled } = clientMesh();
  const told: (string | undefined)[] = [];
  const body = async () => {
    const handle = await client.start(desk.sell, { order: 'GONE' });
    // #region failure
    try {
      await handle.result({ timeout: '2m' });
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      const { code, reason, field } = error;
      told.push(code, reason, field);
    }
    // #endregion
  };
  await settled(body());
  expect(told).toEqual(['Rejected', 'out_of_stock', 'sku']);
});

it('signals and queries', async () => {
  const { client, settled } = clientMesh();
  const body = async () => {
    await (await client.start(desk.sell, { order: 'o-1' })).query('stage');
    // #region signal
    const handle = client.run(desk.sell, { key: 'o-1' });
    const { asked } = await handle.query('stage');
    await handle.signal('approve', { by: 'kim' }, { idempotencyKey: 'approval-of-o-1' });
    // #endregion
    return [typeof asked, (await handle.result()).by];
  };
  expect(await settled(body())).toEqual(['string', 'kim']);
});

it('updates', async () => {
  const { client, settled } = clientMesh();
  const body = async () => {
    const handle = await client.start(desk.sell, { order: 'o-1' });
    // #region update
    const click = { idempotencyKey: 'click-17', timeout: '10s' } as const;
    const { items } = await handle.update('add', { item: 'tea' }, click);
    // #endregion
    return items;
  };
  expect(await settled(body())).toBe(1);
});

it('steering', async () => {
  const { client, settled } = clientMesh();
  const body = async () => {
    const handle = await client.start(desk.sell, { order: 'o-1' });
    await handle.read();
    // #region steer
    await handle.pause({ reason: 'the courier is on strike' });
    await handle.resume();
    await handle.cancel({ reason: 'ordered by mistake' });
    const { status, failure } = await handle.end({ timeout: '2m' });
    // #endregion
    return [status, failure?.code];
  };
  expect(await settled(body())).toEqual(['cancelled', 'RunCancelled']);
});

it('reading', async () => {
  const { client, settled } = clientMesh();
  const body = async () => {
    await (await client.start(desk.sell, { order: 'o-1', buyer: 'ada' })).query('stage');
    // #region read
    const { runs, next } = await client.list(
      { workflow: desk.sell, status: 'running', attributes: { buyer: 'ada' } },
      { limit: 50 },
    );
    const handle = client.runById(runs[0]?.runId ?? '');
    const { waitingFor, attributes } = await handle.read();
    const steps = await handle.steps();
    // #endregion
    return { next, waitingFor, attributes, steps: steps.map(({ operation }) => operation) };
  };
  const found = await settled(body());
  expect(found).toMatchObject({ next: undefined, attributes: { buyer: 'ada' } });
  expect(found.steps[0]).toBe('call');
});

it('commands', async () => {
  const { client, settled, books } = clientMesh();
  const body = async () => {
    // #region command
    const { total } = await client.command(quotes.quote, { sku: 'MUG', count: 3 }, { timeout: '10s' });
    const payment = await client.send(quotes.pay, { sku: 'MUG' }, { idempotencyKey: 'payment-17' });
    const { paid } = await payment.answer({ timeout: '1m' });
    // #endregion
    return [total, paid];
  };
  expect(await settled(body())).toEqual([750, 'MUG']);
  expect(books.paid).toEqual(['MUG']);
});

it('events', async () => {
  const { client } = clientMesh();
  // #region publish
  await client.publish(quotes.priced, { sku: 'MUG' }, { idempotencyKey: 'price-of-MUG-7' });
  // #endregion
});
