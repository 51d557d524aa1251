/** What Pub/Sub takes of attributes (https://cloud.google.com/pubsub/quotas#resource_limits): so many, and so long a value in bytes. */
export const MOST_ATTRIBUTES = 100;
export const LONGEST_VALUE_BYTES = 1_024;
