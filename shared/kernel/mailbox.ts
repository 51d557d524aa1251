import type { Json } from '../contract/json.ts';
import { messageKey } from '../contract/keys.ts';
import type { Message } from '../contract/message.ts';
import type { Fields, FieldValue, StoredDocument } from '../contract/store.ts';
import { currentTenant } from '../contract/tenant-scope.ts';
import { inboxExpiry } from './inbox.ts';

/**
 * The mailbox of a document: the messages for it that were left to be decided on together, `<document>/mailbox/{K}`, and the mark on
 * the document of the one delivery that drains it now (docs/decisions/0013-mailbox-and-drainer.md).
 */

export const mailboxOf = (path: string) => `${path}/mailbox`;
export const mailPath = (path: string, message: Message) => `${mailboxOf(path)}/${messageKey(message)}`;

export function encodeMail(message: Message, now: number): Fields {
  const common = { at: new Date(now), expireAt: inboxExpiry(now) };
  const tenant = currentTenant();
  if (tenant === undefined) return { message: JSON.stringify(message), ...common };
  // What routes it stays readable where its payload no longer is.
  const { data, ...envelope } = message;
  return {
    message: JSON.stringify({ ...envelope, data: null }),
    data: JSON.stringify(data),
    tenant,
    ...common,
  };
}

export interface Mail {
  readonly path: string;
  readonly message: Message;
  readonly at: number;
}

export function decodeMail({ path, fields }: StoredDocument): Mail {
  const { message, data, at } = fields;
  const envelope = JSON.parse(String(message)) as Message;
  return {
    path,
    message: typeof data === 'string' ? { ...envelope, data: JSON.parse(data) as Json } : envelope,
    at: at instanceof Date ? at.getTime() : 0,
  };
}

/** Who drains the mailbox of a document, in the document's field `drain`. */
export interface DrainMark {
  readonly owner: string;
  /** K of the message that the drainer keeps un-acked. */
  readonly key: string;
  readonly until: Date;
  /** The last batch, and what it sends: whoever comes after a drainer that died publishes it again (I3). */
  readonly batch: string;
  readonly outbox: FieldValue;
}

export function markOf(document: StoredDocument | undefined): DrainMark | undefined {
  const mark = document?.fields[MARK];
  return mark ? (mark as unknown as DrainMark) : undefined;
}

export function withMark(fields: Fields, mark: DrainMark | undefined): Fields {
  const { [MARK]: _, ...rest } = fields;
  return mark ? { ...rest, ...markFields(mark) } : rest;
}

/** `null` where nobody drains. */
export function markFields(mark: DrainMark | undefined): Fields {
  return { [MARK]: mark ? { ...mark } : null };
}

const MARK = 'drain';
