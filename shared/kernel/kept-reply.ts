import { claimCheckOf, inPlaceOf, type PayloadBlob, toBlob } from '../contract/claim-check.ts';
import { inputDigest } from '../contract/keys.ts';
import type { Message } from '../contract/message.ts';
import { Reply } from '../contract/reply.ts';
import type { Fields, StoredDocument } from '../contract/store.ts';
import type { Decision } from './route.ts';

/**
 * The reply to a command whose sender has no topic of its own: a program that asks with `keepreply` and looks for the answer. It is a
 * field of the inbox record, so it is committed with the effect (I1), stands there once however often the message comes (I2), and
 * expires with the record. It costs no write of its own.
 */

/** Bytes of JSON that a reply may take in the inbox record, which holds an outbox too. A larger output goes by claim check. */
const KEPT_BYTES = 100_000;

/** Whether somebody waits for the reply. */
export const isAwaited = ({ replyTo, keepReply }: Message) => replyTo !== undefined || keepReply === true;

/** The fields of the inbox record, and all payloads that are to be written before the decision is committed. */
export function keptReply(
  message: Message,
  { reply, blobs = [] }: Pick<Decision, 'reply' | 'blobs'>,
): { readonly fields: Fields; readonly blobs: readonly PayloadBlob[] } {
  if (!message.keepReply || !reply) return { fields: {}, blobs };
  const digest = inputDigest(message.data);
  const json = JSON.stringify(reply);
  if (!reply.ok || claimCheckOf(reply.output) || Buffer.byteLength(json) <= KEPT_BYTES)
    return { fields: { reply: json, inputDigest: digest }, blobs };
  const blob = toBlob(reply.output);
  const checked: Reply = { ok: true, output: inPlaceOf(blob.check) };
  return { fields: { reply: JSON.stringify(checked), inputDigest: digest }, blobs: [...blobs, blob] };
}

/** What the record of a handled message says to who asked. */
export interface Answered {
  /** The output may be a claim check. */
  readonly reply: Reply;
  /** Of the input that was answered: another input under the same message id was not. */
  readonly inputDigest: string;
}

/** The reply that an inbox record keeps; undefined where it keeps none. */
export function answerIn({ fields }: StoredDocument): Answered | undefined {
  if (typeof fields.reply !== 'string' || typeof fields.inputDigest !== 'string') return undefined;
  return { reply: Reply.parse(JSON.parse(fields.reply)), inputDigest: fields.inputDigest };
}
