import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

export const Shipment = z.object({
  shipmentId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/),
  weightKg: z.int().min(1),
});

export const Booked = z.object({
  shipmentId: z.string(),
  carrier: z.string(),
  /** In cents. */
  price: z.int(),
  /** How many offers it was chosen from. */
  offers: z.int(),
  /** Why no more were waited for. */
  because: z.enum(['all', 'quorum', 'deadline']),
});
export type Booked = z.infer<typeof Booked>;

export const freight = defineAgent({
  name: 'freight',
  description: 'Asks the carriers for offers, and books the cheapest of the first two.',
  calls: ['carriers'],
  workflows: { 'book-cheapest': { input: Shipment, output: Booked, key: 'shipmentId' } },
});
