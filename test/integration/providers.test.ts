import { auth, calendar } from '@googleapis/calendar';
import Stripe from 'stripe';
import twilio from 'twilio';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type Sandbox,
  startCalendar,
  startShipping,
  startStripe,
  startTwilio,
} from '../../emulator/providers/index.ts';
import { ManualClock } from '../../shared/testing/manual-clock.ts';
import { eventually } from '../support/eventually.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((sandbox) => sandbox.close()));
});

async function started<Books>(starting: Promise<Sandbox<Books>>): Promise<Sandbox<Books>> {
  const sandbox = await starting;
  open.push(sandbox);
  return sandbox;
}

const secretKey = 'sk_test_mesh';

async function payments(options: { clock?: ManualClock } = {}) {
  const sandbox = await started(startStripe({ secretKey, ...options }));
  const client = new Stripe(secretKey, {
    host: '127.0.0.1',
    port: sandbox.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
  });
  const charge = (amount: number, idempotencyKey: string, paymentMethod = 'pm_card_visa', timeout = 80_000) =>
    client.paymentIntents.create(
      {
        amount,
        currency: 'usd',
        payment_method: paymentMethod,
        confirm: true,
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
        metadata: { orderId: idempotencyKey },
      },
      { idempotencyKey, timeout },
    );
  return { sandbox, client, charge };
}

describe('Stripe through its SDK', () => {
  test('charges, refunds and lists', async () => {
    const { sandbox, client, charge } = await payments();
    const intent = await charge(4200, 'o-1');
    expect(intent).toMatchObject({
      status: 'succeeded',
      amount_received: 4200,
      metadata: { orderId: 'o-1' },
    });
    expect(intent.lastResponse.requestId).toMatch(/^req_/);
    const refund = await client.refunds.create(
      { payment_intent: intent.id, amount: 200, metadata: { step: 'refund' } },
      { idempotencyKey: 'o-1:refund' },
    );
    expect(refund.status).toBe('succeeded');
    const { data } = await client.refunds.list({ payment_intent: intent.id });
    expect(data.map(({ id }) => id)).toEqual([refund.id]);
    expect(sandbox.books.totals).toEqual({ usd: { captured: 4200, refunded: 200, net: 4000 } });
    const books = await fetch(`${sandbox.url}/_sandbox/books`);
    expect(await books.json()).toEqual(sandbox.books);
  });

  test('declines with a card error that says why', async () => {
    const { charge } = await payments();
    const declined = await charge(4200, 'o-1', 'pm_card_visa_chargeDeclinedInsufficientFunds').catch(
      (e) => e,
    );
    expect(declined).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(declined).toMatchObject({
      statusCode: 402,
      code: 'card_declined',
      decline_code: 'insufficient_funds',
    });
    expect(declined.payment_intent.status).toBe('requires_payment_method');
  });

  test('that loses its connection after the work is asked again with the same key, and charges once', async () => {
    const { sandbox, charge } = await payments();
    sandbox.faults.set([{ kind: 'timeoutAfterWork', path: '/v1/payment_intents', count: 2 }]);
    // The SDK retries a closed connection once by itself, with the same key.
    await expect(charge(4200, 'o-1')).rejects.toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(sandbox.books.charges).toHaveLength(1);
    const intent = await charge(4200, 'o-1');
    expect(intent.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(sandbox.books.charges).toMatchObject([{ id: intent.latest_charge, amount: 4200 }]);
    expect(sandbox.faults.struck).toEqual({ timeoutAfterWork: 2 });
  });

  test('that never answers is asked again with the same key, and charges once', async () => {
    const { sandbox, charge } = await payments();
    sandbox.faults.set([{ kind: 'hang', count: 1 }]);
    // Asked again where the client gave up before the request reached the sandbox.
    await eventually(async () => {
      const impatient = charge(4200, 'o-1', 'pm_card_visa', 100);
      await expect(impatient).rejects.toBeInstanceOf(Stripe.errors.StripeConnectionError);
      expect(sandbox.faults.struck).toEqual({ hang: 1 });
    });
    await charge(4200, 'o-1');
    expect(sandbox.books.charges).toHaveLength(1);
  });

  test('refuses a key with other parameters', async () => {
    const { sandbox, charge } = await payments();
    await charge(4200, 'o-1');
    await expect(charge(4300, 'o-1')).rejects.toMatchObject({
      statusCode: 400,
      rawType: 'idempotency_error',
    });
    expect(sandbox.books.totals).toEqual({ usd: { captured: 4200, refunded: 0, net: 4200 } });
  });

  test('that is slow has its key in use meanwhile, on the clock', async () => {
    const clock = new ManualClock();
    const { sandbox, charge } = await payments({ clock });
    sandbox.faults.set([{ kind: 'slow', delayMs: 3000, count: 1 }]);
    const slow = charge(4200, 'o-1');
    await eventually(() => expect(clock.pending).toBe(1));
    await expect(charge(4200, 'o-1')).rejects.toMatchObject({
      statusCode: 409,
      code: 'idempotency_key_in_use',
    });
    await clock.advance(3000);
    expect((await slow).status).toBe('succeeded');
    expect(sandbox.books.charges).toHaveLength(1);
  });

  test('that fails or limits the rate has done nothing, and takes the same key again', async () => {
    const { sandbox, charge } = await payments();
    sandbox.faults.set([
      { kind: 'fail', status: 503, count: 1 },
      { kind: 'rateLimit', retryAfterSeconds: 2, count: 1 },
    ]);
    await expect(charge(4200, 'o-1')).rejects.toMatchObject({ statusCode: 503, rawType: 'api_error' });
    const limited = await charge(4200, 'o-1').catch((e) => e);
    expect(limited).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
    expect(limited.headers['retry-after']).toBe('2');
    expect(sandbox.books.charges).toEqual([]);
    await charge(4200, 'o-1');
    expect(sandbox.books.charges).toHaveLength(1);
  });

  test('checks its key', async () => {
    const { sandbox } = await payments();
    const stranger = new Stripe('sk_test_other', { host: '127.0.0.1', port: sandbox.port, protocol: 'http' });
    await expect(stranger.paymentIntents.retrieve('pi_1')).rejects.toBeInstanceOf(
      Stripe.errors.StripeAuthenticationError,
    );
  });
});

describe('Twilio through its SDK', () => {
  const account = { accountSid: `AC${'1'.repeat(32)}`, authToken: 'token' };
  const text = { to: '+14155552671', from: '+15005550006', body: 'Order o-1 is on its way' };

  async function texts() {
    const sandbox = await started(startTwilio(account));
    const client = twilio(account.accountSid, account.authToken);
    client.api.baseUrl = sandbox.url;
    return { sandbox, client };
  }

  test('sends, fetches and lists across pages', async () => {
    const { sandbox, client } = await texts();
    const { sid, status } = await client.messages.create(text);
    expect([sid, status]).toEqual([expect.stringMatching(/^SM[0-9a-f]{32}$/), 'queued']);
    expect((await client.messages(sid).fetch()).body).toBe(text.body);
    for (let i = 0; i < 4; i++) await client.messages.create({ ...text, body: `${i}` });
    const listed = await client.messages.list({ to: text.to, pageSize: 2 });
    expect(listed.map(({ body }) => body)).toEqual(['3', '2', '1', '0', text.body]);
    expect(listed[4]?.dateCreated).toBeInstanceOf(Date);
    expect(sandbox.books.messages).toHaveLength(5);
  });

  test('that loses its connection after the work has sent the text: its listing tells', async () => {
    const { sandbox, client } = await texts();
    sandbox.faults.set([{ kind: 'timeoutAfterWork', method: 'POST' }]);
    await expect(client.messages.create(text)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const [sent] = await client.messages.list({ to: text.to, limit: 20 });
    expect(sent?.body).toBe(text.body);
    expect(sandbox.books.messages).toHaveLength(1);
  });

  test('refuses a wrong number and wrong credentials with their codes', async () => {
    const { sandbox, client } = await texts();
    await expect(client.messages.create({ ...text, to: '12' })).rejects.toMatchObject({
      status: 400,
      code: 21211,
    });
    const stranger = twilio(account.accountSid, 'wrong');
    stranger.api.baseUrl = sandbox.url;
    await expect(stranger.messages.create(text)).rejects.toMatchObject({ status: 401, code: 20003 });
    expect(sandbox.books.messages).toEqual([]);
  });

  test('limits the rate with 20429', async () => {
    const { sandbox, client } = await texts();
    sandbox.faults.set([{ kind: 'rateLimit', count: 1 }]);
    await expect(client.messages.create(text)).rejects.toMatchObject({ status: 429, code: 20429 });
  });
});

describe('Google Calendar through its SDK', () => {
  const calendarId = 'slots@demo-mesh';

  async function slots(token = 'ya29.mesh') {
    const sandbox = await started(startCalendar({ token: 'ya29.mesh', calendars: [calendarId] }));
    const credentials = new auth.OAuth2();
    credentials.setCredentials({ access_token: token });
    const client = calendar({ version: 'v3', rootUrl: `${sandbox.url}/`, auth: credentials, retry: false });
    return { sandbox, client };
  }

  const requestBody = {
    id: 'order00001',
    summary: 'Delivery of o-1',
    start: { dateTime: '2026-03-01T09:00:00Z' },
    end: { dateTime: '2026-03-01T10:00:00Z' },
    extendedProperties: { private: { orderId: 'o-1' } },
  };

  test('inserts once per id, finds, deletes once', async () => {
    const { sandbox, client } = await slots();
    const { data } = await client.events.insert({ calendarId, requestBody });
    expect(data).toMatchObject({ id: 'order00001', status: 'confirmed' });
    await expect(client.events.insert({ calendarId, requestBody })).rejects.toMatchObject({
      status: 409,
      message: 'The requested identifier already exists.',
    });
    const { data: found } = await client.events.list({
      calendarId,
      timeMin: '2026-03-01T09:30:00Z',
      timeMax: '2026-03-01T12:00:00Z',
      privateExtendedProperty: ['orderId=o-1'],
    });
    expect(found.items?.map(({ id }) => id)).toEqual(['order00001']);
    const freebusy = {
      timeMin: '2026-03-01T00:00:00Z',
      timeMax: '2026-03-02T00:00:00Z',
      items: [{ id: calendarId }],
    };
    const { data: busy } = await client.freebusy.query({ requestBody: freebusy });
    expect(busy.calendars?.[calendarId]?.busy).toHaveLength(1);
    await client.events.delete({ calendarId, eventId: 'order00001' });
    await expect(client.events.delete({ calendarId, eventId: 'order00001' })).rejects.toMatchObject({
      status: 410,
    });
    expect((await client.events.get({ calendarId, eventId: 'order00001' })).data.status).toBe('cancelled');
    expect(sandbox.books.events).toMatchObject([{ id: 'order00001', status: 'cancelled' }]);
  });

  test('that loses its connection after the work says so to a second insert', async () => {
    const { sandbox, client } = await slots();
    sandbox.faults.set([{ kind: 'timeoutAfterWork', method: 'POST', count: 1 }]);
    await expect(client.events.insert({ calendarId, requestBody })).rejects.toThrow();
    await expect(client.events.insert({ calendarId, requestBody })).rejects.toMatchObject({ status: 409 });
    expect(sandbox.books.events).toHaveLength(1);
  });

  test('refuses another token', async () => {
    const { client } = await slots('other');
    await expect(client.events.list({ calendarId })).rejects.toMatchObject({ status: 401 });
  });

  test('fails with a backend error that has done nothing', async () => {
    const { sandbox, client } = await slots();
    sandbox.faults.set([{ kind: 'fail', status: 503 }]);
    await expect(client.events.insert({ calendarId, requestBody })).rejects.toMatchObject({ status: 503 });
    expect(sandbox.books.events).toEqual([]);
  });
});

describe('the shipping service over HTTP', () => {
  const destination = {
    name: 'A. Buyer',
    street: '1 Main St',
    city: 'Berlin',
    postalCode: '10115',
    country: 'DE',
  };

  test('prints one label per key, whatever happens to the connection', async () => {
    const sandbox = await started(startShipping());
    const print = () =>
      fetch(`${sandbox.url}/labels`, {
        method: 'POST',
        headers: { 'Idempotency-Key': 'o-1' },
        body: JSON.stringify({ orderId: 'o-1', destination, weightGrams: 500 }),
      });
    sandbox.faults.set([{ kind: 'timeoutAfterWork', count: 1 }]);
    await expect(print()).rejects.toThrow();
    const response = await print();
    expect(response.status).toBe(200);
    const label = (await response.json()) as { id: string };
    expect(sandbox.books.live).toMatchObject([{ id: label.id }]);
    const voided = await fetch(`${sandbox.url}/labels/${label.id}`, { method: 'DELETE' });
    expect(await voided.json()).toMatchObject({ state: 'voided' });
    expect(sandbox.books).toMatchObject({ live: [], voided: [{ id: label.id }] });
  });
});

describe('the faults of a sandbox over HTTP', () => {
  test('are put, read and cleared; wrong ones are refused and change nothing', async () => {
    const { url, faults } = await started(startShipping());
    const put = (body: unknown) =>
      fetch(`${url}/_sandbox/faults`, { method: 'PUT', body: JSON.stringify(body) });
    expect(
      (await put({ rules: [{ kind: 'fail', probability: 0.5, path: '/labels', count: 3 }] })).status,
    ).toBe(200);
    expect(faults.rules).toEqual([{ kind: 'fail', probability: 0.5, path: '/labels', count: 3 }]);
    const refused = await put({ rules: [{ kind: 'fail', probability: 5 }] });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: 'rules[0].probability is not valid' },
    ]);
    expect(faults.rules).toHaveLength(1);
    await fetch(`${url}/_sandbox/faults`, { method: 'DELETE' });
    expect(await (await fetch(`${url}/_sandbox/faults`)).json()).toEqual({ rules: [], struck: {} });
  });

  test('do not strike the sandbox itself', async () => {
    const { url } = await started(startShipping({ faults: [{ kind: 'fail' }] }));
    expect((await fetch(`${url}/_sandbox/books`)).status).toBe(200);
    expect((await fetch(`${url}/labels`)).status).toBe(500);
  });
});

test('a port in use is refused with EADDRINUSE', async () => {
  const { port } = await started(startShipping());
  await expect(startShipping({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
