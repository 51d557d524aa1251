import { StatusError } from '../wire/status.ts';
import { crc32c } from './crc32c.ts';

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
  readonly data?: Buffer;
}

export interface SecretPayload {
  readonly data: Buffer;
  /** CRC32C of the data. */
  readonly checksum: number;
}

/** What a caller may set on a secret and change later. */
export interface SecretSettings {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Alias to version number. */
  readonly versionAliases?: Readonly<Record<string, number>>;
}

/** https://cloud.google.com/secret-manager/quotas */
const MAX_PAYLOAD_BYTES = 64 * 1024;

/** A secret and its versions, numbered from 1 in order of their making. */
export class Secret {
  readonly name: string;
  readonly createMs: number;
  readonly #versions: SecretVersion[] = [];
  readonly #newEtag: () => string;
  #settings: SecretSettings;
  #etag: string;

  constructor(name: string, settings: SecretSettings, nowMs: number, newEtag: () => string) {
    this.name = name;
    this.createMs = nowMs;
    this.#newEtag = newEtag;
    this.#etag = newEtag();
    this.#settings = settings;
    this.#checkAliases(settings);
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

  update(settings: SecretSettings, etag: string): void {
    checkEtag(this.name, this.#etag, etag);
    this.#checkAliases(settings);
    this.#settings = { ...this.#settings, ...settings };
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

  /** By number, alias or `latest`: the version made last, whatever its state. Undefined when there is none. */
  find(version: string): SecretVersion | undefined {
    if (version === 'latest') return this.#versions.at(-1);
    const aliased = this.#settings.versionAliases?.[version];
    const number = aliased ?? (/^[1-9][0-9]*$/.test(version) ? Number(version) : 0);
    return this.#versions[number - 1];
  }

  /** Throws FAILED_PRECONDITION for a destroyed version: that state is final. */
  setState(version: SecretVersion, state: VersionState, etag: string, nowMs: number): SecretVersion {
    checkEtag(version.name, version.etag, etag);
    if (version.state === 'DESTROYED') throw inState(version);
    const { data, ...rest } = version;
    const changed: SecretVersion = {
      ...rest,
      state,
      etag: this.#newEtag(),
      ...(state === 'DESTROYED' ? { destroyMs: nowMs } : {}),
      ...(state !== 'DESTROYED' && data !== undefined ? { data } : {}),
    };
    this.#versions[version.number - 1] = changed;
    return changed;
  }

  #checkAliases({ versionAliases = {} }: SecretSettings): void {
    for (const [alias, number] of Object.entries(versionAliases)) {
      if (!/^[A-Za-z][A-Za-z0-9_-]{0,62}$/.test(alias) || alias === 'latest') {
        invalid(`The version alias "${alias}" is not valid.`);
      }
      if (this.#versions[number - 1] === undefined) {
        invalid(`The version alias "${alias}" names version ${number}, which does not exist.`);
      }
    }
  }
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
