import type { Contract } from '../contract/agent.ts';
import { checkIn, claimCheckOf } from '../contract/claim-check.ts';
import { milliseconds } from '../contract/duration.ts';
import { decodeData } from '../contract/envelope.ts';
import type { Delivery, Envelope } from '../contract/message.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import type { Blobs } from './blobs.ts';
import { MOST_TIMED_BYTES } from './message-limits.ts';

/** Of a message that is a claim check; and how long a wait takes that a payload may not last through. */
const MOST_CHECK_BYTES = 1_000;
const LONG_MS = milliseconds('1d');

/**
 * The delivery as a timer can carry it: data that came as it is, though it is too large for that, goes by claim check from here on, where
 * its message may. Any other delivery is as it was. What it refers to is kept for longer, where it is to wait for long: whoever sends the same
 * payload in the meantime, for now, has it kept for less than this one's sender had.
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
  if (delivery.data.byteLength <= MOST_TIMED_BYTES) {
    const long = until.getTime() - Date.parse(delivery.publishTime) > LONG_MS;
    const check =
      long && delivery.data.byteLength <= MOST_CHECK_BYTES ? claimCheckOf(decodeData(delivery)) : undefined;
    if (check) await blobs.renew([check]);
    return delivery;
  }
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
