import type { Page, PageRequest } from '../wire/page.ts';
import { StatusError } from '../wire/status.ts';
import type { Broker } from './broker.ts';
import type { Dialect } from './dialect.ts';
import type { Fields } from './fields.ts';
import { readMessage, writeDelivery } from './message-codec.ts';
import { readPushConfig, readSubscription, writeSubscription } from './subscription-codec.ts';
import { readTopic, writeTopic } from './topic-codec.ts';

/** One call of the API, whatever wire it came by. */
export interface Call {
  readonly broker: Broker;
  readonly request: Fields;
  readonly dialect: Dialect;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}

export type Method = (call: Call) => unknown;

/** How long a Pull with nothing to give stays open. The service says only that it waits a bounded time. */
const PULL_WAIT_MS = 10_000;

/** google.pubsub.v1, but for StreamingPull: each method by its name. */
export const METHODS: Readonly<Record<string, Method>> = {
  CreateTopic: ({ broker, request, dialect }) =>
    writeTopic(broker.createTopic(readTopic(request, dialect)), dialect),
  GetTopic: ({ broker, request, dialect }) => writeTopic(broker.getTopic(request.text('topic')), dialect),
  UpdateTopic({ broker, request, dialect }) {
    const topic = readTopic(required(request, 'topic'), dialect);
    return writeTopic(broker.updateTopic(topic, readMask(request, dialect)), dialect);
  },
  ListTopics({ broker, request, dialect }) {
    const page = broker.listTopics(request.text('project'), readPage(request));
    return writePage('topics', page, (topic) => writeTopic(topic, dialect));
  },
  ListTopicSubscriptions({ broker, request }) {
    const page = broker.listTopicSubscriptions(request.text('topic'), readPage(request));
    return writePage('subscriptions', page, (name) => name);
  },
  DeleteTopic({ broker, request }) {
    broker.deleteTopic(request.text('topic'));
    return {};
  },
  Publish({ broker, request, dialect }) {
    const messages = request.children('messages').map((message) => readMessage(message, dialect));
    return { messageIds: broker.publish(request.text('topic'), messages) };
  },
  DetachSubscription({ broker, request }) {
    broker.detachSubscription(request.text('subscription'));
    return {};
  },

  CreateSubscription: ({ broker, request, dialect }) =>
    writeSubscription(broker.createSubscription(readSubscription(request, dialect)), dialect),
  GetSubscription: ({ broker, request, dialect }) =>
    writeSubscription(broker.getSubscription(request.text('subscription')), dialect),
  UpdateSubscription({ broker, request, dialect }) {
    const patch = readSubscription(required(request, 'subscription'), dialect);
    return writeSubscription(broker.updateSubscription(patch, readMask(request, dialect)), dialect);
  },
  ListSubscriptions({ broker, request, dialect }) {
    const page = broker.listSubscriptions(request.text('project'), readPage(request));
    return writePage('subscriptions', page, (subscription) => writeSubscription(subscription, dialect));
  },
  DeleteSubscription({ broker, request }) {
    broker.deleteSubscription(request.text('subscription'));
    return {};
  },
  ModifyPushConfig({ broker, request }) {
    broker.modifyPushConfig(request.text('subscription'), readPushConfig(request.child('pushConfig')));
    return {};
  },
  async Pull({ broker, request, dialect, signal }) {
    const deliveries = await broker.pull(request.text('subscription'), {
      maxMessages: request.integer('maxMessages'),
      waitMs: request.flag('returnImmediately') ? 0 : PULL_WAIT_MS,
      signal,
    });
    const receivedMessages = deliveries.map((delivery) => writeDelivery(delivery, dialect));
    return receivedMessages.length > 0 ? { receivedMessages } : {};
  },
  Acknowledge({ broker, request }) {
    refuseStale(broker.acknowledge(request.text('subscription'), request.texts('ackIds')));
    return {};
  },
  ModifyAckDeadline({ broker, request }) {
    const seconds = request.integer('ackDeadlineSeconds');
    refuseStale(broker.modifyAckDeadline(request.text('subscription'), request.texts('ackIds'), seconds));
    return {};
  },

  Seek: unimplemented('seek'),
  CreateSnapshot: unimplemented('snapshots'),
  GetSnapshot: unimplemented('snapshots'),
  ListSnapshots: unimplemented('snapshots'),
  ListTopicSnapshots: unimplemented('snapshots'),
  UpdateSnapshot: unimplemented('snapshots'),
  DeleteSnapshot: unimplemented('snapshots'),
};

function unimplemented(what: string): Method {
  return () => {
    throw new StatusError('UNIMPLEMENTED', `The local Pub/Sub does not support ${what}.`);
  };
}

/** What an exactly-once subscription answers for ack ids that are stale; the clients read the reason of each id. */
function refuseStale(ackIds: readonly string[]): void {
  if (ackIds.length === 0) return;
  throw new StatusError(
    'INVALID_ARGUMENT',
    'Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have expired or the acknowledgement ids were malformed.',
    {
      reason: 'EXACTLY_ONCE_ACKID_FAILURE',
      domain: 'pubsub.googleapis.com',
      metadata: Object.fromEntries(ackIds.map((id) => [id, 'PERMANENT_FAILURE_INVALID_ACK_ID'])),
    },
  );
}

function required(request: Fields, name: string): Fields {
  const child = request.child(name);
  if (!child) throw new StatusError('INVALID_ARGUMENT', `Missing ${request.pathOf(name)} in the request.`);
  return child;
}

function readMask(request: Fields, dialect: Dialect): string[] {
  const mask = request.value('updateMask');
  return mask === undefined ? [] : dialect.readMask(mask, request.pathOf('updateMask'));
}

function readPage(request: Fields): PageRequest {
  return { pageSize: request.integer('pageSize'), pageToken: request.text('pageToken') };
}

function writePage<T>(name: string, { items, nextPageToken }: Page<T>, write: (item: T) => unknown) {
  return {
    ...(items.length > 0 && { [name]: items.map(write) }),
    ...(nextPageToken && { nextPageToken }),
  };
}
