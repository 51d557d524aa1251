import { StatusError } from '../wire/status.ts';

/** What the service calls the topic of a subscription whose topic was deleted. */
export const DELETED_TOPIC = '_deleted-topic_';

/** The rule for ids: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
const ID = '(?!goog)[A-Za-z][A-Za-z0-9\\-_.~+%]{2,254}';
const PROJECT = '[^/]+';
const TOPIC_NAME = new RegExp(`^projects/${PROJECT}/topics/${ID}$`);
const SUBSCRIPTION_NAME = new RegExp(`^projects/${PROJECT}/subscriptions/${ID}$`);
const SNAPSHOT_NAME = new RegExp(`^projects/${PROJECT}/snapshots/${ID}$`);
const SCHEMA_NAME = new RegExp(`^projects/${PROJECT}/schemas/${ID}$`);
const PROJECT_NAME = new RegExp(`^projects/${PROJECT}$`);

export function requireTopicName(name: string): string {
  return requireName(TOPIC_NAME, name);
}

export function requireSubscriptionName(name: string): string {
  return requireName(SUBSCRIPTION_NAME, name);
}

export function requireSnapshotName(name: string): string {
  return requireName(SNAPSHOT_NAME, name);
}

export function requireSchemaName(name: string): string {
  return requireName(SCHEMA_NAME, name);
}

export function requireProjectName(name: string): string {
  return requireName(PROJECT_NAME, name);
}

/** `orders` of `projects/p/topics/orders`. */
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** `p` of `projects/p/topics/orders`. */
export function projectOf(name: string): string {
  return name.split('/')[1] ?? '';
}

export function notFound(name: string): StatusError {
  return new StatusError('NOT_FOUND', `Resource not found (resource=${idOf(name)}).`);
}

export function alreadyExists(name: string): StatusError {
  return new StatusError(
    'ALREADY_EXISTS',
    `Resource already exists in the project (resource=${idOf(name)}).`,
  );
}

function requireName(rule: RegExp, name: string): string {
  if (rule.test(name)) return name;
  throw new StatusError(
    'INVALID_ARGUMENT',
    `Invalid resource name given (name=${name}). Refer to https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more information.`,
  );
}
