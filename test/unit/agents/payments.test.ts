import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { payments } from '../../../agents/payments/contract.ts';
import { handlers } from '../../../agents/payments/handler.ts';
import { startStripe } from '../../../emulator/providers/index.ts';
import { AgentTest, ManualClock } from '../../../shared/testing/index.ts';

const KEY = 'sk_test_desk';
const HOUR_MS = 3_600_000;
const order = { orderId: 'o-1', amount: 4_200, currency: 'usd' };
const charge = { ...order, paymentMethod: 'pm_card_visa' };

let clock: ManualClock;
let stripe: Awaited<ReturnType<typeof startStripe>>;
let desk: AgentTest<typeof payments>;

/** A desk without what another one recorded: the commit was lost, or has not been made yet. */
const freshDesk = (apiKey = KEY) =>
  new AgentTest({
    agent: payments,
    handlers,
    clock,
    secrets: { 'stripe-api-key': apiKey },
    settings: { STRIPE_API_BASE: stripe.url },
  });

beforeEach(async () => {
  clock = new ManualClock();
  stripe = await startStripe({ secretKey: KEY, clock });
  desk = freshDesk();
});
afterEach(() => stripe.close());

/** Until a request waits on the sandbox's clock: of the timers of its handling none rings within a second. */
async function waiting(): Promise<void> {
  while ((clock.nextDue ?? Infinity) > clock.now() + 1_000)
    await new Promise((resolve) => setImmediate(resolve));
}

const net = () => stripe.books.totals.usd?.net ?? 0;

describe('a charge', () => {
  test('captures the money of the order once, however often it is asked for', async () => {
    const first = await desk.send(payments.charge, charge);
    expect(await desk.send(payments.charge, charge)).toEqual(first);
    expect(stripe.books.charges).toMatchObject([{ amount: 4_200, metadata: { orderId: 'o-1' } }]);
  });

  test('captures it once when what was recorded is lost', async () => {
    const first = await desk.send(payments.charge, charge);
    expect(await freshDesk().send(payments.charge, charge)).toEqual(first);
    expect(stripe.books.charges).toHaveLength(1);
  });

  test('captures it once when two handlers are at it', async () => {
    const both = await Promise.allSettled([
      desk.send(payments.charge, charge),
      desk.send(payments.charge, charge),
    ]);
    expect(both.some(({ status }) => status === 'fulfilled')).toBe(true);
    await desk.send(payments.charge, charge);
    expect(stripe.books.charges).toHaveLength(1);
  });

  test.each([
    'pm_card_chargeDeclined',
    'pm_card_chargeDeclinedInsufficientFunds',
    'pm_card_chargeDeclinedExpiredCard',
  ])('of %s is rejected, and again when it is asked for again', async (paymentMethod) => {
    for (let time = 0; time < 2; time++) {
      const error = await desk.fail(payments.charge, { ...charge, paymentMethod });
      expect(error).toMatchObject({ code: 'Rejected', reason: 'card_declined' });
    }
    expect(stripe.books.charges).toEqual([]);
  });

  test('of a payment method that does not exist is rejected', async () => {
    expect(await desk.fail(payments.charge, { ...charge, paymentMethod: 'pm_nobody' })).toMatchObject({
      code: 'Rejected',
      reason: 'resource_missing',
    });
  });

  test('under the least amount is rejected', async () => {
    expect(await desk.fail(payments.charge, { ...charge, amount: 1 })).toMatchObject({
      code: 'Rejected',
      reason: 'amount_too_small',
    });
  });

  test('of another amount is refused, whether the first one was recorded or not', async () => {
    await desk.send(payments.charge, charge);
    for (const each of [desk, freshDesk()])
      expect(await each.fail(payments.charge, { ...charge, amount: 1_000 })).toMatchObject({
        reason: 'order_mismatch',
      });
    expect(net()).toBe(4_200);
  });

  test.each(['/v1/payment_intents', '/v1/payment_intents/'])(
    'goes on where it was when %s did its work and never answered',
    async (path) => {
      // The SDK tries a closed connection once more by itself.
      stripe.faults.set([{ kind: 'timeoutAfterWork', path, method: 'POST', count: 2 }]);
      expect(await desk.fail(payments.charge, charge)).toMatchObject({ code: 'ProviderFailed', retry: true });
      await desk.send(payments.charge, charge);
      expect(stripe.books.charges).toHaveLength(1);
    },
  );

  test.each([
    { kind: 'fail', status: 500, count: 1, code: 'ProviderFailed' },
    { kind: 'fail', status: 503, count: 1, code: 'ProviderFailed' },
    { kind: 'rateLimit', retryAfterSeconds: 3, count: 1, code: 'ProviderThrottled' },
  ] as const)('that meets $kind $status is worth another try', async ({ code, ...fault }) => {
    stripe.faults.set([fault]);
    const error = await desk.fail(payments.charge, charge);
    expect(error).toMatchObject({ code, retry: true });
    expect(error.retryAfterMs).toBe(fault.kind === 'rateLimit' ? 3_000 : undefined);
    await clock.advance(error.retryAfterMs ?? 0);
    await desk.send(payments.charge, charge);
    expect(net()).toBe(4_200);
  });

  test('gives up on a provider that hangs when its deadline comes', async () => {
    stripe.faults.set([{ kind: 'hang', count: 1 }]);
    expect(await desk.fail(payments.charge, charge, { deadline: '40ms' })).toMatchObject({
      code: 'ProviderFailed',
    });
    expect(await desk.fail(payments.charge, charge, { deadline: '-1s' })).toMatchObject({
      code: 'DeadlineExceeded',
    });
    expect(net()).toBe(0);
  });

  test('with a key that Stripe refuses is tried again, and the key is not told', async () => {
    const error = await freshDesk('sk_test_wrong_key').fail(payments.charge, charge);
    expect(error).toMatchObject({ code: 'ProviderFailed' });
    expect(`${error.message} ${String(error.cause)}`).not.toContain('sk_test');
  });
});

describe('a refund', () => {
  test('gives the money back once, and says so once', async () => {
    await desk.send(payments.charge, charge);
    const first = await desk.send(payments.refund, order);
    expect(first).toMatchObject({ outcome: 'refunded' });
    expect(await desk.send(payments.refund, order)).toEqual(first);
    expect(desk.published(payments.refunded)).toMatchObject([{ amount: 4_200 }]);
    expect(stripe.books.refunds).toHaveLength(1);
    expect(net()).toBe(0);
  });

  test('finds a charge of which nothing was recorded', async () => {
    await desk.send(payments.charge, charge);
    expect(await freshDesk().send(payments.refund, order)).toMatchObject({ outcome: 'refunded' });
    expect(await freshDesk().send(payments.refund, order)).toMatchObject({ outcome: 'refunded' });
    expect(stripe.books.refunds).toHaveLength(1);
    expect(net()).toBe(0);
  });

  test('that comes before its charge keeps it from ever being made', async () => {
    expect(await desk.send(payments.refund, order)).toMatchObject({ outcome: 'cancelled' });
    for (const each of [desk, freshDesk()])
      expect(await each.fail(payments.charge, charge)).toMatchObject({
        code: 'Rejected',
        reason: 'payment_cancelled',
      });
    expect(stripe.books.charges).toEqual([]);
  });

  test('is not undone by a charge that is delivered again', async () => {
    await desk.send(payments.charge, charge);
    await desk.send(payments.refund, order);
    expect(await desk.fail(payments.charge, charge)).toMatchObject({ reason: 'payment_cancelled' });
    expect(stripe.books.charges).toHaveLength(1);
    expect(net()).toBe(0);
  });

  test('of an amount that is too small to be charged has nothing to give back, and keeps it so', async () => {
    for (let time = 0; time < 2; time++)
      expect(await desk.send(payments.refund, { ...order, amount: 1 })).toEqual({ outcome: 'cancelled' });
    expect(await desk.fail(payments.charge, { ...charge, amount: 1 })).toMatchObject({
      reason: 'payment_cancelled',
    });
  });

  test('of a declined charge has nothing to give back', async () => {
    await desk.fail(payments.charge, { ...charge, paymentMethod: 'pm_card_chargeDeclined' });
    expect(await desk.send(payments.refund, order)).toMatchObject({ outcome: 'cancelled' });
    expect(await desk.fail(payments.charge, charge)).toMatchObject({ reason: 'payment_cancelled' });
  });

  test('goes on where it was when Stripe did the work and never answered', async () => {
    await desk.send(payments.charge, charge);
    stripe.faults.set([{ kind: 'timeoutAfterWork', path: '/v1/refunds', count: 2 }]);
    expect(await desk.fail(payments.refund, order)).toMatchObject({ code: 'ProviderFailed', retry: true });
    expect(await desk.send(payments.refund, order)).toMatchObject({ outcome: 'refunded' });
    expect(stripe.books.refunds).toHaveLength(1);
  });
});

describe('a refund while its charge is under way', () => {
  const confirming = { path: '/v1/payment_intents/', method: 'POST', count: 1, delayMs: 1_000 } as const;

  test('cancels it before the card is charged', async () => {
    stripe.faults.set([{ kind: 'slow', phase: 'before', ...confirming }]);
    const charging = desk.fail(payments.charge, charge);
    await waiting();
    expect(await desk.send(payments.refund, order)).toMatchObject({ outcome: 'cancelled' });
    await clock.advance(1_000);
    expect(await charging).toMatchObject({ code: 'Rejected', reason: 'payment_cancelled' });
    expect(stripe.books.charges).toEqual([]);
  });

  test('gives back what was captured but not told yet; the charge is then refused', async () => {
    stripe.faults.set([{ kind: 'slow', phase: 'after', ...confirming }]);
    const charging = desk.fail(payments.charge, charge);
    await waiting();
    expect(await desk.send(payments.refund, order)).toMatchObject({ outcome: 'refunded' });
    await clock.advance(1_000);
    expect(await charging).toMatchObject({ code: 'Rejected', reason: 'payment_cancelled' });
    expect(net()).toBe(0);
  });

  test('gives back what was captured between its look and its cancelling', async () => {
    stripe.faults.set([{ kind: 'slow', phase: 'before', ...confirming }]);
    const refunding = desk.send(payments.refund, order);
    await waiting();
    await desk.send(payments.charge, charge);
    expect(net()).toBe(4_200);
    await clock.advance(1_000);
    expect(await refunding).toMatchObject({ outcome: 'refunded' });
    expect(net()).toBe(0);
    expect(await desk.state.get('o-1')).toMatchObject({ status: 'refunded' });
  });
});

describe('when Stripe has forgotten the idempotency keys', () => {
  const asked = () => ({ requestedAt: new Date(clock.now()).toISOString() });

  test('a charge that may have been made is not risked a second time', async () => {
    const first = { ...charge, ...asked() };
    stripe.faults.set([{ kind: 'timeoutAfterWork', path: '/v1/payment_intents/', method: 'POST', count: 2 }]);
    await desk.fail(payments.charge, first);
    await clock.advance(25 * HOUR_MS);
    // No refusal, which would tell a workflow that there is nothing to give back.
    const unknown = { code: 'DeadlineExceeded', retry: false };
    expect(await desk.fail(payments.charge, first)).toMatchObject(unknown);
    expect(await desk.fail(payments.charge, charge, { sentAgo: '25h' })).toMatchObject(unknown);
    expect(stripe.books.charges).toHaveLength(1);
    await clock.advance(HOUR_MS);
    expect(await desk.send(payments.refund, { ...order, requestedAt: first.requestedAt })).toMatchObject({
      outcome: 'refunded',
    });
    expect(net()).toBe(0);
  });

  test('a refund finds the charge all the same', async () => {
    const first = { ...order, ...asked() };
    await freshDesk().send(payments.charge, { ...charge, ...asked() });
    await clock.advance(25 * HOUR_MS);
    expect(await desk.send(payments.refund, first)).toMatchObject({ outcome: 'refunded' });
    expect(net()).toBe(0);
  });

  test('a recorded charge is still the one', async () => {
    await desk.send(payments.charge, { ...charge, ...asked() });
    await clock.advance(25 * HOUR_MS);
    await desk.send(payments.charge, charge);
    await desk.send(payments.refund, order);
    expect(stripe.books.charges).toHaveLength(1);
    expect(net()).toBe(0);
  });
});

test('whatever is delivered twice, at once, late or without an answer, an order is charged once at most, and not after its refund', async () => {
  const unkind = fc.array(
    fc.record({
      kind: fc.constantFrom('fail' as const, 'timeoutAfterWork' as const, 'rateLimit' as const),
      probability: fc.constantFrom(0.2, 0.5),
      count: fc.integer({ min: 1, max: 6 }),
      path: fc.constantFrom('/v1/payment_intents', '/v1/payment_intents/', '/v1/refunds', '/'),
    }),
    { maxLength: 3 },
  );
  const deliveries = fc.array(
    fc.record({
      name: fc.constantFrom('charge' as const, 'charge' as const, 'refund' as const),
      forgetful: fc.boolean(),
      together: fc.boolean(),
    }),
    { minLength: 1, maxLength: 7 },
  );
  let orders = 0;
  await fc.assert(
    fc.asyncProperty(unkind, deliveries, async (faults, plan) => {
      const orderId = `p-${++orders}`;
      const remembering = freshDesk();
      stripe.faults.set(faults);
      const running: Promise<unknown>[] = [];
      for (const { name, forgetful, together } of plan) {
        const each = forgetful ? freshDesk() : remembering;
        const sending =
          name === 'charge'
            ? each.send(payments.charge, { ...charge, orderId })
            : each.send(payments.refund, { ...order, orderId });
        running.push(sending.catch(() => undefined));
        if (!together) await Promise.all(running);
      }
      await Promise.all(running);
      stripe.faults.clear();
      // By then the breaker lets calls through again.
      await clock.advance(60_000);
      const captured = () => stripe.books.charges.filter(({ metadata }) => metadata.orderId === orderId);
      expect(captured().length).toBeLessThanOrEqual(1);
      await remembering.send(payments.refund, { ...order, orderId });
      expect(captured().every(({ amount, amountRefunded }) => amount === amountRefunded)).toBe(true);
      for (const each of [remembering, freshDesk()]) {
        // What was given back stays given back, and nothing is captured a second time.
        await each.send(payments.charge, { ...charge, orderId }).catch(() => undefined);
        expect(captured().every(({ amount, amountRefunded }) => amount === amountRefunded)).toBe(true);
        expect(captured().length).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 12 },
  );
});
