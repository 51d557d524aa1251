/** What Pub/Sub takes of attributes (https://cloud.google.com/pubsub/quotas#resource_limits): so many, and so long a value in bytes. */
export const MOST_ATTRIBUTES = 100;
export const LONGEST_VALUE_BYTES = 1_024;
/**
 * The most data, in bytes, that a timer carries: a task of Cloud Tasks takes 1 MB (https://cloud.google.com/tasks/docs/quotas), in
 * which the data stands in base64.
 */
export const MOST_TIMED_BYTES = 650_000;
