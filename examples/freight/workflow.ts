import { defineWorkflow, each, undo } from '../../shared/index.ts';
import { Carrier, carriers } from '../carriers/contract.ts';
import { Booked, Shipment } from './contract.ts';

/**
 * Scatter and gather: all carriers are asked at once, two offers are enough, and nobody is waited for longer than ten seconds. An offer
 * binds the carrier, so that each one has an undo: those that come too late are withdrawn when they come, and all of them when too few come.
 */
export const bookCheapest = defineWorkflow({
  name: 'book-cheapest',
  version: 1,
  input: Shipment,
  output: Booked,
  async run(wf, { shipmentId, weightKg }): Promise<Booked> {
    const requests = Carrier.options.map((carrier) => ({ shipmentId, carrier, weightKg }));
    const { outputs, reason } = await wf.gather(
      each(carriers.offer, requests, {
        timeout: '30s',
        compensate: undo(carriers.withdraw, ({ input: { carrier } }) => ({ shipmentId, carrier })),
      }),
      { quorum: 2, deadline: '10s' },
    );
    const [cheapest, ...others] = outputs.toSorted((a, b) => a.price - b.price);
    if (!cheapest) throw new Error('a quorum of two without an offer');
    const { carrier, price } = cheapest;
    await wf.call(
      carriers.accept,
      { shipmentId, carrier },
      { timeout: '30s', compensate: undo(carriers.withdraw, ({ input }) => input) },
    );
    await wf.gather(
      each(
        carriers.withdraw,
        others.map(({ carrier }) => ({ shipmentId, carrier })),
      ),
    );
    return { shipmentId, carrier, price, offers: outputs.length, because: reason };
  },
});
