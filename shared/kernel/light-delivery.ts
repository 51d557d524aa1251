import type { Contract } from '../contract/agent.ts';
import { checkIn } from '../contract/claim-check.ts';
import { decodeData } from '../contract/envelope.ts';
import type { Delivery, Envelope } from '../contract/message.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import type { Blobs } from './blobs.ts';
import { MOST_TIMED_BYTES } from './message-limits.ts';

/**
 * The delivery as a timer can carry it: data that came as it is, though it is too large for that, goes by claim check from here on, where
 * its message may. Any other delivery is as it was.
 *
 * @throws MeshError `NotJson`, `SchemaMismatch`, `StoreUnavailable`
 */
export async function lightDelivery(
  delivery: Delivery,
  { type }: Envelope,
  until: Date,
  contract: Contract,
  blobs: Blobs,
): Promise<Delivery> {
  if (delivery.data.byteLength <= MOST_TIMED_BYTES) return delivery;
  // In a structured event the data is a part of the JSON; in the mesh's own messages the payload is a part of the data.
  const plain = !delivery.attributes['content-type']?.startsWith('application/cloudevents');
  if (!plain || type.startsWith('mesh.')) return delivery;
  const { claimCheckBytes } = takenLimits(contract, type);
  if (delivery.data.byteLength > claimCheckBytes) return delivery;
  const limits = { inlineBytes: 0, claimCheckBytes };
  const { data, blob } = checkIn(decodeData(delivery), limits, 'the data');
  if (blob) await blobs.write([{ ...blob, until: until.getTime() }]);
  return { ...delivery, data: Buffer.from(JSON.stringify(data)) };
}
