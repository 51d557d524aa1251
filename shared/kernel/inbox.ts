import type { Json } from '../contract/json.ts';
import type { Message } from '../contract/message.ts';
import type { Fields, FieldValue, StoredDocument } from '../contract/store.ts';

/** One message that handling another one sends: to be published, or armed as a timer where it has a time. */
export interface OutboxEntry {
  /** The topic's id. */
  readonly topic: string;
  readonly message: Message;
  /** Milliseconds since the epoch. */
  readonly at?: number;
  /** Attributes beside the envelope's: the reason, on a dead letter. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** That a message was handled, with its outbox as `unpackOutbox` reads it. */
export interface Handled {
  readonly status: 'done';
  readonly outbox: FieldValue;
  /** The reply, where the sender asked for it to be kept here (kept-reply.ts). */
  readonly kept?: Fields;
}

/**
 * The inbox record: that a message was handled, and what its handling sends. It is committed with the effect (I1), and read before
 * anything else is done with the message (I2).
 */
export type InboxRecord =
  | Handled
  | {
      readonly status: 'running';
      readonly leaseUntil: Date;
      /** The one handling that holds the message: by this it knows its own claim when the answer to it was lost. */
      readonly owner: string;
      /** What the handler last told of its progress: for the next attempt, and for people. */
      readonly progress?: Json | undefined;
    };

/** A record as it was read, and when it was written. */
type ReadRecord = InboxRecord & { readonly updatedAt: Date };

/**
 * How long a record is kept, in milliseconds: 75 days. Longer than Pub/Sub keeps a message (7 days), plus its dead letter (31), plus the 30 for
 * which its dead letter can be redriven: no message comes again after its record is gone.
 */
export const INBOX_RETENTION_MS = 75 * 86_400_000;

export const inboxExpiry = (now: number) => new Date(now + INBOX_RETENTION_MS);

export function encodeInbox(record: InboxRecord, message: Message, now: number): Fields {
  const common = {
    status: record.status,
    type: message.type,
    source: message.source,
    messageId: message.id,
    updatedAt: new Date(now),
    expireAt: inboxExpiry(now),
  };
  return record.status === 'done'
    ? { ...common, outbox: record.outbox, ...record.kept }
    : {
        ...common,
        leaseUntil: record.leaseUntil,
        owner: record.owner,
        // As JSON: a field of Firestore's can't hold a list in a list.
        ...(record.progress !== undefined && { progress: JSON.stringify(record.progress) }),
      };
}

export function decodeInbox(document: StoredDocument): ReadRecord {
  const { status, outbox, leaseUntil, owner, progress, updatedAt: written } = document.fields;
  const updatedAt = written instanceof Date ? written : new Date(0);
  if (status === 'running') {
    return {
      status,
      updatedAt,
      leaseUntil: leaseUntil instanceof Date ? leaseUntil : new Date(0),
      owner: String(owner),
      ...(typeof progress === 'string' && { progress: JSON.parse(progress) as Json }),
    };
  }
  return { status: 'done', updatedAt, outbox: outbox ?? '[]' };
}
