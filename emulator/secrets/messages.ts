import { StatusError } from '../wire/status.ts';
import { fromProtoTime, type ProtoTime, toProtoTime } from '../wire/time.ts';
import type { Secret, SecretKind, SecretVersion } from './secret.ts';
import type { SecretSettings } from './secret-settings.ts';

/** `google.cloud.secretmanager.v1.Secret`, as it is decoded. */
export interface SecretMessage extends SecretKind {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly versionAliases?: Readonly<Record<string, string>>;
  readonly topics?: readonly { readonly name?: string }[];
  readonly expireTime?: ProtoTime;
  readonly ttl?: ProtoTime;
  readonly rotation?: { readonly nextRotationTime?: ProtoTime; readonly rotationPeriod?: ProtoTime };
  readonly versionDestroyTtl?: ProtoTime;
  readonly etag?: string;
}

/** Each setting by the path of its field in an update mask. */
const READERS: Readonly<Record<string, (message: SecretMessage, nowMs: number) => SecretSettings>> = {
  labels: ({ labels = {} }) => ({ labels }),
  annotations: ({ annotations = {} }) => ({ annotations }),
  version_aliases: ({ versionAliases = {} }) => ({
    versionAliases: Object.fromEntries(
      Object.entries(versionAliases).map(([alias, n]) => [alias, Number(n)]),
    ),
  }),
  topics: ({ topics = [] }) => ({ topics: topics.map(({ name = '' }) => ({ name })) }),
  expire_time: (message, nowMs) => ({ expireMs: expiryOf(message, nowMs) }),
  ttl: (message, nowMs) => ({ expireMs: expiryOf(message, nowMs) }),
  rotation: ({ rotation }) => ({
    rotation: rotation && {
      nextMs: msOf(rotation.nextRotationTime),
      periodMs: msOf(rotation.rotationPeriod),
    },
  }),
  version_destroy_ttl: ({ versionDestroyTtl }) => ({ versionDestroyTtlMs: msOf(versionDestroyTtl) }),
};

/** The settings of a secret that is made. */
export function settingsOf(message: SecretMessage, nowMs: number): SecretSettings {
  return Object.assign({}, ...Object.values(READERS).map((read) => read(message, nowMs)));
}

/** The settings that an update's mask names. @throws StatusError INVALID_ARGUMENT for a mask that is empty or names what cannot change. */
export function updateOf(message: SecretMessage, paths: readonly string[], nowMs: number): SecretSettings {
  if (paths.length === 0) {
    throw new StatusError(
      'INVALID_ARGUMENT',
      'The update_mask is required, and must name at least one field.',
    );
  }
  return Object.assign({}, ...paths.map((path) => readerOf(path)(message, nowMs)));
}

export function secretMessage({ name, createMs, settings, kind, etag }: Secret): object {
  const { expireMs, rotation, versionDestroyTtlMs, ...plain } = settings;
  const { replication = { automatic: {} }, customerManagedEncryption } = kind;
  return {
    ...plain,
    name,
    replication,
    ...(customerManagedEncryption && { customerManagedEncryption }),
    createTime: toProtoTime(createMs),
    ...(expireMs !== undefined && { expireTime: toProtoTime(expireMs) }),
    ...(rotation && {
      rotation: { nextRotationTime: timeOf(rotation.nextMs), rotationPeriod: timeOf(rotation.periodMs) },
    }),
    ...(versionDestroyTtlMs !== undefined && { versionDestroyTtl: toProtoTime(versionDestroyTtlMs) }),
    etag,
  };
}

export function versionMessage(version: SecretVersion): object {
  const { name, createMs, destroyMs, scheduledDestroyMs, state, etag, checksumGiven } = version;
  return {
    name,
    createTime: toProtoTime(createMs),
    ...(destroyMs === undefined ? {} : { destroyTime: toProtoTime(destroyMs) }),
    ...(scheduledDestroyMs === undefined ? {} : { scheduledDestroyTime: toProtoTime(scheduledDestroyMs) }),
    state,
    replicationStatus: { automatic: {} },
    etag,
    clientSpecifiedPayloadChecksum: checksumGiven,
  };
}

function readerOf(path: string): (message: SecretMessage, nowMs: number) => SecretSettings {
  const [head = ''] = path.split('.');
  const read = Object.hasOwn(READERS, head) ? READERS[head] : undefined;
  if (read && (head === path || head === 'rotation')) return read;
  throw new StatusError(
    'INVALID_ARGUMENT',
    `The update_mask names "${path}", which is no field that can be updated.`,
  );
}

function expiryOf({ expireTime, ttl }: SecretMessage, nowMs: number): number | undefined {
  const ttlMs = msOf(ttl);
  return ttlMs === undefined ? msOf(expireTime) : nowMs + ttlMs;
}

function msOf(time: ProtoTime | null | undefined): number | undefined {
  return time === undefined || time === null ? undefined : fromProtoTime(time);
}

function timeOf(ms: number | undefined) {
  return ms === undefined ? undefined : toProtoTime(ms);
}
