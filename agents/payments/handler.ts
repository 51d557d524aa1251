import { type HandlerContext, type HandlersOf, hasCode, MeshError, rejected } from '../../shared/index.ts';
import type { Charge, PaymentState, payments, Refund } from './contract.ts';
import { payments as agent } from './contract.ts';
import { KEYS_LAST_MS } from './keys.ts';
import { type Intent, type OrderPayment, openPayments } from './stripe.ts';

/**
 * How an order is charged once, whatever is delivered twice, late or at once.
 *
 * P1 An order has one payment at Stripe. Charge and refund find it by the same idempotent request, so that neither needs the
 *    other to have told what it did. While nothing is recorded here, they only do so as long as Stripe remembers the key.
 * P2 Stripe lets a payment end once: it succeeds, or it is cancelled. So a refund that overtakes its charge cancels the payment,
 *    and the charge, however late, finds it so; a refund that comes after gives the money back.
 * P3 What ended is recorded by order, under the version that was read: of two handlers that end at once, the later one begins
 *    again and finds the record.
 */
export const handlers = {
  charge: { keys: ({ orderId }) => [orderId], handle: charge },
  refund: { keys: ({ orderId }) => [orderId], handle: refund },
} satisfies HandlersOf<typeof payments>;

/** A refund and a charge can overtake each other so often; after that the message is tried again. */
const ROUNDS = 3;

async function charge(input: Charge, ctx: HandlerContext<PaymentState>) {
  const { orderId, amount, currency } = input;
  const known = ctx.state.get(orderId);
  if (known?.status === 'charged' && known.paymentIntentId !== undefined) {
    if (known.amount !== amount || known.currency !== currency)
      throw rejected('order_mismatch', 'the order was paid on other terms', { field: 'amount' });
    return { paymentIntentId: known.paymentIntentId, amount, currency };
  }
  if (known) throw cancelled(orderId);
  // P1: an attempt of which nothing is known may have succeeded, and could not be found by its key any more. No refusal: that would
  // say that nothing was charged, and nobody would give it back.
  if (isOld(input, ctx))
    throw new MeshError(
      'DeadlineExceeded',
      'the charge was asked for too long ago to be safe from charging twice; an earlier attempt may have charged',
      { field: 'requestedAt' },
    );
  const stripe = await openPayments(ctx);
  const opened = await stripe.open(input);
  const { id, status } = await stripe.confirm(opened.id, input);
  if (status === 'succeeded') {
    ctx.state.set(orderId, { status: 'charged', paymentIntentId: id, amount, currency });
    return { paymentIntentId: id, amount, currency };
  }
  if (status === 'canceled') throw cancelled(orderId);
  if (status === 'requires_action') {
    // Nobody is there to answer the bank, and nobody may do so later: the order is refused now.
    const ended = await stripe.cancel(id);
    if (ended.status !== 'canceled')
      throw new MeshError('ProviderFailed', `the payment is ${ended.status} and can't be cancelled`);
    throw rejected('authentication_required', 'the bank asks the customer to authenticate the payment');
  }
  throw new MeshError('ProviderFailed', `the payment is ${status}`);
}

async function refund(input: Refund, ctx: HandlerContext<PaymentState>) {
  const { orderId, amount, currency } = input;
  const known = ctx.state.get(orderId);
  if (known && known.status !== 'charged') return answer(known);
  const stripe = await openPayments(ctx);
  const paymentIntentId = known?.paymentIntentId ?? (await find(stripe, input, ctx))?.id;
  const refundId = paymentIntentId && (await undo(stripe, paymentIntentId, orderId));
  const ended: PaymentState = {
    status: refundId === undefined ? 'cancelled' : 'refunded',
    ...(paymentIntentId !== undefined && { paymentIntentId }),
    amount: known?.amount ?? amount,
    currency: known?.currency ?? currency,
    ...(refundId !== undefined && { refundId }),
  };
  ctx.state.set(orderId, ended);
  if (paymentIntentId !== undefined && refundId !== undefined) {
    const { amount, currency } = ended;
    const refundedAt = ctx.now().toISOString();
    ctx.publish(agent.refunded, { orderId, amount, currency, paymentIntentId, refundId, refundedAt });
  }
  return answer(ended);
}

/** The order's payment; undefined where there is none, and can be none. */
async function find(
  stripe: OrderPayment,
  input: Refund,
  ctx: HandlerContext<PaymentState>,
): Promise<Intent | undefined> {
  const found = isOld(input, ctx) ? await stripe.search(input.orderId) : undefined;
  if (found) return found;
  try {
    return await stripe.open(input);
  } catch (error) {
    // What Stripe refuses to begin was never begun either: an amount that is too small, a currency that it does not know.
    if (hasCode(error, 'Rejected') && error.reason !== 'order_mismatch') return undefined;
    throw error;
  }
}

/** Gives back what was taken, or sees to it that nothing can be (P2). Returns the refund's id, if there was one. */
async function undo(stripe: OrderPayment, id: string, orderId: string): Promise<string | undefined> {
  let intent = await stripe.look(id);
  for (let round = 0; round < ROUNDS; round++) {
    if (intent.status === 'succeeded') return stripe.giveBack(id, orderId);
    if (intent.status === 'canceled') return undefined;
    if (intent.status === 'processing') break;
    intent = await stripe.cancel(id);
  }
  throw new MeshError('ProviderFailed', `the payment is ${intent.status} and can't be undone yet`);
}

function isOld({ requestedAt }: Refund, ctx: HandlerContext<PaymentState>): boolean {
  return ctx.now().getTime() - Date.parse(requestedAt ?? ctx.message.time) > KEYS_LAST_MS;
}

function answer({ status, paymentIntentId, refundId }: PaymentState) {
  return {
    outcome: status === 'refunded' ? ('refunded' as const) : ('cancelled' as const),
    ...(paymentIntentId !== undefined && { paymentIntentId }),
    ...(refundId !== undefined && { refundId }),
  };
}

function cancelled(orderId: string): MeshError {
  return rejected('payment_cancelled', `the payment of the order ${orderId} was undone before`);
}
