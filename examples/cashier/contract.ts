import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

const Refund = z.object({ refundId: z.string().min(1) });

export const cashier = defineAgent({
  name: 'cashier',
  description: 'Pays refunds out, each once, and takes them back.',
  commands: {
    pay: { input: Refund.extend({ amount: z.int().min(1) }), output: z.object({ paid: z.int() }) },
    takeBack: { input: Refund },
  },
  state: { schema: z.object({ paid: z.int(), takenBack: z.boolean() }) },
});
