import type { BidiCall } from '../wire/grpc/bidi-call.ts';
import { StatusError } from '../wire/status.ts';
import type { AckRefusals } from './ack-refusals.ts';
import type { Broker } from './broker.ts';
import { Fields } from './fields.ts';
import { invalidArgument } from './invalid.ts';
import { writeDelivery } from './message-codec.ts';
import type { Authorize } from './methods.ts';
import type { PullStream } from './pull-stream.ts';
import { requireAckDeadline } from './subscription-config.ts';

/**
 * StreamingPull over gRPC: the first request opens the stream; later ones ack, move deadlines, or keep it alive. From
 * protocol version 1 on, the server answers each keep-alive, and a client takes silence for a dead connection.
 */
export function streamingPull(broker: Broker, authorize: Authorize | undefined) {
  return (call: BidiCall): void => {
    let opened: OpenPull | undefined;
    const close = () => opened?.stream.close();
    call.on('data', (message: unknown) => {
      try {
        const request = new Fields(message);
        if (opened) follow(broker, call, opened, request);
        else {
          authorize?.(call.header, 'pubsub.subscriptions.consume', request.text('subscription'));
          opened = open(broker, call, request);
        }
      } catch (error) {
        close();
        call.fail(error);
      }
    });
    call.on('end', () => {
      close();
      call.end();
    });
    call.on('close', close);
  };
}

/** https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#streamingpullrequest */
const FIRST_ONLY = [
  ['maxOutstandingMessages', 'max_outstanding_messages'],
  ['maxOutstandingBytes', 'max_outstanding_bytes'],
  ['protocolVersion', 'protocol_version'],
] as const;

interface OpenPull {
  readonly subscription: string;
  readonly answersKeepAlives: boolean;
  readonly stream: PullStream;
}

/** Each response tells the properties of the subscription: clients take what the last one said, and none for no. */
function answer(call: BidiCall, stream: PullStream, response: object): void {
  call.write({ subscriptionProperties: stream.properties, ...response });
}

function open(broker: Broker, call: BidiCall, request: Fields): OpenPull {
  const subscription = request.text('subscription');
  let opened: PullStream | undefined;
  const stream = broker.openStream(
    subscription,
    {
      ackDeadlineSeconds: request.integer('streamAckDeadlineSeconds'),
      maxOutstandingMessages: request.integer('maxOutstandingMessages'),
      maxOutstandingBytes: request.integer('maxOutstandingBytes'),
    },
    {
      opened: (made) => {
        opened = made;
        answer(call, made, {});
      },
      messages: (deliveries) => {
        if (opened) answer(call, opened, { receivedMessages: deliveries.map(writeDelivery) });
      },
      ended: (reason) => call.fail(reason),
    },
  );
  const answersKeepAlives = request.integer('protocolVersion') >= 1;
  return { subscription, answersKeepAlives, stream };
}

function follow(broker: Broker, call: BidiCall, opened: OpenPull, request: Fields): void {
  const { subscription, stream } = opened;
  if (request.text('subscription')) throw invalidArgument('subscription', 'only the first request names it');
  for (const [field, name] of FIRST_ONLY) {
    if (request.integer(field) !== 0)
      throw invalidArgument(name, 'only the first request of a stream may set it');
  }
  const seconds = request.integer('streamAckDeadlineSeconds');
  if (seconds !== 0) {
    requireAckDeadline(seconds);
    stream.setAckDeadline(seconds);
  }
  const confirms = stream.properties.exactlyOnceDeliveryEnabled;
  const acks = request.texts('ackIds');
  if (acks.length > 0) {
    const refusals = broker.acknowledge(subscription, acks);
    if (confirms) answer(call, stream, { acknowledgeConfirmation: confirmation(acks, refusals) });
  }
  const moved = request.texts('modifyDeadlineAckIds');
  if (moved.length > 0) {
    const invalid = modifyDeadlines(broker, subscription, moved, request.integers('modifyDeadlineSeconds'));
    if (confirms) answer(call, stream, { modifyAckDeadlineConfirmation: confirmation(moved, { invalid }) });
  }
  if (acks.length + moved.length + seconds === 0 && opened.answersKeepAlives) answer(call, stream, {});
}

function modifyDeadlines(
  broker: Broker,
  subscription: string,
  ackIds: readonly string[],
  seconds: readonly number[],
): string[] {
  if (ackIds.length !== seconds.length) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      'modify_deadline_seconds and modify_deadline_ack_ids differ in length.',
    );
  }
  return ackIds.flatMap((ackId, index) =>
    broker.modifyAckDeadline(subscription, [ackId], seconds[index] ?? 0),
  );
}

function confirmation(
  ackIds: readonly string[],
  { invalid, unordered = [] }: Pick<AckRefusals, 'invalid'> & Partial<AckRefusals>,
) {
  const refused = new Set([...invalid, ...unordered]);
  return {
    ackIds: ackIds.filter((ackId) => !refused.has(ackId)),
    invalidAckIds: invalid,
    ...(unordered.length > 0 && { unorderedAckIds: unordered }),
  };
}
