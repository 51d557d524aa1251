import { toProtoTime } from '../wire/time.ts';
import type { Delivery } from './consumer.ts';
import type { Fields } from './fields.ts';
import type { OutgoingMessage } from './message.ts';

/** A `PubsubMessage` of a publish request. Its id and publish time, where somebody sets them, are the service's to set. */
export function readMessage(fields: Fields): OutgoingMessage {
  const data = fields.bytes('data');
  return {
    ...(data && { data }),
    attributes: fields.textMap('attributes'),
    orderingKey: fields.text('orderingKey'),
  };
}

/** A `ReceivedMessage`; what is empty is left out. */
export function writeDelivery({ ackId, message, deliveryAttempt }: Delivery) {
  return {
    ackId,
    message: {
      ...(message.data.byteLength > 0 && { data: message.data }),
      ...(Object.keys(message.attributes).length > 0 && { attributes: message.attributes }),
      messageId: message.messageId,
      publishTime: toProtoTime(message.publishTimeMs),
      ...(message.orderingKey && { orderingKey: message.orderingKey }),
    },
    ...(deliveryAttempt !== undefined && { deliveryAttempt }),
  };
}
