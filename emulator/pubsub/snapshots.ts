import { randomUUID } from 'node:crypto';
import type { Clock } from '../../shared/contract/clock.ts';
import { type Page, type PageRequest, pageOf } from '../wire/page.ts';
import { StatusError } from '../wire/status.ts';
import { invalidArgument } from './invalid.ts';
import type { PubSubKeeper } from './keeper.ts';
import { type Labels, requireLabels } from './labels.ts';
import {
  alreadyExists,
  DELETED_TOPIC,
  notFound,
  projectOf,
  requireProjectName,
  requireSnapshotName,
} from './resource-name.ts';
import { Snapshot, type SnapshotConfig } from './snapshot.ts';
import type { Subscription } from './subscription.ts';
import type { Topic } from './topic.ts';
import { emptyMask, unknownPath } from './update-mask.ts';

/** What snapshots need of their broker: each finds or throws. */
export interface SnapshotHost {
  readonly clock: Clock;
  /** The topic is undefined once it was deleted, or the subscription detached. */
  subscription(name: string): { readonly subscription: Subscription; readonly topic: Topic | undefined };
  topic(name: string): Topic;
  readonly keeper: PubSubKeeper | undefined;
  /** Told of each snapshot that is gone. */
  onDeleted(name: string): void;
}

/** To where a subscription is sought: a time in milliseconds since the epoch, or a snapshot's name. */
export type SeekTarget = { readonly timeMs: number } | { readonly snapshot: string };

export interface SnapshotPatch {
  readonly name: string;
  readonly labels?: Labels;
  readonly expireMs?: number | undefined;
}

const HOUR_MS = 3_600_000;
/** https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#createsnapshotrequest */
const LONGEST_LIFE_MS = 7 * 24 * HOUR_MS;
const SHORTEST_LIFE_MS = HOUR_MS;
const LARGEST_PAGE = 1000;

interface Kept {
  readonly snapshot: Snapshot;
  /** Undefined once it is deleted. */
  topic: Topic | undefined;
}

/** Snapshots, and seeking to them and to times. What it throws are `StatusError`s with the service's codes. */
export class Snapshots {
  readonly #host: SnapshotHost;
  readonly #kept = new Map<string, Kept>();

  constructor(host: SnapshotHost) {
    this.#host = host;
  }

  /** Without a name, it gets one that nobody has, in the project of the subscription. */
  create(wanted: string, subscriptionName: string, labels: Labels = {}): SnapshotConfig {
    if (wanted !== '') requireSnapshotName(wanted);
    const { subscription, topic } = this.#host.subscription(subscriptionName);
    this.#expire();
    const name = wanted || `projects/${projectOf(subscriptionName)}/snapshots/snapshot-${randomUUID()}`;
    if (this.#kept.has(name)) throw alreadyExists(name);
    if (!topic) throw noTopic(subscriptionName);
    const now = this.#host.clock.now();
    const unacked = subscription.unacked();
    const oldest = unacked.reduce((least, { publishTimeMs }) => Math.min(least, publishTimeMs), now);
    const expireMs = oldest + LONGEST_LIFE_MS;
    if (expireMs - now < SHORTEST_LIFE_MS) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        'The snapshot would expire in less than an hour: the oldest unacknowledged message of the subscription is too old.',
      );
    }
    const config = { name, topic: topic.config.name, labels: requireLabels(labels), expireMs };
    const snapshot = new Snapshot(config, subscription.config.filter, unacked);
    topic.snapshots.add(snapshot);
    this.#kept.set(name, { snapshot, topic });
    this.#host.keeper?.snapshot(snapshot);
    return config;
  }

  get(name: string): SnapshotConfig {
    return this.#find(name).snapshot.config;
  }

  list(project: string, page: PageRequest = {}): Page<SnapshotConfig> {
    const prefix = `${requireProjectName(project)}/`;
    this.#expire();
    const configs = [...this.#kept.values()].map(({ snapshot }) => snapshot.config);
    return pageOf(
      configs.filter(({ name }) => name.startsWith(prefix)),
      ({ name }) => name,
      page,
      LARGEST_PAGE,
    );
  }

  /** The names of the topic's snapshots. */
  listOfTopic(topicName: string, page: PageRequest = {}): Page<string> {
    const topic = this.#host.topic(topicName);
    this.#expire();
    const names = [...topic.snapshots].map(({ config }) => config.name);
    return pageOf(names, (name) => name, page, LARGEST_PAGE);
  }

  /** `paths` are the update mask's, in snake_case. */
  update({ name, labels = {}, expireMs }: SnapshotPatch, paths: readonly string[]): SnapshotConfig {
    const { snapshot } = this.#find(name);
    if (paths.length === 0) throw emptyMask('UpdateSnapshotRequest');
    let { config } = snapshot;
    for (const path of paths) {
      if (path === 'labels') config = { ...config, labels: requireLabels(labels) };
      else if (path === 'expire_time') config = { ...config, expireMs: this.#requireExpiry(expireMs) };
      else throw unknownPath('UpdateSnapshotRequest', path);
    }
    snapshot.config = config;
    this.#host.keeper?.snapshotUpdated(config);
    return config;
  }

  delete(name: string): void {
    this.#drop(name, this.#find(name));
  }

  seek(subscriptionName: string, target: SeekTarget): void {
    const { subscription, topic } = this.#host.subscription(subscriptionName);
    if ('timeMs' in target) {
      subscription.seek(({ publishTimeMs }) => publishTimeMs >= target.timeMs, topic?.retained() ?? []);
      this.#host.keeper?.sought(subscription);
      return;
    }
    const { snapshot, topic: source } = this.#find(target.snapshot);
    if (!topic || source !== topic) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `The subscription's topic ${subscription.config.topic} is different from that of the snapshot ${snapshot.config.topic}; they must match in order for Seek work. Note that if a topic is deleted and then re-created with the same name, it is considered a distinct topic for these purposes.`,
      );
    }
    const wanted = new Set(snapshot.messages.map(({ messageId }) => messageId));
    subscription.seek(({ messageId }) => wanted.has(messageId), snapshot.messages);
    this.#host.keeper?.sought(subscription);
  }

  /** All there are. */
  *all(): Iterable<Snapshot> {
    for (const { snapshot } of this.#kept.values()) yield snapshot;
  }

  /** That of a name, if it is there. */
  peek(name: string): Snapshot | undefined {
    return this.#kept.get(name)?.snapshot;
  }

  /** Takes up a snapshot as it was kept, in place of one of its name; the topic is undefined once it was deleted. */
  restore(snapshot: Snapshot, topic: Topic | undefined): void {
    const { name } = snapshot.config;
    const old = this.#kept.get(name);
    old?.topic?.snapshots.delete(old.snapshot);
    topic?.snapshots.add(snapshot);
    this.#kept.set(name, { snapshot, topic });
  }

  /** Takes back one that was restored, if it is there. */
  forget(name: string): void {
    const kept = this.#kept.get(name);
    if (kept) this.#drop(name, kept);
  }

  /** A topic is gone: its snapshots live on, with `_deleted-topic_` for a topic. */
  topicDeleted(topic: Topic): void {
    for (const kept of this.#kept.values()) {
      if (kept.topic !== topic) continue;
      kept.topic = undefined;
      kept.snapshot.config = { ...kept.snapshot.config, topic: DELETED_TOPIC };
    }
  }

  clear(): void {
    for (const [name, kept] of [...this.#kept]) this.#drop(name, kept);
  }

  #requireExpiry(expireMs: number | undefined): number {
    const now = this.#host.clock.now();
    if (expireMs === undefined || expireMs <= now || expireMs > now + LONGEST_LIFE_MS) {
      throw invalidArgument('snapshot.expire_time', 'it must be in the future, and at most 7 days from now');
    }
    return expireMs;
  }

  #find(name: string): Kept {
    requireSnapshotName(name);
    this.#expire();
    const kept = this.#kept.get(name);
    if (!kept) throw notFound(name);
    return kept;
  }

  #expire(): void {
    const now = this.#host.clock.now();
    for (const [name, kept] of this.#kept) if (kept.snapshot.config.expireMs <= now) this.#drop(name, kept);
  }

  #drop(name: string, { snapshot, topic }: Kept): void {
    topic?.snapshots.delete(snapshot);
    this.#kept.delete(name);
    this.#host.keeper?.snapshotDeleted(name);
    this.#host.onDeleted(name);
  }
}

function noTopic(subscription: string): StatusError {
  return new StatusError(
    'FAILED_PRECONDITION',
    `The subscription ${subscription} has no topic any more: it was deleted, or the subscription was detached.`,
  );
}
