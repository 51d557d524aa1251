import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

const OrderId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
const Sku = z.string().regex(/^[A-Z0-9][A-Z0-9-]{0,39}$/);

/** So many of one article. */
export const Quantity = z.object({ sku: Sku, quantity: z.int().min(1).max(1_000_000) });
export type Quantity = z.infer<typeof Quantity>;

const Lines = z.array(Quantity).min(1).max(200);

/** One article's stock. `available` is always `received - reserved`. */
export const Stock = z.object({
  kind: z.literal('stock'),
  sku: z.string(),
  available: z.int().min(0),
  received: z.int().min(0),
  reserved: z.int().min(0),
});
export type Stock = z.infer<typeof Stock>;

/** What an order holds. Once released it holds nothing, for good: a reserve that comes late finds it so and is refused. */
export const Reservation = z.object({
  kind: z.literal('reservation'),
  orderId: z.string(),
  status: z.enum(['reserved', 'released']),
  lines: z.array(Quantity),
});
export type Reservation = z.infer<typeof Reservation>;

export const InventoryState = z.discriminatedUnion('kind', [Stock, Reservation]);
export type InventoryState = z.infer<typeof InventoryState>;

/** Keys of the state documents. */
export const stockKey = (sku: string) => `sku:${sku}`;
export const reservationKey = (orderId: string) => `order:${orderId}`;

export const inventory = defineAgent({
  name: 'inventory',
  description: 'Keeps the stock: reserves it for orders, takes it back, and takes in new.',
  commands: {
    reserve: {
      input: z.object({ orderId: OrderId, lines: Lines }),
      output: z.object({ orderId: z.string(), lines: z.array(Quantity) }),
    },
    release: {
      /** `lines` are those of the reserve. */
      input: z.object({ orderId: OrderId, lines: Lines }),
      /** What was given back: nothing where nothing was reserved. */
      output: z.object({ orderId: z.string(), lines: z.array(Quantity) }),
    },
    restock: {
      input: z.object({ lines: Lines }),
      output: z.object({ stock: z.array(z.object({ sku: z.string(), available: z.int() })) }),
    },
  },
  publishes: {
    /** The last one was reserved. */
    'stock-depleted': z.object({ sku: z.string(), orderId: z.string() }),
  },
  state: { schema: InventoryState },
  retry: { minBackoff: '200ms', maxBackoff: '30s', maxAttempts: 20 },
});
