import { StatusError } from '../wire/status.ts';
import { crc32c } from './crc32c.ts';
import { checkSettings, type SecretSettings } from './secret-settings.ts';

export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROYED';

/** One version of a secret. Its data is gone for good once it is destroyed. */
export interface SecretVersion {
  readonly name: string;
  readonly number: number;
  readonly createMs: number;
  readonly state: VersionState;
  readonly etag: string;
  /** Whether the caller sent a checksum, which was verified, with the payload. */
  readonly checksumGiven: boolean;
  readonly destroyMs?: number;
  /** When it will be destroyed, where its secret puts that off. */
  readonly scheduledDestroyMs?: number;
  readonly data?: Buffer;
}

export interface SecretPayload {
  readonly data: Buffer;
  /** CRC32C of the data. */
  readonly checksum: number;
}

/** What is set when a secret is made, and never changes; kept and shown. */
export interface SecretKind {
  readonly replication?: object;
  readonly customerManagedEncryption?: object;
}

/** https://cloud.google.com/secret-manager/quotas */
const MAX_PAYLOAD_BYTES = 64 * 1024;

/** A secret and its versions, numbered from 1 in order of their making. */
export class Secret {
  readonly name: string;
  readonly createMs: number;
  readonly kind: SecretKind;
  readonly #versions: SecretVersion[] = [];
  readonly #newEtag: () => string;
  #settings: SecretSettings;
  #etag: string;

  constructor(
    name: string,
    settings: SecretSettings,
    nowMs: number,
    newEtag: () => string,
    { replication, customerManagedEncryption }: SecretKind = {},
  ) {
    checkSettings(settings, 0, nowMs);
    this.name = name;
    this.kind = {
      ...(replication && { replication }),
      ...(customerManagedEncryption && { customerManagedEncryption }),
    };
    this.createMs = nowMs;
    this.#newEtag = newEtag;
    this.#etag = newEtag();
    this.#settings = settings;
  }

  get settings(): SecretSettings {
    return this.#settings;
  }

  get etag(): string {
    return this.#etag;
  }

  get versions(): readonly SecretVersion[] {
    return this.#versions;
  }

  update(changes: SecretSettings, etag: string, nowMs: number): void {
    checkEtag(this.name, this.#etag, etag);
    const settings = { ...this.#settings, ...changes };
    // What an earlier update set may since have passed: only what this one sets must lie ahead.
    checkSettings({ ...settings, ...passed(changes) }, this.#versions.length, nowMs);
    this.#settings = settings;
    this.#etag = this.#newEtag();
  }

  /** Throws INVALID_ARGUMENT for data that is empty or over 64 KiB, or that does not have the given checksum. */
  addVersion(data: Buffer, checksum: number | undefined, nowMs: number): SecretVersion {
    if (data.length === 0) invalid('Payload data must not be empty.');
    if (data.length > MAX_PAYLOAD_BYTES) {
      invalid(`The payload of ${data.length} bytes exceeds the maximum of ${MAX_PAYLOAD_BYTES} bytes.`);
    }
    if (checksum !== undefined && checksum !== crc32c(data)) {
      invalid('The checksum of the payload does not match the provided data_crc32c.');
    }
    const number = this.#versions.length + 1;
    const version: SecretVersion = {
      name: `${this.name}/versions/${number}`,
      number,
      createMs: nowMs,
      state: 'ENABLED',
      etag: this.#newEtag(),
      checksumGiven: checksum !== undefined,
      data,
    };
    this.#versions.push(version);
    return version;
  }

  /** Takes up settings and versions as they were kept. */
  restore({ settings, etag, versions }: Pick<Secret, 'settings' | 'etag' | 'versions'>): void {
    this.#settings = settings;
    this.#etag = etag;
    this.#versions.splice(0, this.#versions.length, ...versions);
  }

  /** By number, alias or `latest`: the version made last, whatever its state. Undefined when there is none. */
  find(version: string): SecretVersion | undefined {
    if (version === 'latest') return this.#versions.at(-1);
    const aliased = this.#settings.versionAliases?.[version];
    const number = aliased ?? (/^[1-9][0-9]*$/.test(version) ? Number(version) : 0);
    return this.#versions[number - 1];
  }

  /**
   * Destroying only schedules where the secret says how long that is put off; enabling or disabling takes it back.
   * Throws FAILED_PRECONDITION for a destroyed version: that state is final.
   */
  setState(version: SecretVersion, state: VersionState, etag: string, nowMs: number): SecretVersion {
    checkEtag(version.name, version.etag, etag);
    if (version.state === 'DESTROYED') throw inState(version);
    const { versionDestroyTtlMs } = this.#settings;
    if (state === 'DESTROYED' && versionDestroyTtlMs !== undefined) {
      return this.#change(version, 'DISABLED', { scheduledDestroyMs: nowMs + versionDestroyTtlMs });
    }
    return this.#change(version, state, state === 'DESTROYED' ? { destroyMs: nowMs } : {});
  }

  /** Destroys the versions whose time has come. */
  settle(nowMs: number): void {
    for (const version of [...this.#versions]) {
      const { scheduledDestroyMs: dueMs } = version;
      if (dueMs !== undefined && dueMs <= nowMs) this.#change(version, 'DESTROYED', { destroyMs: dueMs });
    }
  }

  #change(version: SecretVersion, state: VersionState, times: Partial<SecretVersion>): SecretVersion {
    const { data, scheduledDestroyMs, ...rest } = version;
    const changed: SecretVersion = {
      ...rest,
      ...times,
      state,
      etag: this.#newEtag(),
      ...(state !== 'DESTROYED' && data !== undefined ? { data } : {}),
    };
    this.#versions[version.number - 1] = changed;
    return changed;
  }
}

/** Leaves out of a check what lies in the past by now and is not set anew. */
function passed({ expireMs, rotation }: SecretSettings): Partial<SecretSettings> {
  return {
    ...(expireMs === undefined && { expireMs: undefined }),
    ...(rotation === undefined && { rotation: undefined }),
  };
}

/** The payload of an enabled version; FAILED_PRECONDITION for any other. */
export function payloadOf(version: SecretVersion): SecretPayload {
  if (version.state !== 'ENABLED' || version.data === undefined) throw inState(version);
  return { data: version.data, checksum: crc32c(version.data) };
}

/** An etag that is given must be the current one (https://cloud.google.com/secret-manager/docs/etags). */
export function checkEtag(name: string, current: string, given: string): void {
  if (given === '' || given === current) return;
  throw new StatusError(
    'FAILED_PRECONDITION',
    `The etag of [${name}] is ${current}, the request has ${given}.`,
  );
}

function inState({ name, state }: SecretVersion): StatusError {
  return new StatusError('FAILED_PRECONDITION', `Secret Version [${name}] is in ${state} state.`);
}

function invalid(message: string): never {
  throw new StatusError('INVALID_ARGUMENT', message);
}
