import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

/** The most that one card payment may be, in minor units (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). */
const LARGEST_TOTAL = 99_999_999;

const OrderLine = z.strictObject({
  sku: z
    .string()
    .regex(/^[A-Z0-9][A-Z0-9-]{0,39}$/, 'must be capital letters, digits and dashes, at most 40'),
  quantity: z.int().min(1).max(100),
  /** In minor units of the order's currency. */
  unitPrice: z.int().min(1).max(10_000_000),
});

const OrderFields = z.strictObject({
  /** Names the order wherever it goes: ordering twice with one id is ordering once. */
  orderId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be letters, digits, _ and -, at most 64'),
  customer: z.strictObject({
    name: z.string().trim().min(1).max(200),
    email: z.email().max(254),
    phone: z.e164(),
  }),
  address: z.strictObject({
    street: z.string().trim().min(1).max(200),
    city: z.string().trim().min(1).max(100),
    postalCode: z.string().trim().min(1).max(20),
    /** ISO 3166-1 alpha-2. */
    country: z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters'),
  }),
  lines: z.array(OrderLine).min(1).max(50),
  /** ISO 4217, in lower case as the payment provider writes it. */
  currency: z.string().regex(/^[a-z]{3}$/, 'must be three lower-case letters'),
  payment: z.strictObject({
    /** The payment provider's id of a payment method: `pm_…`. Never a card number. */
    method: z.string().regex(/^pm_[A-Za-z0-9_]{1,100}$/, "must be a payment method's id, pm_…"),
  }),
  /** Not to be delivered before this day. Left out: as soon as there is a slot. */
  deliverAfter: z.iso.date().optional(),
});

/** What the order costs, in minor units: computed, never taken from outside. */
export function totalOf({ lines }: Pick<z.infer<typeof OrderFields>, 'lines'>): number {
  return lines.reduce((total, { quantity, unitPrice }) => total + quantity * unitPrice, 0);
}

export const Order = OrderFields.refine((order) => totalOf(order) <= LARGEST_TOTAL, {
  path: ['lines'],
  message: `come to more than ${LARGEST_TOTAL} minor units`,
});
export type Order = z.infer<typeof Order>;

export const Fulfilment = z.object({
  orderId: z.string(),
  total: z.int(),
  currency: z.string(),
  paymentIntentId: z.string(),
  labelId: z.string(),
  trackingNumber: z.string(),
  delivery: z.object({ start: z.string(), end: z.string() }),
  /** A text that could not be sent undoes no order. */
  text: z.discriminatedUnion('sent', [
    z.object({ sent: z.literal(true), sid: z.string() }),
    z.object({ sent: z.literal(false), reason: z.string() }),
  ]),
});
export type Fulfilment = z.infer<typeof Fulfilment>;

export const orders = defineAgent({
  name: 'orders',
  description: 'Takes orders, and sees each one fulfilled, or refunded and undone.',
  workflows: {
    'fulfill-order': {
      input: Order,
      output: Fulfilment,
      key: 'orderId',
      attributes: { customer: { type: 'keyword', from: 'customer.email' } },
    },
  },
  publishes: {
    fulfilled: Fulfilment.extend({
      lines: z.array(z.object({ sku: z.string(), quantity: z.int() })),
      placedAt: z.iso.datetime(),
      fulfilledAt: z.iso.datetime(),
    }),
    /** The order will not be fulfilled; whatever was taken for it is being given back. */
    rejected: z.object({
      orderId: z.string(),
      code: z.string(),
      /** The business reason, or the code where there is none. */
      reason: z.string(),
      message: z.string(),
      rejectedAt: z.iso.datetime(),
    }),
  },
  calls: ['payments', 'inventory', 'shipping', 'scheduling', 'notifications'],
  retry: { minBackoff: '200ms', maxBackoff: '30s', maxAttempts: 20 },
});
