import { invalidArgument, requireWithin } from './invalid.ts';
import type { Message, OutgoingMessage } from './message.ts';
import { idOf, projectOf, requireTopicName } from './resource-name.ts';

/** Where messages go that were delivered `maxDeliveryAttempts` times in vain. */
export interface DeadLetterPolicy {
  readonly deadLetterTopic: string;
  readonly maxDeliveryAttempts: number;
}

/** https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic */
const FEWEST_ATTEMPTS = 5;
const MOST_ATTEMPTS = 100;

/** @throws StatusError INVALID_ARGUMENT for attempts outside 5..100 (0 or none means 5), or the source topic itself. */
export function completeDeadLetterPolicy(
  policy: { readonly deadLetterTopic: string; readonly maxDeliveryAttempts?: number },
  sourceTopic: string,
): DeadLetterPolicy {
  const deadLetterTopic = requireTopicName(policy.deadLetterTopic);
  const maxDeliveryAttempts = policy.maxDeliveryAttempts || FEWEST_ATTEMPTS;
  requireWithin(
    'dead_letter_policy.max_delivery_attempts',
    maxDeliveryAttempts,
    FEWEST_ATTEMPTS,
    MOST_ATTEMPTS,
  );
  if (deadLetterTopic === sourceTopic) {
    throw invalidArgument('dead_letter_policy.dead_letter_topic', 'it is the topic of the subscription');
  }
  return { deadLetterTopic, maxDeliveryAttempts };
}

/**
 * The message as it arrives on the dead-letter topic: the original with four attributes
 * (https://cloud.google.com/pubsub/docs/handling-failures#track_delivery_attempts).
 */
function deadLetterMessage(message: Message, subscription: string, attempts: number): OutgoingMessage {
  const publishTime = new Date(message.publishTimeMs).toISOString();
  return {
    data: message.data,
    orderingKey: message.orderingKey,
    attributes: {
      ...message.attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(attempts),
      CloudPubSubDeadLetterSourceSubscription: idOf(subscription),
      CloudPubSubDeadLetterSourceSubscriptionProject: projectOf(subscription),
      CloudPubSubDeadLetterSourceTopicPublishTime: publishTime.replace('Z', '+00:00'),
    },
  };
}

/** Whether a message that failed has failed often enough, and went to the dead-letter topic. One that cannot go there stays, to be delivered again. */
export function isForwarded(
  { message, failures }: { readonly message: Message; readonly failures: number },
  {
    name,
    deadLetterPolicy,
  }: { readonly name: string; readonly deadLetterPolicy?: DeadLetterPolicy | undefined },
  host: { forward(topic: string, message: OutgoingMessage, subscription: string): boolean },
): boolean {
  if (!deadLetterPolicy || failures < deadLetterPolicy.maxDeliveryAttempts) return false;
  return host.forward(deadLetterPolicy.deadLetterTopic, deadLetterMessage(message, name, failures), name);
}
