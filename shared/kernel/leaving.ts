import type { Message } from '../contract/message.ts';
import type { StoredDocument, Write } from '../contract/store.ts';
import { markOf, withMark } from './mailbox.ts';
import type { Route } from './route.ts';

/** Conflicts that are mended by deciding anew; more of them are contention. */
const CONFLICTS_ALONE = 2;

/** Whether a message is to be left to a drainer: there is one, or there had better be. */
export function isBetterLeft(
  { mailbox }: Route,
  document: StoredDocument | undefined,
  conflicts: number,
  crowd: boolean,
  message: Message,
): boolean {
  if (!mailbox || !document) return false;
  if (mailbox.drains?.(message)) return true;
  if (markOf(document) || conflicts >= CONFLICTS_ALONE) return true;
  return crowd && mailbox.crowded(document);
}

/** A route knows nothing of the mark of a drainer: it stays when the document is written by another. */
export function keepMarks(
  writes: readonly Write[],
  documents: readonly (StoredDocument | undefined)[],
): readonly Write[] {
  return writes.map((write) => {
    const mark = markOf(documents.find((document) => document?.path === write.path));
    return mark && write.kind === 'put' ? { ...write, fields: withMark(write.fields, mark) } : write;
  });
}
