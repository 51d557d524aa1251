import type { Filter } from './filter.ts';
import type { Message } from './message.ts';

/** A message that a subscription can be sought to. */
export interface Seekable {
  readonly message: Message;
  readonly failures: number;
}

/** All that a subscription has, what it keeps of what it acked, and what there is elsewhere for it: each once, in the order of publishing. */
export function seekable(
  unacked: Iterable<Seekable>,
  acked: Iterable<Message>,
  elsewhere: Iterable<Message>,
  filter: Filter,
): Seekable[] {
  const known = new Map<string, Seekable>();
  for (const message of elsewhere) {
    if (filter(message.attributes)) known.set(message.messageId, { message, failures: 0 });
  }
  for (const message of acked) known.set(message.messageId, { message, failures: 0 });
  for (const each of unacked) known.set(each.message.messageId, each);
  return [...known.values()].sort(byMessageId);
}

/** Ids are numbers that rise in the order of publishing. */
function byMessageId(a: Seekable, b: Seekable): number {
  const [one, other] = [a.message.messageId, b.message.messageId];
  return one.length - other.length || (one < other ? -1 : 1);
}
