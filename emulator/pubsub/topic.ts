import { requireWithin } from './invalid.ts';
import { type Labels, requireLabels } from './labels.ts';
import type { Message } from './message.ts';
import { requireTopicName } from './resource-name.ts';
import type { Subscription } from './subscription.ts';
import { emptyMask, unknownPath } from './update-mask.ts';

export interface TopicConfig {
  readonly name: string;
  readonly labels: Labels;
  /** How long the topic itself keeps messages, for seeking; stored and shown. */
  readonly messageRetentionMs?: number | undefined;
}

export type TopicInput = Pick<TopicConfig, 'name'> & Partial<TopicConfig>;

/** A topic and the subscriptions that its messages go to. */
export class Topic {
  readonly subscriptions = new Set<Subscription>();
  #config: TopicConfig;

  constructor(config: TopicConfig) {
    this.#config = config;
  }

  get config(): TopicConfig {
    return this.#config;
  }

  configure(config: TopicConfig): void {
    this.#config = config;
  }

  publish(messages: readonly Message[]): void {
    // The set is copied: what a delivery sets off may add or remove subscriptions.
    const subscriptions = [...this.subscriptions];
    for (const subscription of subscriptions) for (const message of messages) subscription.offer(message);
    for (const subscription of subscriptions) subscription.dispatch();
  }
}

/** @throws StatusError INVALID_ARGUMENT naming the field that breaks a rule. */
export function completeTopic(input: TopicInput): TopicConfig {
  const { messageRetentionMs } = input;
  if (messageRetentionMs !== undefined) {
    requireWithin('message_retention_duration seconds', messageRetentionMs / 1000, 600, 31 * 24 * 3600);
  }
  return {
    name: requireTopicName(input.name),
    labels: requireLabels(input.labels ?? {}),
    ...(messageRetentionMs !== undefined && { messageRetentionMs }),
  };
}

/** Replaces the fields that the mask's paths name. @throws StatusError INVALID_ARGUMENT as `completeTopic`, or for the mask. */
export function patchTopic(current: TopicConfig, patch: TopicInput, paths: readonly string[]): TopicConfig {
  if (paths.length === 0) throw emptyMask('UpdateTopicRequest');
  let { labels, messageRetentionMs } = current;
  for (const path of paths) {
    if (path === 'labels') labels = patch.labels ?? {};
    else if (path === 'message_retention_duration') messageRetentionMs = patch.messageRetentionMs;
    else throw unknownPath(path);
  }
  return completeTopic({ name: current.name, labels, messageRetentionMs });
}
