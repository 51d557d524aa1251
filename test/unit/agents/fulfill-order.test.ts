import { expect, test } from 'vitest';
import { Fulfilment, Order, orders } from '../../../agents/orders/contract.ts';
import { fulfillOrder } from '../../../agents/orders/workflow.ts';
import {
  type EventRef,
  MeshError,
  type MessageRef,
  rejected,
  silentLog,
} from '../../../shared/contract/index.ts';
import type { CallOptions, WorkflowContext } from '../../../shared/workflow/context.ts';

const order = Order.parse({
  orderId: 'o-1',
  customer: { name: 'Ada Northgate', email: 'ada@example.com', phone: '+14155550123' },
  address: { street: '1 Main Street', city: 'Springfield', postalCode: '12345', country: 'US' },
  lines: [
    { sku: 'TEA-01', quantity: 2, unitPrice: 450 },
    { sku: 'MUG-01', quantity: 1, unitPrice: 99 },
  ],
  currency: 'usd',
  payment: { method: 'pm_card_visa' },
  deliverAfter: '2026-01-05',
});

const replies: Readonly<Record<string, unknown>> = {
  'payments.charge': { paymentIntentId: 'pi_1', amount: 999, currency: 'usd' },
  'inventory.reserve': { orderId: 'o-1', lines: [] },
  'shipping.label': { labelId: 'lbl_1', trackingNumber: 'TRK1' },
  'scheduling.hold': { start: '2026-01-05T08:00:00.000Z', end: '2026-01-05T10:00:00.000Z' },
  'scheduling.book': { eventId: 'e1', start: '2026-01-05T08:00:00.000Z', end: '2026-01-05T10:00:00.000Z' },
  'notifications.notify': { sid: 'SM1' },
};

/** Runs the workflow with these answers; `failing` answers with an error. */
async function run(given: Order, failing: Readonly<Record<string, Error>> = {}) {
  const calls: {
    readonly type: string;
    readonly input: Record<string, unknown>;
    readonly timeout?: string;
  }[] = [];
  const undos: { readonly type: string; readonly input: unknown }[] = [];
  const events: { readonly type: string; readonly data: unknown }[] = [];
  const call = async (ref: MessageRef, input: unknown, { timeout, compensate }: CallOptions = {}) => {
    const parsed = ref.input.parse(input) as Record<string, unknown>;
    calls.push({ type: ref.type, input: parsed, ...(timeout && { timeout }) });
    const error = failing[ref.type];
    // Not for what was refused in order: there is nothing to undo.
    if (compensate && !(error instanceof MeshError && error.code === 'Rejected')) {
      const undo = compensate.with as unknown as MessageRef;
      const output = error ? undefined : replies[ref.type];
      const undoInput = undo.input.parse(compensate.input({ input, output, stepId: ref.type }));
      undos.unshift({ type: undo.type, input: undoInput });
    }
    if (error) throw error;
    return replies[ref.type];
  };
  const wf = {
    runId: 'run-1',
    key: given.orderId,
    log: silentLog,
    call,
    publish: (event: EventRef, data: unknown) =>
      events.push({ type: event.type, data: event.data.parse(data) }),
    now: () => new Date('2026-01-01T12:00:00Z'),
  } as unknown as WorkflowContext;
  const end = await fulfillOrder.run(wf, given).then(
    (output) => ({ output: Fulfilment.parse(output) }),
    (error: Error) => ({ error }),
  );
  return { calls, undos, events, ...end };
}

test('an order is charged what its lines come to, within 5 seconds, then filled step by step', async () => {
  const { calls, events, ...end } = await run(order);
  expect(calls.map(({ type }) => type)).toEqual(Object.keys(replies));
  expect(calls[0]).toMatchObject({ timeout: '5s', input: { amount: 999, paymentMethod: 'pm_card_visa' } });
  expect(end).toMatchObject({ output: { total: 999, labelId: 'lbl_1', text: { sent: true, sid: 'SM1' } } });
  expect(events).toMatchObject([{ type: orders.fulfilled.type, data: { orderId: 'o-1' } }]);
});

test('the customer is told the order and the slot', async () => {
  const { calls } = await run(order);
  expect(calls.at(-1)?.input).toEqual({
    to: '+14155550123',
    text: 'Hello Ada Northgate, your order o-1 will be delivered on 2026-01-05 between 08:00 and 10:00 UTC.',
  });
});

test.each([
  ['2026-01-05', '2026-01-05'],
  ['2025-06-01', '2026-01-02'],
  [undefined, '2026-01-02'],
])('a delivery wished for %s is from %s on', async (deliverAfter, from) => {
  const { calls } = await run({ ...order, deliverAfter });
  expect(calls.find(({ type }) => type === 'scheduling.hold')?.input.from).toBe(from);
});

const REFUND = 'payments.refund';
const RELEASE = 'inventory.release';
const VOID = 'shipping.void';
const CANCEL = 'scheduling.cancel';
const unknown = new MeshError('StepTimeout', 'no answer came in time');

test.each([
  ['payments.charge', rejected('card_declined', 'declined'), []],
  ['payments.charge', unknown, [REFUND]],
  ['inventory.reserve', rejected('out_of_stock', 'none left'), [REFUND]],
  ['inventory.reserve', unknown, [RELEASE, REFUND]],
  ['shipping.label', rejected('undeliverable', 'too far'), [RELEASE, REFUND]],
  ['shipping.label', unknown, [VOID, RELEASE, REFUND]],
  ['scheduling.hold', rejected('no_slot', 'full'), [VOID, RELEASE, REFUND]],
  ['scheduling.hold', unknown, [CANCEL, VOID, RELEASE, REFUND]],
  ['scheduling.book', unknown, [CANCEL, VOID, RELEASE, REFUND]],
])('when %s fails, what may have been done is undone in reverse', async (type, error, expected) => {
  const { undos, events, calls, ...end } = await run(order, { [type]: error });
  expect(end).toEqual({ error });
  expect(calls.at(-1)?.type).toBe(type);
  expect(undos.map((undo) => undo.type)).toEqual(expected);
  const reason = error.reason ?? error.code;
  expect(events).toMatchObject([
    { type: orders.rejected.type, data: { orderId: 'o-1', code: error.code, reason } },
  ]);
});

test('the refund knows what the charge was asked for, and not the card', async () => {
  const { undos, calls } = await run(order, { 'payments.charge': unknown });
  const { paymentMethod: _, ...payment } = calls[0]?.input ?? {};
  expect(undos).toEqual([{ type: REFUND, input: payment }]);
  expect(payment).toMatchObject({ amount: 999, requestedAt: '2026-01-01T12:00:00.000Z' });
});

test.each([rejected('invalid_phone', 'no phone'), unknown])(
  'a text that fails undoes nothing: %s',
  async (error) => {
    const { events, ...end } = await run(order, { 'notifications.notify': error });
    expect(end).toMatchObject({ output: { text: { sent: false, reason: error.reason ?? error.code } } });
    expect(events).toMatchObject([{ type: orders.fulfilled.type }]);
  },
);

test('an order that is cancelled while the text is on its way is undone', async () => {
  const error = new MeshError('RunCancelled', 'the run was cancelled');
  const { undos, ...end } = await run(order, { 'notifications.notify': error });
  expect(end).toMatchObject({ error });
  expect(undos.map((undo) => undo.type)).toEqual([CANCEL, VOID, RELEASE, REFUND]);
});
