import { describe, expect, test } from 'vitest';
import { Order, totalOf } from '../../../agents/orders/contract.ts';

const line = { sku: 'TEA-01', quantity: 2, unitPrice: 450 };
const order = {
  orderId: 'o-1',
  customer: { name: 'Ada Northgate', email: 'ada@example.com', phone: '+14155550123' },
  address: { street: '1 Main Street', city: 'Springfield', postalCode: '12345', country: 'US' },
  lines: [line],
  currency: 'usd',
  payment: { method: 'pm_card_visa' },
};

const fieldsOf = (value: unknown) => Order.safeParse(value).error?.issues.map(({ path }) => path.join('.'));

test('a valid order is taken, with or without a wished day', () => {
  expect(fieldsOf(order)).toBeUndefined();
  expect(fieldsOf({ ...order, deliverAfter: '2026-02-28' })).toBeUndefined();
});

test('its total is computed', () => {
  expect(totalOf({ lines: [line, { ...line, quantity: 1, unitPrice: 99 }] })).toBe(999);
});

describe('refused, naming the field', () => {
  test.each([
    ['orderId', { ...order, orderId: 'o/1' }],
    ['lines', { ...order, lines: [] }],
    ['lines', { ...order, lines: Array.from({ length: 51 }, () => line) }],
    [
      'lines',
      {
        ...order,
        lines: Array.from({ length: 50 }, () => ({ ...line, quantity: 100, unitPrice: 1_000_000 })),
      },
    ],
    ['lines.0.quantity', { ...order, lines: [{ ...line, quantity: 0 }] }],
    ['lines.0.quantity', { ...order, lines: [{ ...line, quantity: 101 }] }],
    ['lines.0.quantity', { ...order, lines: [{ ...line, quantity: 1.5 }] }],
    ['lines.0.unitPrice', { ...order, lines: [{ ...line, unitPrice: -1 }] }],
    ['customer.phone', { ...order, customer: { ...order.customer, phone: '0415 555 0123' } }],
    ['customer.email', { ...order, customer: { ...order.customer, email: 'ada' } }],
    ['address.country', { ...order, address: { ...order.address, country: 'usa' } }],
    ['payment.method', { ...order, payment: { method: '4242424242424242' } }],
    ['deliverAfter', { ...order, deliverAfter: '2026-02-30' }],
    ['', { ...order, total: 1 }],
  ])('%s', (field, value) => {
    expect(fieldsOf(value)).toEqual([field]);
  });
});
