import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

export const Carrier = z.enum(['road', 'rail', 'sea']);
export type Carrier = z.infer<typeof Carrier>;

const Named = z.object({ shipmentId: z.string().min(1), carrier: Carrier });

export const carriers = defineAgent({
  name: 'carriers',
  description:
    'Stands for three carriers: makes their offers, and keeps which are held, accepted and withdrawn.',
  commands: {
    // It waits as a carrier's service would make it wait.
    offer: {
      mode: 'effect',
      input: Named.extend({ weightKg: z.int().min(1) }),
      /** The price is in cents. */
      output: z.object({ carrier: Carrier, price: z.int() }),
    },
    accept: { input: Named },
    withdraw: { input: Named },
  },
  state: { schema: z.object({ price: z.int(), status: z.enum(['held', 'accepted', 'withdrawn']) }) },
});
