import type { Contract } from '../contract/agent.ts';
import { type ClaimCheck, claimCheckOf, type PayloadLimits, tooLarge } from '../contract/claim-check.ts';
import { parseJson } from '../contract/envelope.ts';
import { MeshError } from '../contract/errors.ts';
import type { Json } from '../contract/json.ts';
import type { Message } from '../contract/message.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import type { Blobs } from './blobs.ts';

/**
 * The message with the payload that its claim check stands for; the message itself, where it has none. Whoever sent it, the payload is
 * held to the limit of its receiver before any of it is read, and to its schema by its route.
 *
 * @throws MeshError `PayloadTooLarge`, `ClaimCheckLost`, `ClaimCheckDamaged`, `SchemaMismatch`, `StoreUnavailable`
 */
export async function opened(message: Message, contract: Contract, blobs: Blobs): Promise<Message> {
  const check = claimCheckOf(message.data);
  if (!check) return message;
  holdTo(takenLimits(contract, message.type), check, 'the data');
  return { ...message, data: await payloadOf(check, blobs) };
}

/** @throws MeshError `ClaimCheckLost`, `ClaimCheckDamaged`, `StoreUnavailable` */
export async function payloadOf(check: ClaimCheck, blobs: Pick<Blobs, 'read'>): Promise<Json> {
  const found = (await blobs.read([check])).get(check.sha256);
  if (found instanceof Uint8Array) return parseJson(found);
  throw found ?? new MeshError('ClaimCheckLost', 'the payload is not there', { field: 'data' });
}

function holdTo(limits: PayloadLimits, { bytes }: ClaimCheck, what: string): void {
  if (bytes > Math.max(limits.inlineBytes, limits.claimCheckBytes)) throw tooLarge(bytes, limits, what);
}
