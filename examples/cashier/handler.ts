import { type HandlersOf, rejected } from '../../shared/index.ts';
import type { cashier } from './contract.ts';

/** Taking back may overtake the payment: what was taken back is not paid any more. */
export const handlers = {
  pay: {
    keys: ({ refundId }) => [refundId],
    handle: ({ refundId, amount }, ctx) => {
      const known = ctx.state.get(refundId);
      if (known?.takenBack) throw rejected('taken_back', `the refund ${refundId} was taken back before`);
      const paid = known?.paid ?? amount;
      ctx.state.set(refundId, { paid, takenBack: false });
      return { paid };
    },
  },
  takeBack: {
    keys: ({ refundId }) => [refundId],
    handle: ({ refundId }, ctx) => ctx.state.set(refundId, { paid: 0, takenBack: true }),
  },
} satisfies HandlersOf<typeof cashier>;
