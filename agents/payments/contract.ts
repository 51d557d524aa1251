import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

const OrderId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);

/** What both commands need to find the order's one payment at the provider. */
const Payment = z.object({
  orderId: OrderId,
  /** Minor units (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). */
  amount: z.int().min(1).max(99_999_999),
  currency: z.string().regex(/^[a-z]{3}$/),
  /** When the charge was first asked for. Left out: when the message was sent. */
  requestedAt: z.iso.datetime({ offset: true }).optional(),
});

export const Charge = Payment.extend({ paymentMethod: z.string().min(1).max(255) });
export type Charge = z.infer<typeof Charge>;

export const Refund = Payment;
export type Refund = z.infer<typeof Refund>;

/** What became of an order's payment. Only `charged` means that the provider holds the customer's money. */
export const PaymentState = z.object({
  status: z.enum(['charged', 'refunded', 'cancelled']),
  /** None where Stripe would begin none: there was nothing to charge, or to undo. */
  paymentIntentId: z.string().optional(),
  amount: z.int(),
  currency: z.string(),
  refundId: z.string().optional(),
});
export type PaymentState = z.infer<typeof PaymentState>;

export const payments = defineAgent({
  name: 'payments',
  description: 'Charges an order once, by Stripe, and gives the money back.',
  commands: {
    charge: {
      mode: 'effect',
      input: Charge,
      output: z.object({ paymentIntentId: z.string(), amount: z.int(), currency: z.string() }),
    },
    refund: {
      mode: 'effect',
      input: Refund,
      output: z.object({
        /** `cancelled`: there was no money to give back, and none can be taken any more. */
        outcome: z.enum(['refunded', 'cancelled']),
        /** None where Stripe would begin no such payment. */
        paymentIntentId: z.string().optional(),
        refundId: z.string().optional(),
      }),
    },
  },
  publishes: {
    refunded: z.object({
      orderId: z.string(),
      amount: z.int(),
      currency: z.string(),
      paymentIntentId: z.string(),
      refundId: z.string(),
      refundedAt: z.iso.datetime(),
    }),
  },
  secrets: ['stripe-api-key'],
  settings: ['STRIPE_API_BASE'],
  providers: {
    stripe: {
      // What Stripe takes of one account (docs.stripe.com/rate-limits).
      rate: '100/s',
      breaker: { failures: 5, within: '10s', open: '2s', maxOpen: '30s' },
      bulkhead: 10,
    },
  },
  state: { schema: PaymentState },
  // The lease of a charge that died ends soon after the 5 seconds that its order waits.
  limits: { timeout: '6s' },
  retry: { minBackoff: '200ms', maxBackoff: '60s', maxAttempts: 20 },
});
