import type { Broker } from './broker.ts';
import { readMessage } from './message-codec.ts';
import { type Methods, onField, projectNameOf, readPage, required, writePage } from './methods.ts';
import { readTopic, writeTopic } from './topic-codec.ts';

/** google.pubsub.v1.Publisher; the permissions are those of https://cloud.google.com/pubsub/docs/access-control#required_permissions. */
export const publisherMethods: Methods = {
  CreateTopic: {
    needs: (request) => [
      ['pubsub.topics.create', projectNameOf(request.text('name'))],
      ...schemaNeeds(request.child('schemaSettings')?.text('schema')),
    ],
    serve: (broker, request) => writeTopic(broker.createTopic(readTopic(request))),
  },
  GetTopic: {
    needs: onField('pubsub.topics.get', 'topic'),
    serve: (broker, request) => writeTopic(broker.getTopic(request.text('topic'))),
  },
  UpdateTopic: {
    needs: (request) => {
      const topic = required(request, 'topic');
      return [
        ['pubsub.topics.update', topic.text('name')],
        ...schemaNeeds(topic.child('schemaSettings')?.text('schema')),
      ];
    },
    serve: (broker, request) =>
      writeTopic(broker.updateTopic(readTopic(required(request, 'topic')), request.mask('updateMask'))),
  },
  ListTopics: {
    needs: onField('pubsub.topics.list', 'project'),
    serve: (broker, request) =>
      writePage('topics', broker.listTopics(request.text('project'), readPage(request)), writeTopic),
  },
  ListTopicSubscriptions: {
    needs: onField('pubsub.topics.get', 'topic'),
    serve: (broker, request) =>
      writePage(
        'subscriptions',
        broker.listTopicSubscriptions(request.text('topic'), readPage(request)),
        (name) => name,
      ),
  },
  ListTopicSnapshots: {
    needs: onField('pubsub.topics.get', 'topic'),
    serve: (broker, request) =>
      writePage(
        'snapshots',
        broker.snapshots.listOfTopic(request.text('topic'), readPage(request)),
        (name) => name,
      ),
  },
  DeleteTopic: {
    needs: onField('pubsub.topics.delete', 'topic'),
    serve(broker, request) {
      broker.deleteTopic(request.text('topic'));
      return {};
    },
  },
  Publish: {
    needs: onField('pubsub.topics.publish', 'topic'),
    serve(broker, request, { afterAnswer }) {
      const messages = request.children('messages').map(readMessage);
      // A publisher knows the ids of its messages before it can get them.
      return { messageIds: broker.publish(request.text('topic'), messages, afterAnswer) };
    },
  },
  DetachSubscription: {
    needs: (request, broker) => [
      ['pubsub.topics.detachSubscription', topicOf(broker, request.text('subscription'))],
    ],
    serve(broker, request) {
      broker.detachSubscription(request.text('subscription'));
      return {};
    },
  },
};

function schemaNeeds(schema: string | undefined): (readonly [string, string])[] {
  return schema ? [['pubsub.schemas.attach', schema]] : [];
}

function topicOf(broker: Broker, subscription: string): string {
  return broker.getSubscription(subscription).topic;
}
