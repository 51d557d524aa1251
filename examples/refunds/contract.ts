import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

export const RefundRequest = z.object({
  refundId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/),
  orderId: z.string().min(1),
  /** In cents. */
  amount: z.int().min(1),
  reason: z.string().min(1),
  /** How long each desk has to decide. */
  patienceSeconds: z.int().min(1).max(2_592_000).default(86_400),
});

/** What a person says to a refund: the payload of the signal `decision`. */
export const Decision = z.object({ approved: z.boolean(), by: z.string().min(1) });
export type Decision = z.infer<typeof Decision>;

/** The desks that may decide, the first one first. */
export const Desk = z.enum(['support', 'manager']);
export type Desk = z.infer<typeof Desk>;

export const Outcome = z.object({
  refundId: z.string(),
  outcome: z.enum(['paid', 'refused', 'expired']),
  /** Who decided: a person, the `rule` for small amounts, or `nobody`. */
  by: z.string(),
});
export type Outcome = z.infer<typeof Outcome>;

export const refunds = defineAgent({
  name: 'refunds',
  description: 'Has refunds decided on by people, and those that are approved paid.',
  calls: ['cashier'],
  publishes: {
    escalated: z.object({ refundId: z.string(), to: Desk }),
    settled: Outcome,
  },
  workflows: {
    'approve-refund': {
      input: RefundRequest,
      output: Outcome,
      key: 'refundId',
      signals: { decision: Decision },
      queries: { asked: { output: z.array(Desk) } },
      attributes: {
        order: { type: 'keyword', from: 'orderId' },
        amount: { type: 'number', from: 'amount' },
        decidedBy: 'keyword',
      },
    },
  },
});
