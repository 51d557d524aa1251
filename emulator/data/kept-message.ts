import type { Message } from '../pubsub/message.ts';
import { DataDamaged } from './data-damaged.ts';

/** A message as JSON; what is empty is left out. */
export function writeMessage({ messageId, publishTimeMs, data, attributes, orderingKey, size }: Message) {
  return {
    id: messageId,
    time: publishTimeMs,
    size,
    ...(data.byteLength > 0 && {
      data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(orderingKey !== '' && { orderingKey }),
  };
}

/** @throws DataDamaged */
export function readMessage(json: unknown): Message {
  const {
    id,
    time,
    size,
    data = '',
    attributes = {},
    orderingKey = '',
  } = {
    ...(json as Partial<ReturnType<typeof writeMessage>> | null),
  };
  if (typeof id !== 'string' || !/^\d+$/.test(id) || typeof time !== 'number' || typeof size !== 'number')
    throw new DataDamaged('an entry holds what is no message');
  return {
    messageId: id,
    publishTimeMs: time,
    size,
    data: Buffer.from(data, 'base64'),
    attributes,
    orderingKey,
  };
}
