import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Stripe } from '../../../emulator/providers/stripe/stripe.ts';
import { ask, asked, begin, providerWorld, requestOf } from './ask.ts';

const KEY = 'sk_test_mesh';
const NO_REDIRECTS = {
  'automatic_payment_methods[enabled]': 'true',
  'automatic_payment_methods[allow_redirects]': 'never',
};

function account() {
  const world = providerWorld();
  const stripe = new Stripe(world, KEY);
  const request = (method: string, path: string, form: Record<string, string> = {}, key?: string) => {
    const headers = {
      authorization: `Bearer ${KEY}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    };
    const body = new URLSearchParams(form).toString();
    return method === 'GET'
      ? requestOf('GET', `${path}?${body}`, { headers })
      : requestOf(method, path, { headers, body });
  };
  return {
    stripe,
    clock: world.clock,
    request,
    post: (path: string, form: Record<string, string>, key?: string) =>
      ask(stripe, request('POST', path, form, key)),
    get: (path: string, form: Record<string, string> = {}) => ask(stripe, request('GET', path, form)),
  };
}

function charge(amount = '2500', more: Record<string, string> = {}): Record<string, string> {
  return {
    amount,
    currency: 'usd',
    payment_method: 'pm_card_visa',
    confirm: 'true',
    ...NO_REDIRECTS,
    ...more,
  };
}

function errorOf(answer: { body: Readonly<Record<string, unknown>> }): Record<string, unknown> {
  return answer.body.error as Record<string, unknown>;
}

describe('a payment', () => {
  test('is captured when it is created and confirmed at once', () => {
    const { post, stripe } = account();
    const { status, body, headers } = post(
      '/v1/payment_intents',
      charge('2500', { 'metadata[order]': 'o-1' }),
    );
    expect(status).toBe(200);
    expect(headers['Request-Id']).toMatch(/^req_/);
    expect(body).toMatchObject({ status: 'succeeded', amount_received: 2500, metadata: { order: 'o-1' } });
    expect(stripe.books()).toMatchObject({
      charges: [{ id: body.latest_charge, amount: 2500, amountRefunded: 0, metadata: { order: 'o-1' } }],
      totals: { usd: { captured: 2500, refunded: 0, net: 2500 } },
    });
  });

  test('is captured by a confirmation later, once', () => {
    const { post, get, stripe } = account();
    const { body } = post('/v1/payment_intents', {
      amount: '900',
      currency: 'eur',
      'payment_method_types[0]': 'card',
    });
    expect(body.status).toBe('requires_payment_method');
    const confirm = () =>
      post(`/v1/payment_intents/${body.id}/confirm`, { payment_method: 'pm_card_mastercard' });
    expect(confirm().body.status).toBe('succeeded');
    const again = confirm();
    expect(again.status).toBe(400);
    expect(errorOf(again).code).toBe('payment_intent_unexpected_state');
    expect(get(`/v1/payment_intents/${body.id}`).body.status).toBe('succeeded');
    expect(stripe.books().charges).toHaveLength(1);
  });

  test('can be cancelled until it succeeded', () => {
    const { post } = account();
    const open = post('/v1/payment_intents', {
      amount: '900',
      currency: 'eur',
      payment_method: 'pm_card_visa',
    });
    expect(open.body.status).toBe('requires_confirmation');
    const canceled = post(`/v1/payment_intents/${open.body.id}/cancel`, { cancellation_reason: 'abandoned' });
    expect(canceled.body).toMatchObject({ status: 'canceled', cancellation_reason: 'abandoned' });
    const paid = post('/v1/payment_intents', charge());
    expect(post(`/v1/payment_intents/${paid.body.id}/cancel`, {}).status).toBe(400);
  });

  test.each([
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', undefined],
  ])('with %s is declined: 402 %s', (paymentMethod, code, declineCode) => {
    const { post, stripe } = account();
    const answer = post('/v1/payment_intents', charge('2500', { payment_method: paymentMethod }));
    expect(answer.status).toBe(402);
    expect(errorOf(answer)).toMatchObject({
      type: 'card_error',
      code,
      charge: expect.stringMatching(/^ch_/),
    });
    expect(errorOf(answer).decline_code).toBe(declineCode);
    expect(errorOf(answer).payment_intent).toMatchObject({ status: 'requires_payment_method' });
    expect(stripe.books()).toMatchObject({ charges: [], declined: [{ code }] });
  });

  test.each([
    [{ currency: 'usd' }, 'parameter_missing', 'amount'],
    [{ amount: 'ten', currency: 'usd' }, 'parameter_invalid_integer', 'amount'],
    [{ amount: '49', currency: 'usd' }, 'amount_too_small', 'amount'],
    [{ amount: '100000000', currency: 'usd' }, 'amount_too_large', 'amount'],
    [{ amount: '100', currency: 'dollars' }, undefined, 'currency'],
    [{ amount: '100', currency: 'usd', colour: 'red' }, 'parameter_unknown', 'colour'],
    [{ amount: '100', currency: 'usd', payment_method: 'pm_none' }, 'resource_missing', 'payment_method'],
    [
      { amount: '100', currency: 'usd', payment_method: 'pm_card_visa', confirm: 'true' },
      undefined,
      'return_url',
    ],
  ])('is refused, naming the parameter, for %j', (form, code, param) => {
    const { post, stripe } = account();
    const answer = post('/v1/payment_intents', form as Record<string, string>);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({ type: 'invalid_request_error', param });
    expect(errorOf(answer).code).toBe(code);
    expect(stripe.books().charges).toEqual([]);
  });

  test('that does not exist is 404 resource_missing', () => {
    const answer = account().get('/v1/payment_intents/pi_none');
    expect(answer.status).toBe(404);
    expect(errorOf(answer)).toMatchObject({
      code: 'resource_missing',
      message: "No such payment_intent: 'pi_none'",
    });
  });
});

describe('an idempotency key', () => {
  test('gives the same answer for the same parameters, in whatever order, and charges once', () => {
    const { post, stripe } = account();
    const first = post('/v1/payment_intents', charge(), 'k1');
    const reordered = Object.fromEntries(Object.entries(charge()).reverse());
    const second = post('/v1/payment_intents', reordered, 'k1');
    expect(second.body).toEqual(first.body);
    expect(first.headers).not.toHaveProperty('Idempotent-Replayed');
    expect(second.headers).toMatchObject({
      'Idempotent-Replayed': 'true',
      'Original-Request': first.headers['Request-Id'],
    });
    expect(stripe.books().charges).toHaveLength(1);
  });

  test('is refused with other parameters, and for another endpoint', () => {
    const { post, stripe } = account();
    const { body } = post('/v1/payment_intents', charge('2500'), 'k1');
    for (const other of [
      post('/v1/payment_intents', charge('2600'), 'k1'),
      post('/v1/refunds', { payment_intent: String(body.id) }, 'k1'),
    ]) {
      expect(other.status).toBe(400);
      expect(errorOf(other).type).toBe('idempotency_error');
    }
    expect(stripe.books().totals).toEqual({ usd: { captured: 2500, refunded: 0, net: 2500 } });
  });

  test('replays a decline: it is an answer of the execution', () => {
    const { post, stripe } = account();
    const form = charge('2500', { payment_method: 'pm_card_chargeDeclined' });
    const first = post('/v1/payment_intents', form, 'k1');
    const second = post('/v1/payment_intents', form, 'k1');
    expect(second).toMatchObject({ status: 402, body: first.body });
    expect(stripe.books().declined).toHaveLength(1);
  });

  test('is not used up by parameters that are refused before the execution', () => {
    const { post } = account();
    expect(post('/v1/payment_intents', charge('1'), 'k1').status).toBe(400);
    expect(post('/v1/payment_intents', charge('2500'), 'k1').status).toBe(200);
  });

  test('in flight is 409, until the first request is answered', () => {
    const { stripe, request, post } = account();
    const work = begin(stripe, request('POST', '/v1/payment_intents', charge(), 'k1'));
    const meanwhile = post('/v1/payment_intents', charge(), 'k1');
    expect(meanwhile.status).toBe(409);
    expect(errorOf(meanwhile).code).toBe('idempotency_key_in_use');
    const first = asked(work());
    expect(post('/v1/payment_intents', charge(), 'k1').body).toEqual(first.body);
    expect(stripe.books().charges).toHaveLength(1);
  });

  test('is forgotten after 24 hours on the clock', async () => {
    const { post, stripe, clock } = account();
    post('/v1/payment_intents', charge(), 'k1');
    await clock.advance(24 * 3_600_000 - 1);
    post('/v1/payment_intents', charge(), 'k1');
    expect(stripe.books().charges).toHaveLength(1);
    await clock.advance(1);
    post('/v1/payment_intents', charge(), 'k1');
    expect(stripe.books().charges).toHaveLength(2);
  });

  test('holds for confirmations and refunds too', () => {
    const { post, stripe } = account();
    const { body } = post('/v1/payment_intents', {
      amount: '900',
      currency: 'eur',
      payment_method: 'pm_card_visa',
      ...NO_REDIRECTS,
    });
    const confirm = () => post(`/v1/payment_intents/${body.id}/confirm`, {}, 'confirm-1');
    expect(confirm().body).toEqual(confirm().body);
    const refund = () => post('/v1/refunds', { payment_intent: String(body.id), amount: '100' }, 'refund-1');
    expect(refund().body).toEqual(refund().body);
    expect(stripe.books().totals).toEqual({ eur: { captured: 900, refunded: 100, net: 800 } });
  });
});

describe('a refund', () => {
  test('gives back what is left, and nothing twice', () => {
    const { post, get, stripe } = account();
    const { body } = post('/v1/payment_intents', charge('1000'));
    const refund = (amount?: string) =>
      post('/v1/refunds', {
        payment_intent: String(body.id),
        'metadata[why]': 'no stock',
        ...(amount ? { amount } : {}),
      });
    expect(refund('300').body).toMatchObject({
      amount: 300,
      status: 'succeeded',
      metadata: { why: 'no stock' },
    });
    const tooMuch = refund('701');
    expect(tooMuch.status).toBe(400);
    expect(errorOf(tooMuch).message).toContain('greater than unrefunded amount');
    expect(refund().body.amount).toBe(700);
    expect(errorOf(refund()).code).toBe('charge_already_refunded');
    expect(get('/v1/refunds', { payment_intent: String(body.id) }).body.data).toHaveLength(2);
    expect(stripe.books().totals).toEqual({ usd: { captured: 1000, refunded: 1000, net: 0 } });
  });

  test('needs a payment that was captured', () => {
    const { post } = account();
    const { body } = post('/v1/payment_intents', { amount: '900', currency: 'eur' });
    expect(errorOf(post('/v1/refunds', { payment_intent: String(body.id) })).message).toContain(
      'successful charge',
    );
    expect(errorOf(post('/v1/refunds', { payment_intent: 'pi_none' })).code).toBe('resource_missing');
    expect(errorOf(post('/v1/refunds', {})).code).toBe('parameter_missing');
  });

  test('never takes the refunds of a charge over its amount', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 800 }), { maxLength: 12 }), (amounts) => {
        const { post, stripe } = account();
        const { body } = post('/v1/payment_intents', charge('1000'));
        for (const amount of amounts)
          post('/v1/refunds', { payment_intent: String(body.id), amount: String(amount) });
        const { refunds, totals } = stripe.books();
        const refunded = refunds.reduce((sum, refund) => sum + refund.amount, 0);
        expect(refunded).toBeLessThanOrEqual(1000);
        expect(totals.usd).toEqual({ captured: 1000, refunded, net: 1000 - refunded });
      }),
    );
  });
});

describe('a list of payments', () => {
  test('comes newest first, in pages', () => {
    const { post, get } = account();
    const ids = Array.from({ length: 5 }, () => post('/v1/payment_intents', charge()).body.id).reverse();
    const first = get('/v1/payment_intents', { limit: '3' }).body as {
      data: { id: string }[];
      has_more: boolean;
    };
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    expect(first.has_more).toBe(true);
    const rest = get('/v1/payment_intents', { limit: '3', starting_after: String(ids[2]) }).body;
    expect(rest).toMatchObject({ has_more: false, data: [{ id: ids[3] }, { id: ids[4] }] });
    const before = get('/v1/payment_intents', { limit: '1', ending_before: String(ids[2]) }).body;
    expect(before).toMatchObject({ has_more: true, data: [{ id: ids[1] }] });
  });

  test('is searched by metadata, which sees nothing younger than a minute', async () => {
    const { post, get, clock } = account();
    const { body } = post('/v1/payment_intents', charge('2500', { 'metadata[order]': 'o-7' }));
    post('/v1/payment_intents', charge('2500', { 'metadata[order]': 'o-8' }));
    const search = () =>
      get('/v1/payment_intents/search', { query: "metadata['order']:'o-7' AND status:'succeeded'" });
    expect(search().body.data).toEqual([]);
    await clock.advance(60_000);
    expect(search().body).toMatchObject({ object: 'search_result', data: [{ id: body.id }] });
    expect(get('/v1/payment_intents/search', { query: 'amount>5' }).status).toBe(400);
  });
});

describe('a caller', () => {
  test('with a wrong key or none is 401, and its key is not repeated', () => {
    const { stripe } = account();
    for (const authorization of ['Bearer sk_test_someoneelse', `Basic ${btoa('sk_live_1234567890:')}`, '']) {
      const answer = ask(stripe, requestOf('GET', '/v1/payment_intents', { headers: { authorization } }));
      expect(answer.status).toBe(401);
      expect(JSON.stringify(answer.body)).not.toMatch(/someoneelse|1234567890/);
    }
  });

  test('of a URL that does not exist is 404', () => {
    expect(account().post('/v1/charges', {}).status).toBe(404);
  });
});
