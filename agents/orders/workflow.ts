import { defineWorkflow, hasCode, MeshError, undo, type WorkflowContext } from '../../shared/index.ts';
import { inventory } from '../inventory/contract.ts';
import { notifications } from '../notifications/contract.ts';
import { payments } from '../payments/contract.ts';
import { scheduling } from '../scheduling/contract.ts';
import { shipping } from '../shipping/contract.ts';
import { Fulfilment, Order, orders, totalOf } from './contract.ts';

const DAY_MS = 86_400_000;
/** What an article weighs, packed, as long as the catalogue does not say. */
const ARTICLE_GRAMS = 400;

/**
 * A saga: charge, reserve the stock, get a label, book a delivery slot, tell the customer. When a step after the charge fails, what
 * was done before it is undone in reverse, the refund last; a text that fails undoes nothing.
 *
 * No step is commanded a second time from here: Pub/Sub delivers a command until its agent has handled it, and each agent does its
 * work once per order.
 */
export const fulfillOrder = defineWorkflow({
  name: 'fulfill-order',
  version: 1,
  input: Order,
  output: Fulfilment,
  async run(wf, order) {
    const placedAt = wf.now().toISOString();
    const now = () => wf.now().toISOString();
    try {
      const fulfilment = await fulfil(wf, order);
      const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
      wf.publish(orders.fulfilled, { ...fulfilment, lines, placedAt, fulfilledAt: now() });
      return fulfilment;
    } catch (error) {
      wf.publish(orders.rejected, { orderId: order.orderId, ...describe(error), rejectedAt: now() });
      throw error;
    }
  },
});

async function fulfil(wf: WorkflowContext, order: Order): Promise<Fulfilment> {
  const { orderId, customer, address, currency } = order;
  const total = totalOf(order);
  const asked = wf.now();

  const charge = await wf.call(
    payments.charge,
    {
      orderId,
      amount: total,
      currency,
      paymentMethod: order.payment.method,
      requestedAt: asked.toISOString(),
    },
    {
      timeout: '5s',
      compensate: undo(payments.refund, ({ input: { paymentMethod: _, ...payment } }) => payment),
    },
  );

  const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
  await wf.call(
    inventory.reserve,
    { orderId, lines },
    { timeout: '60s', compensate: undo(inventory.release, ({ input }) => input) },
  );

  const items = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const label = await wf.call(
    shipping.label,
    {
      orderId,
      destination: { name: customer.name, ...address },
      weightGrams: items * ARTICLE_GRAMS,
    },
    { timeout: '60s', compensate: undo(shipping.void, ({ input }) => input) },
  );

  const from = firstDay(order.deliverAfter, asked);
  // The hold's undo cancels the booking too.
  await wf.call(
    scheduling.hold,
    { orderId, from },
    { timeout: '60s', compensate: undo(scheduling.cancel, ({ input }) => input) },
  );
  const { start, end } = await wf.call(
    scheduling.book,
    {
      orderId,
      summary: `Delivery ${orderId}`,
      location: `${address.street}, ${address.postalCode} ${address.city}, ${address.country}`,
    },
    { timeout: '60s' },
  );

  const delivery = { start, end };
  const text = await wf
    .call(notifications.notify, { to: customer.phone, text: textFor(order, delivery) }, { timeout: '10m' })
    .then(
      ({ sid }) => ({ sent: true as const, sid }),
      (error: unknown) => {
        if (hasCode(error, 'RunCancelled')) throw error;
        return { sent: false as const, reason: describe(error).reason };
      },
    );

  return {
    orderId,
    total,
    currency,
    paymentIntentId: charge.paymentIntentId,
    labelId: label.labelId,
    trackingNumber: label.trackingNumber,
    delivery,
    text,
  };
}

/** The wished day, but tomorrow at the earliest. UTC. */
function firstDay(wished: string | undefined, now: Date): string {
  const tomorrow = new Date(now.getTime() + DAY_MS).toISOString().slice(0, 10);
  return wished !== undefined && wished > tomorrow ? wished : tomorrow;
}

function textFor({ orderId, customer }: Order, { start, end }: Fulfilment['delivery']): string {
  const at = `${start.slice(0, 10)} between ${start.slice(11, 16)} and ${end.slice(11, 16)} UTC`;
  return `Hello ${customer.name}, your order ${orderId} will be delivered on ${at}.`;
}

function describe(error: unknown): { code: string; reason: string; message: string } {
  if (!(error instanceof MeshError))
    return { code: 'WorkflowFailed', reason: 'WorkflowFailed', message: String(error) };
  return { code: error.code, reason: error.reason ?? error.code, message: error.message };
}
