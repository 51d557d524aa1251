import { type HandlerContext, type HandlersOf, hasCode, rejected } from '../../shared/index.ts';
import type { Parcel, shipping } from './contract.ts';
import { type Label, openShipping } from './service.ts';

/**
 * An order has one label, live or void for good. Both commands come to it by the same idempotent request, so that a void that
 * overtakes its label makes it and voids it, and the label, however late, finds it void.
 */
export const handlers = { label, void: voidLabel } satisfies HandlersOf<typeof shipping>;

async function label(parcel: Parcel, ctx: HandlerContext) {
  const service = await openShipping(ctx);
  // Older than a day, a label is no longer found by its key.
  const [known] = await service.labelsOf(parcel.orderId);
  const { id, trackingNumber, state } = known ?? (await service.make(parcel));
  if (state === 'voided')
    throw rejected('label_voided', `the label of the order ${parcel.orderId} was voided before`);
  return { labelId: id, trackingNumber };
}

async function voidLabel(parcel: Parcel, ctx: HandlerContext) {
  const { orderId } = parcel;
  const service = await openShipping(ctx);
  const known = await service.labelsOf(orderId);
  const labels = known.length > 0 ? known : await makeIfItCanBe();
  for (const { id, state } of labels) if (state === 'live') await service.void(id);
  return { orderId, labelIds: labels.map(({ id }) => id) };

  async function makeIfItCanBe(): Promise<readonly Label[]> {
    try {
      return [await service.make(parcel)];
    } catch (error) {
      // No label can be made for it, now or later: there is nothing to void.
      if (hasCode(error, 'Rejected') && error.reason === 'undeliverable') return [];
      throw error;
    }
  }
}
