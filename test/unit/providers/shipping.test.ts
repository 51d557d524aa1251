import { describe, expect, test } from 'vitest';
import { Shipping } from '../../../emulator/providers/shipping/shipping.ts';
import { ask, begin, providerWorld, requestOf } from './ask.ts';

const destination = {
  name: 'A. Buyer',
  street: '1 Main St',
  city: 'Berlin',
  postalCode: '10115',
  country: 'DE',
};
const order = { orderId: 'o-1', destination, weightGrams: 750 };

function service() {
  const shipping = new Shipping(providerWorld(), {});
  const requestFor = (body: object, key = 'k1') =>
    requestOf('POST', '/labels', { headers: { 'idempotency-key': key }, body: JSON.stringify(body) });
  return {
    shipping,
    requestFor,
    post: (body: object, key?: string) => ask(shipping, requestFor(body, key)),
    call: (method: string, path: string) => ask(shipping, requestOf(method, path)),
  };
}

describe('a label', () => {
  test('is printed once per key', () => {
    const { shipping, post } = service();
    const first = post(order);
    expect(first.status).toBe(201);
    expect(post(order)).toMatchObject({ status: 200, body: first.body });
    post(order, 'k2');
    expect(shipping.books().live).toHaveLength(2);
  });

  test('is refused for a key that was used for another, or is in flight', () => {
    const { shipping, post, requestFor } = service();
    const work = begin(shipping, requestFor(order));
    expect(post(order)).toMatchObject({ status: 409, body: { error: { code: 'idempotency_in_flight' } } });
    work();
    expect(post({ ...order, weightGrams: 1 })).toMatchObject({
      status: 409,
      body: { error: { code: 'idempotency_mismatch' } },
    });
    expect(shipping.books().live).toHaveLength(1);
  });

  test('voided twice is voided once, and its key still gives it', () => {
    const { shipping, post, call } = service();
    const { id } = post(order).body;
    const voided = call('DELETE', `/labels/${id}`);
    expect(voided).toMatchObject({ status: 200, body: { state: 'voided' } });
    expect(call('DELETE', `/labels/${id}`).body).toEqual(voided.body);
    expect(post(order).body).toMatchObject({ id, state: 'voided' });
    expect(shipping.books()).toMatchObject({ live: [], voided: [{ id }] });
  });

  test('is found by its order', () => {
    const { post, call } = service();
    post(order);
    post({ ...order, orderId: 'o-2' }, 'k2');
    expect(call('GET', '/labels?orderId=o-2&state=live').body.labels).toMatchObject([{ orderId: 'o-2' }]);
  });

  test.each([
    [
      { ...order, destination: { ...destination, country: 'AQ' } },
      422,
      'unknown_destination',
      'destination.country',
    ],
    [{ ...order, orderId: '' }, 400, 'invalid_request', 'orderId'],
    [{ ...order, weightGrams: 0 }, 400, 'invalid_request', 'weightGrams'],
    [{ ...order, destination: undefined }, 400, 'invalid_request', 'destination'],
  ])('is refused, naming the field, for %j', (body, status, code, field) => {
    const { shipping, post } = service();
    expect(post(body)).toMatchObject({ status, body: { error: { code, field } } });
    expect(shipping.books().live).toEqual([]);
  });

  test('needs a key, and to exist to be voided', () => {
    const { shipping, call } = service();
    const answer = ask(shipping, requestOf('POST', '/labels', { body: JSON.stringify(order) }));
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'missing_idempotency_key' } } });
    expect(call('DELETE', '/labels/lbl_none').status).toBe(404);
  });
});
