import type { StoredDocument } from '../../../shared/contract/store.ts';
import { decodeInbox, type InboxRecord } from '../../../shared/kernel/inbox.ts';
import { wholeOutbox } from '../../../shared/kernel/packed-outbox.ts';
import { decodeRun, type RunRecord } from '../../../shared/workflow/run-record.ts';

/** A function of a committed document, computed once for all observers: a document never changes, another takes its place. */
function once<Result>(decode: (document: StoredDocument) => Result) {
  const known = new WeakMap<StoredDocument, Result>();
  return (document: StoredDocument): Result => {
    const found = known.get(document);
    if (found !== undefined) return found;
    const result = decode(document);
    known.set(document, result);
    return result;
  };
}

export const inboxIn: (document: StoredDocument) => InboxRecord = once(decodeInbox);
export const runIn: (document: StoredDocument) => RunRecord = once(decodeRun);

/** The messages that an inbox record says are to be sent; none as long as the message is not handled. */
export const outboxIn = once((document) => {
  const record = inboxIn(document);
  return record.status === 'done' ? wholeOutbox(record.outbox) : [];
});
