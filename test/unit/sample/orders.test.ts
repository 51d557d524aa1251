import { expect, test } from 'vitest';
import { inventory } from '../../../agents/inventory/contract.ts';
import { Order } from '../../../agents/orders/contract.ts';
import { generateCatalogue, restocksOf } from '../../../cli/sample/catalogue.ts';
import { generateOrders, isDeliverable, isPayable, isReachable } from '../../../cli/sample/orders.ts';

const today = '2026-01-01';
const shop = (seed: number, count = 200) => {
  const catalogue = generateCatalogue({ seed, orders: count });
  return { catalogue, orders: generateOrders({ seed, count, catalogue, today }) };
};

test('the same seed gives the same shop, another seed another one', () => {
  expect(shop(7)).toEqual(shop(7));
  expect(shop(7).orders).not.toEqual(shop(8).orders);
  expect(shop(7).catalogue).not.toEqual(shop(8).catalogue);
});

test.each([1, 2, 7])('the orders of seed %i are valid, each of its own', (seed) => {
  const { catalogue, orders } = shop(seed);
  const prices = new Map(catalogue.map(({ sku, price }) => [sku, price]));
  expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(200);
  for (const order of orders) {
    Order.parse(order);
    for (const { sku, unitPrice } of order.lines) expect(unitPrice).toBe(prices.get(sku));
    if (order.deliverAfter) expect(order.deliverAfter > today).toBe(true);
  }
});

test.each([1, 2, 7])(
  'a few orders of seed %i can not be paid, delivered, told of, or filled from stock',
  (seed) => {
    const { catalogue, orders } = shop(seed);
    const few = (count: number) => {
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(50);
    };
    few(orders.filter((order) => !isPayable(order)).length);
    few(orders.filter((order) => !isDeliverable(order)).length);
    few(orders.filter((order) => !isReachable(order)).length);
    const left = new Map(catalogue.map(({ sku, stock }) => [sku, stock]));
    const short = orders.filter(isPayable).filter(({ lines }) => {
      const enough = lines.every(({ sku, quantity }) => (left.get(sku) ?? 0) >= quantity);
      if (enough) for (const { sku, quantity } of lines) left.set(sku, (left.get(sku) ?? 0) - quantity);
      return !enough;
    });
    few(short.length);
  },
);

test('any first order can be filled from stock', () => {
  const { catalogue, orders } = shop(3, 1);
  for (const { sku, quantity } of orders[0]?.lines ?? [])
    expect(catalogue.find((article) => article.sku === sku)?.stock).toBeGreaterThanOrEqual(quantity);
});

test('the stock is delivered in messages that the inventory takes', () => {
  const { catalogue } = shop(1);
  const delivered = restocksOf(catalogue).flatMap((restock) => inventory.restock.input.parse(restock).lines);
  expect(delivered).toEqual(catalogue.map(({ sku, stock }) => ({ sku, quantity: stock })));
});
