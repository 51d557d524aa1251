import { checkIn, type PayloadBlob } from '../contract/claim-check.ts';
import type { Json } from '../contract/json.ts';
import { type Message, REPLY } from '../contract/message.ts';
import type { Fields } from '../contract/store.ts';

/** Characters of a mail: its document takes 1 MiB, in which each may be three bytes. */
const MOST_CHARACTERS = 300_000;
/** Bytes of its payload that stay in it then. */
const INLINE_BYTES = 100_000;

/** Whether a mail may be too large for its document. */
export function isHeavy({ message, data = '' }: Fields): boolean {
  return typeof message === 'string' && message.length + String(data).length > MOST_CHARACTERS;
}

/** The reply with its output by claim check, though it came as it is. Undefined where there is nothing to be made lighter. */
export function lightened(
  message: Message,
): { readonly message: Message; readonly blob: PayloadBlob } | undefined {
  const { type, data } = message;
  if (type !== REPLY || typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  const { output } = data as { readonly output?: Json };
  if (output === undefined) return undefined;
  const limits = { inlineBytes: INLINE_BYTES, claimCheckBytes: Infinity };
  const { data: standing, blob } = checkIn(output, limits, 'the reply');
  return blob && { message: { ...message, data: { ...data, output: standing } }, blob };
}
