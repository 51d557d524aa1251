import type { Clock } from '../../shared/contract/clock.ts';
import { Deque } from './deque.ts';
import { invalidArgument, requireWithin } from './invalid.ts';
import { type Labels, requireLabels } from './labels.ts';
import type { Message } from './message.ts';
import { requireTopicName } from './resource-name.ts';
import type { SchemaSettings } from './schema/schema-settings.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subscription } from './subscription.ts';
import { emptyMask, unknownPath } from './update-mask.ts';

export interface TopicConfig {
  readonly name: string;
  readonly labels: Labels;
  /** How long the topic itself keeps messages, for subscriptions to seek back to; absent: not at all. */
  readonly messageRetentionMs?: number | undefined;
  readonly schemaSettings?: SchemaSettings | undefined;
  /** Where messages may be stored; kept and shown: there is but one place here. */
  readonly messageStoragePolicy?: object | undefined;
  /** Kept and shown: nothing is encrypted here. */
  readonly kmsKeyName?: string | undefined;
}

const KEY_FORM = 'projects/*/locations/*/keyRings/*/cryptoKeys/*';
const KEY_NAME = new RegExp(`^${KEY_FORM.replaceAll('*', '[^/]+')}$`);

/** Is given a delivery, to be done when the publisher has its answer. */
export type Later = (deliver: () => void) => void;

export type TopicInput = Pick<TopicConfig, 'name'> & Partial<TopicConfig>;

/** A topic, the subscriptions and snapshots that its messages go to, and the messages that it keeps itself. */
export class Topic {
  readonly subscriptions = new Set<Subscription>();
  readonly snapshots = new Set<Snapshot>();
  readonly #clock: Clock;
  readonly #log = new Deque<Message>();
  #config: TopicConfig;

  constructor(config: TopicConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  get config(): TopicConfig {
    return this.#config;
  }

  configure(config: TopicConfig): void {
    this.#config = config;
    this.#prune();
  }

  /** Adds messages. Nobody gets them before what is given to `later` is called; without it they leave at once. */
  publish(messages: readonly Message[], later?: Later): void {
    this.#prune();
    if (this.#config.messageRetentionMs !== undefined) {
      for (const message of messages) this.#log.pushBack(message);
    }
    for (const snapshot of this.snapshots) for (const message of messages) snapshot.offer(message);
    // The set is copied: what a delivery sets off may add or remove subscriptions.
    const subscriptions = [...this.subscriptions];
    if (!later) {
      for (const subscription of subscriptions) for (const message of messages) subscription.offer(message);
      for (const subscription of subscriptions) subscription.dispatch();
      return;
    }
    const offered = subscriptions.map((subscription) => {
      const entries = messages.flatMap((message) => subscription.offer(message, true) ?? []);
      return { subscription, entries };
    });
    later(() => {
      for (const { subscription, entries } of offered) subscription.answered(entries);
    });
  }

  /** Takes up messages that it kept, after those it has. */
  retain(messages: readonly Message[]): void {
    for (const message of messages) this.#log.pushBack(message);
  }

  /** What it keeps, the oldest first. */
  retained(): Iterable<Message> {
    this.#prune();
    return this.#log;
  }

  #prune(): void {
    const { messageRetentionMs } = this.#config;
    const from =
      messageRetentionMs === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() - messageRetentionMs;
    for (let oldest = this.#log.peek(); oldest && oldest.publishTimeMs <= from; oldest = this.#log.peek()) {
      this.#log.shift();
    }
  }
}

/** @throws StatusError INVALID_ARGUMENT naming the field that breaks a rule. */
export function completeTopic(input: TopicInput): TopicConfig {
  const { name, labels = {}, messageRetentionMs, ...rest } = input;
  if (messageRetentionMs !== undefined) {
    requireWithin('message_retention_duration seconds', messageRetentionMs / 1000, 600, 31 * 24 * 3600);
  }
  const { schemaSettings, messageStoragePolicy, kmsKeyName } = rest;
  if (kmsKeyName && !KEY_NAME.test(kmsKeyName))
    throw invalidArgument('kms_key_name', `it must be of the form ${KEY_FORM}`);
  return {
    name: requireTopicName(name),
    labels: requireLabels(labels),
    ...(messageRetentionMs !== undefined && { messageRetentionMs }),
    ...(schemaSettings && { schemaSettings }),
    ...(messageStoragePolicy && { messageStoragePolicy }),
    ...(kmsKeyName && { kmsKeyName }),
  };
}

/** The fields that an update may name, also by a field within. */
const UPDATABLE = {
  kms_key_name: 'kmsKeyName',
  labels: 'labels',
  message_retention_duration: 'messageRetentionMs',
  message_storage_policy: 'messageStoragePolicy',
  schema_settings: 'schemaSettings',
} as const satisfies Record<string, keyof TopicConfig>;

/** Fields whose values are refused before they come here: an update may only clear them, which changes nothing. */
const NEVER_SET: ReadonlySet<string> = new Set(['ingestion_data_source_settings', 'message_transforms']);

const WITHIN: Readonly<Record<string, string>> = {
  'message_storage_policy.allowed_persistence_regions': 'allowedPersistenceRegions',
  'message_storage_policy.enforce_in_transit': 'enforceInTransit',
  'schema_settings.encoding': 'encoding',
  'schema_settings.first_revision_id': 'firstRevisionId',
  'schema_settings.last_revision_id': 'lastRevisionId',
  'schema_settings.schema': 'schema',
};

/** Replaces the fields that the mask's paths name. @throws StatusError INVALID_ARGUMENT as `completeTopic`, or for the mask. */
export function patchTopic(current: TopicConfig, patch: TopicInput, paths: readonly string[]): TopicConfig {
  if (paths.length === 0) throw emptyMask('UpdateTopicRequest');
  const changes: Record<string, unknown> = {};
  for (const path of paths) {
    const [head = '', ...rest] = path.split('.');
    const leaf = WITHIN[path];
    if (NEVER_SET.has(head)) continue;
    if (!isUpdatable(head) || (rest.length > 0 && !leaf)) throw unknownPath('UpdateTopicRequest', path);
    const field = UPDATABLE[head];
    changes[field] = leaf
      ? { ...(changes[field] ?? current[field] ?? {}), [leaf]: fieldsOf(patch[field])[leaf] }
      : patch[field];
  }
  return completeTopic({ ...current, ...changes });
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return { ...(value as object | undefined) };
}

function isUpdatable(field: string): field is keyof typeof UPDATABLE {
  return Object.hasOwn(UPDATABLE, field);
}
