import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { MeshError, rejected } from '../../../shared/contract/index.ts';
import { fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { undo } from '../../../shared/workflow/index.ts';
import { selling, started } from './examples.ts';
import { desk, shop } from './shop.ts';

const charged = fake(shop.charge, () => ({ charge: 'c-1' }));
const refunded = fake(shop.refund, () => undefined);
const shipped = fake(shop.ship, () => ({ tracking: 't-1' }));
const typesOf = (test: WorkflowTest) => test.commands.map(({ type }) => type);

it('wf.call', async () => {
  const sell: Parameters<typeof selling>[0] = async (wf, { order }) => {
    // #region call
    const { charge } = await wf.call(shop.charge, { order }, { timeout: '5s' });
    const { tracking } = await wf.call(shop.ship, { order });
    // #endregion
    return { charge, tracking };
  };
  const test = await started(sell, charged, shipped);
  expect(test.run).toMatchObject({ status: 'completed', output: { charge: 'c-1', tracking: 't-1' } });
  const late = await started(sell);
  await late.advance('5s');
  expect(late.run.failure).toMatchObject({ code: 'StepTimeout' });
});

it('compensate', async () => {
  const sell: Parameters<typeof selling>[0] = async (wf, { order }) => {
    // #region compensate
    await wf.call(
      shop.charge,
      { order },
      { timeout: '5s', compensate: undo(shop.refund, ({ output }) => ({ order, ...output })) },
    );
    await wf.call(shop.ship, { order });
    // #endregion
  };
  const lost = fake(shop.ship, () => Promise.reject(rejected('lost', 'it is lost')));
  const known = await started(sell, charged, refunded, lost);
  expect(known.commands.at(-1)).toMatchObject({
    type: 'shop.refund',
    input: { order: 'o-1', charge: 'c-1' },
  });
  const unknown = await started(sell, refunded);
  await unknown.advance('5s');
  expect(unknown.commands.at(-1)).toMatchObject({ type: 'shop.refund', input: { order: 'o-1' } });
  const declined = fake(shop.charge, () => Promise.reject(rejected('card_declined', 'no')));
  expect(typesOf(await started(sell, declined, refunded))).toEqual(['shop.charge']);
});

it('retry', async () => {
  let attempts = 0;
  const flaky = (code: 'ProviderFailed' | 'Rejected') =>
    fake(shop.charge, () => {
      attempts += 1;
      if (code === 'Rejected') throw rejected('card_declined', 'no');
      if (attempts < 3) throw new MeshError(code, 'it fails');
      return { charge: 'c-1' };
    });
  const sell: Parameters<typeof selling>[0] = async (wf, { order }) => {
    // #region retry
    await wf.call(
      shop.charge,
      { order },
      { retry: { maxAttempts: 3, on: ['ProviderFailed', 'rate_limited'], unless: ['card_declined'] } },
    );
    // #endregion
  };
  const test = await started(sell, flaky('ProviderFailed'));
  await test.advance('1s');
  await test.advance('2s');
  expect([attempts, test.run.status]).toEqual([3, 'completed']);
  attempts = 0;
  expect((await started(sell, flaky('Rejected'))).run.status).toBe('failed');
  expect(attempts).toBe(1);
});

it('wf.signal', async () => {
  const sell: Parameters<typeof selling>[0] = async (wf) => {
    // #region signal
    const Approval = z.object({ by: z.string() });
    const { by } = await wf.signal('approve', { schema: Approval, timeout: '2d' });
    // #endregion
    return by;
  };
  const test = await started(sell);
  expect(test.run.waitingFor).toEqual(['signal approve']);
  await test.signal('approve', { by: 7 });
  expect(test.deadLetters).toMatchObject([{ code: 'SchemaMismatch', field: 'payload.by' }]);
  await test.signal('approve', { by: 'kim' });
  expect(test.run.output).toBe('kim');
  const late = await started(sell);
  await late.advance('2d');
  expect(late.run.failure?.code).toBe('SignalTimeout');
});

it('wf.publish', async () => {
  const test = await started(async (wf, { order }) => {
    const { tracking } = await wf.call(shop.ship, { order });
    // #region publish
    wf.publish(desk.shipped, { order, tracking });
    // #endregion
  }, shipped);
  expect(test.events.map(({ type, input }) => [type, input])).toEqual([
    ['desk.shipped', { order: 'o-1', tracking: 't-1' }],
  ]);
});

it('wf.sleep and wf.until', async () => {
  const test = await started(async (wf) => {
    // #region sleep
    await wf.sleep('36h');
    await wf.until(new Date('2026-03-01T09:00:00Z'));
    // #endregion
  });
  await test.advance('36h');
  expect(test.run.waitingFor).toHaveLength(1);
  await test.advance('60d');
  expect(test.run.endedAt?.toISOString()).toBe('2026-03-01T09:00:00.000Z');
});

it('wf.now, wf.uuid, wf.random and wf.sideEffect', async () => {
  let asked = 0;
  const readRates = async (_signal: AbortSignal) => ({ usd: ++asked });
  const test = await started(async (wf, { order }) => {
    // #region chance
    const placedAt = wf.now().toISOString();
    const receipt = wf.uuid();
    const chosen = wf.random() < 0.1;
    const rates = await wf.sideEffect('rates', ({ signal }) => readRates(signal), {
      timeout: '5s',
      retry: { maxAttempts: 5, minBackoff: '500ms' },
    });
    // #endregion
    await wf.call(shop.ship, { order });
    return { placedAt, receipt, chosen, rates, draws: [wf.random(), wf.random()] };
  }, shipped);
  const { placedAt, receipt, draws } = test.run.output as {
    placedAt: string;
    receipt: string;
    draws: number[];
  };
  expect(placedAt).toBe('2026-01-01T00:00:00.000Z');
  expect(receipt).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  for (const draw of draws) expect(draw >= 0 && draw < 1).toBe(true);
  expect(new Set(draws).size).toBe(2);
  expect(asked).toBe(1);
});

it('the test kit', async () => {
  const sell = selling(async (wf, { order }) => {
    await wf.call(shop.charge, { order });
    await wf.signal('approve', { schema: z.object({ by: z.string() }) });
    await wf.call(shop.ship, { order });
    await wf.sleep('5s');
  });
  // #region test-kit
  const test = new WorkflowTest({
    agent: desk,
    workflows: [sell],
    fakes: [fake(shop.charge, () => ({ charge: 'c-1' })), fake(shop.ship, () => ({ tracking: 't-1' }))],
  });
  await test.start(desk.sell, { order: 'o-1' });
  await test.signal('approve', { by: 'kim' });
  expect(test.commands.map(({ type }) => type)).toEqual(['shop.charge', 'shop.ship']);
  await test.advance('5s');
  expect(test.run.status).toBe('completed');
  // #endregion
});
