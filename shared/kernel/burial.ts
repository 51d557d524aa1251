import { encodeMessage } from '../contract/envelope.ts';
import type { Failure } from '../contract/failure.ts';
import type { Message } from '../contract/message.ts';
import { deadTopicOf, subscriptionOf } from '../contract/names.ts';
import { toDeadLetter } from './dead-letter.ts';
import type { OutboxEntry } from './inbox.ts';

/** A message of an agent's mailbox as a dead letter, to be sent with the other messages of its batch. */
export function burial(message: Message, failure: Failure, prefix: string, agent: string): OutboxEntry {
  const { id: messageId, time: publishTime } = message;
  const delivery = {
    ...encodeMessage(message),
    messageId,
    publishTime,
    subscription: subscriptionOf(prefix, agent),
  };
  const { attributes } = toDeadLetter(delivery, failure, agent);
  return { topic: deadTopicOf(prefix, agent), message, extra: attributes };
}
