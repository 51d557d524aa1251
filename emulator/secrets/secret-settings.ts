import { StatusError } from '../wire/status.ts';

/** What a caller may set on a secret and change later. Times are milliseconds since the epoch. */
export interface SecretSettings {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Alias to version number. */
  readonly versionAliases?: Readonly<Record<string, number>>;
  /** Topics that production tells of changes; kept and shown: nothing is published here. */
  readonly topics?: readonly { readonly name: string }[];
  /** When the secret is deleted. */
  readonly expireMs?: number | undefined;
  /** When production says that it is time to rotate; kept and shown. */
  readonly rotation?: Rotation | undefined;
  /** How long a version that is destroyed is only disabled before. */
  readonly versionDestroyTtlMs?: number | undefined;
}

export interface Rotation {
  readonly nextMs?: number | undefined;
  readonly periodMs?: number | undefined;
}

const SECOND_MS = 1000;
const DAY_MS = 86_400 * SECOND_MS;
/** https://cloud.google.com/secret-manager/quotas#content_limits */
const MOST_LABELS = 64;
const MOST_TOPICS = 10;
const MOST_ALIASES = 50;
const ANNOTATIONS_BYTES = 16 * 1024;

/** @throws StatusError INVALID_ARGUMENT naming the setting that breaks a rule. */
export function checkSettings(settings: SecretSettings, versions: number, nowMs: number): void {
  const { labels = {}, annotations = {}, versionAliases = {}, topics = [], expireMs, rotation } = settings;
  if (Object.keys(labels).length > MOST_LABELS) invalid(`A secret has at most ${MOST_LABELS} labels.`);
  for (const [key, value] of Object.entries(labels)) {
    if (
      !/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key) ||
      !/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value)
    ) {
      invalid(`The label "${key}" is not valid: keys and values are lower-case letters, digits, _ and -.`);
    }
  }
  const annotated = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + key.length + value.length,
    0,
  );
  if (annotated > ANNOTATIONS_BYTES) invalid(`The annotations are larger than ${ANNOTATIONS_BYTES} bytes.`);
  if (topics.length > MOST_TOPICS) invalid(`A secret has at most ${MOST_TOPICS} topics.`);
  for (const { name } of topics) {
    if (!/^projects\/[^/]+\/topics\/[^/]+$/.test(name))
      invalid(`The topic "${name}" is not projects/P/topics/T.`);
  }
  checkAliases(versionAliases, versions);
  if (expireMs !== undefined && expireMs <= nowMs) invalid('The expiration must be in the future.');
  if (rotation) checkRotation(rotation, topics.length, nowMs);
  const { versionDestroyTtlMs: ttlMs } = settings;
  if (ttlMs !== undefined && (ttlMs < DAY_MS || ttlMs > 1000 * DAY_MS)) {
    invalid('The version_destroy_ttl must be between 1 and 1000 days.');
  }
}

/** https://cloud.google.com/secret-manager/docs/rotation-recommendations */
function checkRotation({ nextMs, periodMs }: Rotation, topics: number, nowMs: number): void {
  if (topics === 0) invalid('Rotation needs at least one topic.');
  if (nextMs === undefined) invalid('Rotation needs a next_rotation_time.');
  else if (nextMs < nowMs + 300 * SECOND_MS)
    invalid('The next_rotation_time must be at least 300s in the future.');
  if (periodMs !== undefined && (periodMs < 3600 * SECOND_MS || periodMs > 3_153_600_000 * SECOND_MS)) {
    invalid('The rotation_period must be between 3600s and 3153600000s.');
  }
}

function checkAliases(aliases: Readonly<Record<string, number>>, versions: number): void {
  const entries = Object.entries(aliases);
  if (entries.length > MOST_ALIASES) invalid(`A secret has at most ${MOST_ALIASES} version aliases.`);
  for (const [alias, number] of entries) {
    if (!/^[A-Za-z][A-Za-z0-9_-]{0,62}$/.test(alias) || alias === 'latest') {
      invalid(`The version alias "${alias}" is not valid.`);
    }
    if (!(number >= 1 && number <= versions)) {
      invalid(`The version alias "${alias}" names version ${number}, which does not exist.`);
    }
  }
}

function invalid(message: string): void {
  throw new StatusError('INVALID_ARGUMENT', message);
}
