import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { StatusError } from '../wire/status.ts';

/** https://docs.cloud.google.com/kms/docs/key-states, as far as symmetric keys go through them. */
export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROY_SCHEDULED' | 'DESTROYED';

export interface KeyVersion {
  readonly name: string;
  readonly number: number;
  readonly createTime: number;
  state: VersionState;
  /** When it is, or was, destroyed. */
  destroyTime?: number;
}

/** How long a version can be had back after it is to be destroyed, where the key does not say otherwise. */
const DESTROY_AFTER_MS = 30 * 86_400_000;
const CIPHER = 'aes-256-gcm';
const NUMBER_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = NUMBER_BYTES + NONCE_BYTES + TAG_BYTES;

/** A symmetric key with its versions. Its material is made from its name: it protects nothing, and is the same after a restart. */
export class CryptoKey {
  readonly name: string;
  readonly createTime: number;
  readonly versions: KeyVersion[] = [];
  #primary = 1;

  constructor(name: string, now: number) {
    this.name = name;
    this.createTime = now;
    this.addVersion(now);
  }

  get primary(): KeyVersion {
    return this.version(this.#primary);
  }

  addVersion(now: number): KeyVersion {
    const number = this.versions.length + 1;
    const version: KeyVersion = {
      name: `${this.name}/cryptoKeyVersions/${number}`,
      number,
      createTime: now,
      state: 'ENABLED',
    };
    this.versions.push(version);
    return version;
  }

  /** @throws StatusError `NOT_FOUND` */
  version(number: number): KeyVersion {
    const version = this.versions[number - 1];
    if (version) return version;
    throw new StatusError(
      'NOT_FOUND',
      `CryptoKeyVersion ${this.name}/cryptoKeyVersions/${number} not found.`,
    );
  }

  setPrimary(number: number): void {
    this.#primary = this.version(number).number;
  }

  /** @throws StatusError `FAILED_PRECONDITION` for a version that is destroyed, or is to be */
  setState(number: number, state: 'ENABLED' | 'DISABLED', now: number): KeyVersion {
    const version = this.#aged(number, now);
    if (version.state !== 'ENABLED' && version.state !== 'DISABLED')
      throw precondition(`${version.name} cannot be updated, current state is: ${version.state}.`);
    version.state = state;
    return version;
  }

  /** @throws StatusError `FAILED_PRECONDITION` */
  destroy(number: number, now: number): KeyVersion {
    const version = this.#aged(number, now);
    if (version.state === 'DESTROYED' || version.state === 'DESTROY_SCHEDULED')
      throw precondition(`${version.name} cannot be destroyed, current state is: ${version.state}.`);
    version.state = 'DESTROY_SCHEDULED';
    version.destroyTime = now + DESTROY_AFTER_MS;
    return version;
  }

  /** @throws StatusError `FAILED_PRECONDITION` */
  restore(number: number, now: number): KeyVersion {
    const version = this.#aged(number, now);
    if (version.state !== 'DESTROY_SCHEDULED')
      throw precondition(`${version.name} cannot be restored, current state is: ${version.state}.`);
    version.state = 'DISABLED';
    delete version.destroyTime;
    return version;
  }

  /** @throws StatusError `FAILED_PRECONDITION` where the primary version is not enabled */
  encrypt(
    plaintext: Uint8Array,
    aad: Uint8Array,
    now: number,
  ): { readonly version: string; readonly ciphertext: Buffer } {
    const version = this.#usable(this.#primary, now);
    const head = Buffer.alloc(NUMBER_BYTES);
    head.writeUInt32BE(version.number);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, material(version), nonce).setAAD(aad);
    const text = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return { version: version.name, ciphertext: Buffer.concat([head, nonce, cipher.getAuthTag(), text]) };
  }

  /** @throws StatusError `INVALID_ARGUMENT`, `FAILED_PRECONDITION` */
  decrypt(ciphertext: Buffer, aad: Uint8Array, now: number): Buffer {
    const number = ciphertext.length >= HEAD_BYTES ? ciphertext.readUInt32BE() : 0;
    if (!this.versions[number - 1]) throw undecryptable();
    const version = this.#usable(number, now);
    const nonce = ciphertext.subarray(NUMBER_BYTES, NUMBER_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, material(version), nonce).setAAD(aad);
    decipher.setAuthTag(ciphertext.subarray(NUMBER_BYTES + NONCE_BYTES, HEAD_BYTES));
    try {
      return Buffer.concat([decipher.update(ciphertext.subarray(HEAD_BYTES)), decipher.final()]);
    } catch {
      throw undecryptable();
    }
  }

  #usable(number: number, now: number): KeyVersion {
    const version = this.#aged(number, now);
    if (version.state !== 'ENABLED')
      throw precondition(`${version.name} is not enabled, current state is: ${version.state}.`);
    return version;
  }

  /** The version as it stands by now: what is to be destroyed is, once its time has come. */
  #aged(number: number, now: number): KeyVersion {
    const version = this.version(number);
    if (version.state === 'DESTROY_SCHEDULED' && (version.destroyTime ?? 0) <= now)
      version.state = 'DESTROYED';
    return version;
  }
}

function material({ name }: KeyVersion): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', name, '', 'local kms', 32));
}

const precondition = (message: string) => new StatusError('FAILED_PRECONDITION', message);
const undecryptable = () =>
  new StatusError('INVALID_ARGUMENT', 'Decryption failed: the ciphertext is invalid.');
