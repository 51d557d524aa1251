import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

/** What a label is for. Both commands take it whole: a label whose making is in doubt is found by asking for it again. */
export const Parcel = z.object({
  orderId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/),
  destination: z.object({
    name: z.string().min(1),
    street: z.string().min(1),
    city: z.string().min(1),
    postalCode: z.string().min(1),
    /** ISO 3166-1 alpha-2. */
    country: z.string().regex(/^[A-Z]{2}$/),
  }),
  weightGrams: z.int().min(1),
});
export type Parcel = z.infer<typeof Parcel>;

export const shipping = defineAgent({
  name: 'shipping',
  description: 'Gets an order its shipping label from the internal shipping service, and voids it.',
  commands: {
    label: {
      mode: 'effect',
      input: Parcel,
      output: z.object({ labelId: z.string(), trackingNumber: z.string() }),
    },
    void: {
      mode: 'effect',
      input: Parcel,
      /** The labels that are void now: none where none could ever be made. */
      output: z.object({ orderId: z.string(), labelIds: z.array(z.string()) }),
    },
  },
  secrets: ['shipping-api-token'],
  settings: ['SHIPPING_API_BASE'],
  providers: {
    // An internal service, for which nobody counts the requests.
    shipping: { breaker: { failures: 5, within: '10s', open: '2s', maxOpen: '30s' }, bulkhead: 10 },
  },
  limits: { timeout: '6s' },
  retry: { minBackoff: '200ms', maxBackoff: '60s', maxAttempts: 20 },
});
