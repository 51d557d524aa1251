import { setTimeout as wait } from 'node:timers/promises';
import { type HandlersOf, rejected } from '../../shared/index.ts';
import type { Carrier, carriers } from './contract.ts';

interface Tariff {
  /** In cents. */
  readonly perKg: number;
  readonly mostKg: number;
  readonly answersInMs: number;
}

const TARIFFS: Readonly<Record<Carrier, Tariff>> = {
  road: { perKg: 210, mostKg: 1_000, answersInMs: 0 },
  rail: { perKg: 130, mostKg: 10_000, answersInMs: 0 },
  sea: { perKg: 45, mostKg: 50_000, answersInMs: 3_000 },
};

const keyOf = ({ shipmentId, carrier }: { readonly shipmentId: string; readonly carrier: Carrier }) =>
  `${shipmentId}-${carrier}`;

/** A withdrawal may overtake its offer: what was withdrawn is not offered any more. */
export const handlers = {
  offer: {
    keys: (request) => [keyOf(request)],
    handle: async ({ weightKg, ...offer }, ctx) => {
      const { carrier } = offer;
      const { perKg, mostKg, answersInMs } = TARIFFS[carrier];
      if (weightKg > mostKg) throw rejected('too_heavy', `${carrier} takes ${mostKg} kg at most`);
      if (ctx.state.get(keyOf(offer))?.status === 'withdrawn')
        throw rejected('withdrawn', `the offer of ${carrier} was withdrawn before`);
      if (answersInMs > 0) await wait(answersInMs, undefined, { signal: ctx.signal });
      const price = weightKg * perKg;
      ctx.state.set(keyOf(offer), { price, status: 'held' });
      return { carrier, price };
    },
  },
  accept: {
    keys: (offer) => [keyOf(offer)],
    handle: (offer, ctx) => {
      const held = ctx.state.get(keyOf(offer));
      if (!held || held.status === 'withdrawn')
        throw rejected('no_offer', `${offer.carrier} holds no offer for ${offer.shipmentId}`);
      ctx.state.set(keyOf(offer), { ...held, status: 'accepted' });
    },
  },
  withdraw: {
    keys: (offer) => [keyOf(offer)],
    handle: (offer, ctx) => {
      const price = ctx.state.get(keyOf(offer))?.price ?? 0;
      ctx.state.set(keyOf(offer), { price, status: 'withdrawn' });
    },
  },
} satisfies HandlersOf<typeof carriers>;
