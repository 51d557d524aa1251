import type { Ids } from '../contract/ids.ts';
import { digest } from '../contract/keys.ts';

/** The id of a message: the same for the same key and kind of message, or else a random one. */
export function messageId(ids: Ids, kind: readonly string[], idempotencyKey: string | undefined): string {
  return idempotencyKey === undefined ? ids.uuid() : digest('idempotency', ...kind, idempotencyKey);
}
