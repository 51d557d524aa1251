import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { inventory, type Stock, stockKey } from '../../../agents/inventory/contract.ts';
import { handlers } from '../../../agents/inventory/handler.ts';
import { AgentTest, ManualClock } from '../../../shared/testing/index.ts';

const tea = (quantity: number) => ({ sku: 'TEA', quantity });
const mug = (quantity: number) => ({ sku: 'MUG', quantity });

let desk: AgentTest<typeof inventory>;
const stock = (sku: string) => desk.state.get(stockKey(sku)) as Promise<Stock>;

beforeEach(async () => {
  desk = new AgentTest({ agent: inventory, handlers, clock: new ManualClock() });
  await desk.send(inventory.restock, { lines: [tea(10), mug(2)] });
});

describe('a reservation', () => {
  const order = { orderId: 'o-1', lines: [tea(3), mug(1)] };

  test('takes its articles from the stock, once per order', async () => {
    await desk.send(inventory.reserve, order);
    await desk.send(inventory.reserve, order);
    expect(await stock('TEA')).toMatchObject({ available: 7, reserved: 3, received: 10 });
    expect(await stock('MUG')).toMatchObject({ available: 1, reserved: 1 });
    expect(desk.events).toEqual([]);
  });

  test('takes all lines or none, and names the article that ran out', async () => {
    const error = await desk.fail(inventory.reserve, { orderId: 'o-1', lines: [tea(3), mug(3)] });
    expect(error).toMatchObject({ code: 'Rejected', reason: 'out_of_stock', field: 'lines.1.sku' });
    expect(error.message).toContain('MUG');
    expect((await stock('TEA')).available).toBe(10);
  });

  test('counts an article that is named twice as one', async () => {
    expect(await desk.fail(inventory.reserve, { orderId: 'o-1', lines: [mug(1), mug(2)] })).toMatchObject({
      reason: 'out_of_stock',
    });
    await desk.send(inventory.reserve, { orderId: 'o-2', lines: [tea(4), tea(5)] });
    expect((await stock('TEA')).available).toBe(1);
  });

  test('of an unknown article is rejected', async () => {
    expect(
      await desk.fail(inventory.reserve, { orderId: 'o-1', lines: [{ sku: 'NONE', quantity: 1 }] }),
    ).toMatchObject({
      reason: 'unknown_sku',
      field: 'lines.0.sku',
    });
  });

  test('of the last one is published', async () => {
    await desk.send(inventory.reserve, { orderId: 'o-1', lines: [mug(2)] });
    expect(desk.published(inventory['stock-depleted'])).toEqual([{ sku: 'MUG', orderId: 'o-1' }]);
  });

  test('of other articles under the same order is refused', async () => {
    await desk.send(inventory.reserve, order);
    expect(await desk.fail(inventory.reserve, { orderId: 'o-1', lines: [tea(1)] })).toMatchObject({
      reason: 'order_mismatch',
    });
  });

  test('of the last one goes to one of two orders that ask at once', async () => {
    const asked = ['o-1', 'o-2'].map((orderId) => desk.send(inventory.reserve, { orderId, lines: [mug(2)] }));
    const ends = (await Promise.allSettled(asked)).map(({ status }) => status).sort();
    expect(ends).toEqual(['fulfilled', 'rejected']);
    expect((await stock('MUG')).available).toBe(0);
  });
});

describe('a release', () => {
  const order = { orderId: 'o-1', lines: [tea(3)] };

  test('gives back what the order holds, once', async () => {
    await desk.send(inventory.reserve, order);
    expect(await desk.send(inventory.release, order)).toMatchObject({ lines: [tea(3)] });
    expect(await desk.send(inventory.release, order)).toMatchObject({ lines: [] });
    expect(await stock('TEA')).toMatchObject({ available: 10, reserved: 0 });
  });

  test('that comes first has the reservation refused, for good', async () => {
    await desk.send(inventory.release, order);
    expect(await desk.fail(inventory.reserve, order)).toMatchObject({
      code: 'Rejected',
      reason: 'reservation_released',
    });
    expect((await stock('TEA')).available).toBe(10);
  });
});

test('a restock adds to what there is, and begins what there is not', async () => {
  const lines = [tea(5), { sku: 'CUP', quantity: 1 }];
  expect(await desk.send(inventory.restock, { lines })).toEqual({
    stock: [
      { sku: 'TEA', available: 15 },
      { sku: 'CUP', available: 1 },
    ],
  });
});

test('whatever comes in whatever order, stock is neither made nor lost', async () => {
  const lines = fc.array(
    fc.record({ sku: fc.constantFrom('TEA', 'MUG'), quantity: fc.integer({ min: 1, max: 4 }) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  );
  // The lines of an order are always the same: only what is asked of it, and when, differs.
  const orders = fc.tuple(lines, lines, lines);
  const steps = fc.array(
    fc.record({
      ref: fc.constantFrom(inventory.reserve, inventory.reserve, inventory.release),
      order: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 15 },
  );
  await fc.assert(
    fc.asyncProperty(orders, steps, async (linesOf, plan) => {
      desk = new AgentTest({ agent: inventory, handlers, clock: new ManualClock() });
      await desk.send(inventory.restock, { lines: [tea(5), mug(5)] });
      const send = ({ ref, order }: (typeof plan)[number]) =>
        desk.send(ref, { orderId: `o-${order}`, lines: linesOf[order] ?? [] }).catch(() => undefined);
      await Promise.all(plan.map(send));
      for (const sku of ['TEA', 'MUG']) {
        const { available, reserved, received } = await stock(sku);
        expect(available + reserved).toBe(received);
      }
      for (const order of [0, 1, 2]) await send({ ref: inventory.release, order });
      for (const sku of ['TEA', 'MUG']) expect(await stock(sku)).toMatchObject({ available: 5 });
    }),
  );
});
