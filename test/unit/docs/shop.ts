import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/index.ts';

const Order = z.object({ order: z.string() });
const Parcel = z.object({ parcel: z.string() });

/** What the examples command. */
export const shop = defineAgent({
  name: 'shop',
  commands: {
    charge: { input: Order, output: z.object({ charge: z.string() }) },
    refund: { input: Order.extend({ charge: z.string().optional() }) },
    ship: { input: Order, output: z.object({ tracking: z.string() }) },
    unpack: { input: Parcel.partial() },
  },
  workflows: {
    pack: {
      input: Order,
      output: Parcel,
      key: 'order',
      signals: { weighed: z.object({ grams: z.number() }) },
      updates: {
        add: {
          input: z.object({ article: z.string() }),
          output: z.object({ articles: z.number() }),
        },
      },
    },
  },
});

export const carriers = defineAgent({
  name: 'carriers',
  commands: {
    offer: { input: z.object({ carrier: z.string() }), output: z.object({ price: z.number() }) },
    withdraw: { input: z.object({ carrier: z.string() }) },
  },
});

export const archive = defineAgent({
  name: 'archive',
  commands: {
    page: {
      input: z.object({ book: z.string(), token: z.string().nullable() }),
      output: z.object({ items: z.array(z.string()), next: z.string().optional() }),
    },
    count: { input: z.object({ items: z.array(z.string()) }), output: z.number() },
    sum: { input: z.object({ results: z.array(z.number()) }), output: z.number() },
  },
});

/** Hosts the workflows of the examples. */
export const desk = defineAgent({
  name: 'desk',
  calls: ['shop', 'carriers', 'archive'],
  publishes: { shipped: Order.extend({ tracking: z.string() }) },
  workflows: { sell: { input: Order, output: z.json(), key: 'order' } },
});
