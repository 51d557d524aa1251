import { throwRefusals } from './ack-refusals.ts';
import { writeDelivery } from './message-codec.ts';
import { type Methods, onField, projectNameOf, readPage, required, writePage } from './methods.ts';
import { readPushConfig, readSubscription, writeSubscription } from './subscription-codec.ts';

/** How long a Pull with nothing to give stays open. The service says only that it waits a bounded time. */
const PULL_WAIT_MS = 10_000;

/** google.pubsub.v1.Subscriber, but for StreamingPull and snapshots. */
export const subscriberMethods: Methods = {
  CreateSubscription: {
    needs: (request) => [
      ['pubsub.subscriptions.create', projectNameOf(request.text('name'))],
      ['pubsub.topics.attachSubscription', request.text('topic')],
    ],
    serve: (broker, request) => writeSubscription(broker.createSubscription(readSubscription(request))),
  },
  GetSubscription: {
    needs: onField('pubsub.subscriptions.get', 'subscription'),
    serve: (broker, request) => writeSubscription(broker.getSubscription(request.text('subscription'))),
  },
  UpdateSubscription: {
    needs: (request) => [['pubsub.subscriptions.update', required(request, 'subscription').text('name')]],
    serve: (broker, request) =>
      writeSubscription(
        broker.updateSubscription(
          readSubscription(required(request, 'subscription')),
          request.mask('updateMask'),
        ),
      ),
  },
  ListSubscriptions: {
    needs: onField('pubsub.subscriptions.list', 'project'),
    serve: (broker, request) =>
      writePage(
        'subscriptions',
        broker.listSubscriptions(request.text('project'), readPage(request)),
        writeSubscription,
      ),
  },
  DeleteSubscription: {
    needs: onField('pubsub.subscriptions.delete', 'subscription'),
    serve(broker, request) {
      broker.deleteSubscription(request.text('subscription'));
      return {};
    },
  },
  ModifyPushConfig: {
    needs: onField('pubsub.subscriptions.update', 'subscription'),
    serve(broker, request) {
      broker.modifyPushConfig(request.text('subscription'), readPushConfig(request.child('pushConfig')));
      return {};
    },
  },
  Pull: {
    needs: onField('pubsub.subscriptions.consume', 'subscription'),
    async serve(broker, request, { signal }) {
      const deliveries = await broker.pull(request.text('subscription'), {
        maxMessages: request.integer('maxMessages'),
        waitMs: request.flag('returnImmediately') ? 0 : PULL_WAIT_MS,
        signal,
      });
      return { receivedMessages: deliveries.map(writeDelivery) };
    },
  },
  Acknowledge: {
    needs: onField('pubsub.subscriptions.consume', 'subscription'),
    serve(broker, request) {
      throwRefusals(broker.acknowledge(request.text('subscription'), request.texts('ackIds')));
      return {};
    },
  },
  ModifyAckDeadline: {
    needs: onField('pubsub.subscriptions.consume', 'subscription'),
    serve(broker, request) {
      const seconds = request.integer('ackDeadlineSeconds');
      const ackIds = request.texts('ackIds');
      const invalid = broker.modifyAckDeadline(request.text('subscription'), ackIds, seconds);
      throwRefusals({ invalid, unordered: [] });
      return {};
    },
  },
};
