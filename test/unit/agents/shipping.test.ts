import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { shipping } from '../../../agents/shipping/contract.ts';
import { handlers } from '../../../agents/shipping/handler.ts';
import { startShipping } from '../../../emulator/providers/index.ts';
import { AgentTest, ManualClock } from '../../../shared/testing/index.ts';

const DAY_MS = 86_400_000;
const parcel = {
  orderId: 'o-1',
  destination: {
    name: 'A. Person',
    street: 'Main Street 1',
    city: 'Springfield',
    postalCode: '12345',
    country: 'US',
  },
  weightGrams: 800,
};
const nowhere = { ...parcel, destination: { ...parcel.destination, country: 'AQ' } };

let clock: ManualClock;
let service: Awaited<ReturnType<typeof startShipping>>;
let desk: AgentTest<typeof shipping>;

beforeEach(async () => {
  clock = new ManualClock();
  service = await startShipping({ token: 'shipping-token', clock });
  desk = new AgentTest({
    agent: shipping,
    handlers,
    clock,
    secrets: { 'shipping-api-token': 'shipping-token' },
    settings: { SHIPPING_API_BASE: service.url },
  });
});
afterEach(() => service.close());

/** Until a request waits on the sandbox's clock: of the timers of its handling none rings within a second. */
async function waiting(): Promise<void> {
  while ((clock.nextDue ?? Infinity) > clock.now() + 1_000)
    await new Promise((resolve) => setImmediate(resolve));
}

describe('a label', () => {
  test('is made once per order, however often and how much later it is asked for', async () => {
    const first = await desk.send(shipping.label, parcel);
    expect(await desk.send(shipping.label, parcel)).toEqual(first);
    await clock.advance(2 * DAY_MS);
    expect(await desk.send(shipping.label, parcel)).toEqual(first);
    expect(service.books.live).toMatchObject([{ id: first.labelId, orderId: 'o-1' }]);
  });

  test('to where nothing is shipped is rejected, naming the field', async () => {
    expect(await desk.fail(shipping.label, nowhere)).toMatchObject({
      code: 'Rejected',
      reason: 'undeliverable',
      field: 'destination.country',
    });
  });

  test('is made once when the service did the work and never answered', async () => {
    service.faults.set([{ kind: 'timeoutAfterWork', method: 'POST', count: 1 }]);
    expect(await desk.fail(shipping.label, parcel)).toMatchObject({ code: 'ProviderFailed', retry: true });
    await desk.send(shipping.label, parcel);
    expect(service.books.live).toHaveLength(1);
  });

  test.each([
    { kind: 'fail', status: 502 },
    { kind: 'rateLimit', retryAfterSeconds: 3 },
  ] as const)('that meets $kind is worth another try', async (fault) => {
    service.faults.set([{ ...fault, count: 1 }]);
    const error = await desk.fail(shipping.label, parcel);
    expect(error).toMatchObject(
      fault.kind === 'fail'
        ? { code: 'ProviderFailed', retry: true }
        : { code: 'ProviderThrottled', retryAfterMs: 3_000 },
    );
    await clock.advance(error.retryAfterMs ?? 0);
    await desk.send(shipping.label, parcel);
  });

  test('without the address of the service says what to set', async () => {
    const lost = new AgentTest({ agent: shipping, handlers, clock });
    expect(await lost.fail(shipping.label, parcel)).toMatchObject({
      code: 'ConfigurationInvalid',
      field: 'SHIPPING_API_BASE',
    });
  });
});

describe('a void', () => {
  test('voids the label, once', async () => {
    const { labelId } = await desk.send(shipping.label, parcel);
    expect(await desk.send(shipping.void, parcel)).toEqual({ orderId: 'o-1', labelIds: [labelId] });
    await desk.send(shipping.void, parcel);
    expect(service.books).toMatchObject({ live: [], voided: [{ id: labelId }] });
  });

  test('that comes first has the label refused', async () => {
    await desk.send(shipping.void, parcel);
    expect(await desk.fail(shipping.label, parcel)).toMatchObject({
      code: 'Rejected',
      reason: 'label_voided',
    });
    expect(service.books.live).toEqual([]);
  });

  test('that overtakes a label under way has it refused, or is tried again', async () => {
    service.faults.set([{ kind: 'slow', phase: 'before', method: 'POST', count: 1 }]);
    const labelling = desk.send(shipping.label, parcel);
    await waiting();
    // The service tells that the label is being made: whether it will be, is not known yet.
    expect(await desk.fail(shipping.void, parcel)).toMatchObject({ code: 'ProviderFailed', retry: true });
    await clock.advance(1_000);
    await labelling;
    await desk.send(shipping.void, parcel);
    expect(service.books.live).toEqual([]);
  });

  test('of what was never deliverable is done at once', async () => {
    expect(await desk.send(shipping.void, nowhere)).toEqual({ orderId: 'o-1', labelIds: [] });
  });

  test('goes on where it was when the service did the work and never answered', async () => {
    await desk.send(shipping.label, parcel);
    service.faults.set([{ kind: 'timeoutAfterWork', method: 'DELETE', count: 1 }]);
    expect(await desk.fail(shipping.void, parcel)).toMatchObject({ code: 'ProviderFailed' });
    await desk.send(shipping.void, parcel);
    expect(service.books.live).toEqual([]);
  });
});
