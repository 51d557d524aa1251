import { toProtoTime } from '../wire/time.ts';
import type { Secret, SecretSettings, SecretVersion } from './secret.ts';

/** `google.cloud.secretmanager.v1.Secret`, as `loadProtocol` gives it. */
export interface SecretMessage {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly versionAliases?: Readonly<Record<string, string>>;
  readonly etag?: string;
}

/** The settings in a message, where `paths` (an update mask) covers them; no paths cover all. */
export function settingsOf(message: SecretMessage, paths: readonly string[] = []): SecretSettings {
  const masked = (path: string) => paths.length === 0 || paths.includes(path);
  const aliases = Object.entries(message.versionAliases ?? {}).map(
    ([alias, n]) => [alias, Number(n)] as const,
  );
  return {
    ...(masked('labels') ? { labels: message.labels ?? {} } : {}),
    ...(masked('annotations') ? { annotations: message.annotations ?? {} } : {}),
    ...(masked('version_aliases') ? { versionAliases: Object.fromEntries(aliases) } : {}),
  };
}

export function secretMessage({ name, createMs, settings, etag }: Secret): object {
  return { name, replication: { automatic: {} }, createTime: toProtoTime(createMs), ...settings, etag };
}

export function versionMessage(version: SecretVersion): object {
  const { name, createMs, destroyMs, state, etag, checksumGiven } = version;
  return {
    name,
    createTime: toProtoTime(createMs),
    ...(destroyMs === undefined ? {} : { destroyTime: toProtoTime(destroyMs) }),
    state,
    replicationStatus: { automatic: {} },
    etag,
    clientSpecifiedPayloadChecksum: checksumGiven,
  };
}
