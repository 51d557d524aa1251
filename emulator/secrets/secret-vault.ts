import type { Clock } from '../../shared/contract/clock.ts';
import { type Page, type PageRequest, pageOf } from '../wire/page.ts';
import { StatusError } from '../wire/status.ts';
import { checkProjectName, checkSecretId, checkSecretName, splitVersionName } from './names.ts';
import {
  checkEtag,
  payloadOf,
  Secret,
  type SecretKind,
  type SecretPayload,
  type SecretVersion,
  type VersionState,
} from './secret.ts';
import type { SecretSettings } from './secret-settings.ts';

/** Secrets to begin with: project id, then secret id, then the value of version 1. */
export type SeedSecrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

const LARGEST_PAGE = 25_000;

/** A page, and how many items there are on all pages. */
export interface Listed<T> extends Page<T> {
  readonly totalSize: number;
}

/**
 * Secret Manager, without a wire. What it throws are `StatusError`s with the service's codes and messages; no message holds a
 * value (I12). Names carry the project's id where production writes its number.
 */
export class SecretVault {
  readonly #clock: Clock;
  readonly #seed: SeedSecrets;
  readonly #secrets = new Map<string, Secret>();
  readonly #onDeleted: (name: string) => void;
  #etags = 0;

  /** `onDeleted` is told of each secret that is gone. */
  constructor(clock: Clock, seed: SeedSecrets = {}, onDeleted: (name: string) => void = () => {}) {
    this.#clock = clock;
    this.#onDeleted = onDeleted;
    this.#seed = seed;
    this.reset();
  }

  /** Forgets every secret but those that it began with. */
  reset(): void {
    for (const name of [...this.#secrets.keys()]) this.#drop(name);
    for (const [project, secrets] of Object.entries(this.#seed)) {
      for (const [id, value] of Object.entries(secrets)) {
        const { name } = this.createSecret(`projects/${project}`, id);
        this.addVersion(name, Buffer.from(value));
      }
    }
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#clock.now();
  }

  createSecret(parent: string, id: string, settings: SecretSettings = {}, kind: SecretKind = {}): Secret {
    const name = `${checkProjectName(parent)}/secrets/${checkSecretId(id)}`;
    this.#settle();
    if (this.#secrets.has(name)) throw new StatusError('ALREADY_EXISTS', `Secret [${name}] already exists.`);
    const secret = new Secret(name, settings, this.#clock.now(), () => this.#newEtag(), kind);
    this.#secrets.set(name, secret);
    return secret;
  }

  getSecret(name: string): Secret {
    this.#settle();
    const secret = this.#secrets.get(checkSecretName(name));
    if (secret !== undefined) return secret;
    throw new StatusError('NOT_FOUND', `Secret [${name}] not found.`);
  }

  listSecrets(
    parent: string,
    page: PageRequest = {},
    wants: (secret: Secret) => boolean = () => true,
  ): Listed<Secret> {
    const prefix = `${checkProjectName(parent)}/secrets/`;
    this.#settle();
    const secrets = [...this.#secrets.values()].filter((each) => each.name.startsWith(prefix) && wants(each));
    return { ...pageOf(secrets, ({ name }) => name, page, LARGEST_PAGE), totalSize: secrets.length };
  }

  updateSecret(name: string, settings: SecretSettings, etag = ''): Secret {
    const secret = this.getSecret(name);
    secret.update(settings, etag, this.#clock.now());
    return secret;
  }

  /** Deletes the secret and all its versions. */
  deleteSecret(name: string, etag = ''): void {
    checkEtag(name, this.getSecret(name).etag, etag);
    this.#drop(name);
  }

  /** `checksum` is the CRC32C of the data, verified where it is given. */
  addVersion(parent: string, data: Buffer, checksum?: number): SecretVersion {
    return this.getSecret(parent).addVersion(data, checksum, this.#clock.now());
  }

  getVersion(name: string): SecretVersion {
    return this.#find(name).version;
  }

  /** The newest version first. */
  listVersions(
    parent: string,
    page: PageRequest = {},
    wants: (version: SecretVersion) => boolean = () => true,
  ): Listed<SecretVersion> {
    const rank = ({ number }: SecretVersion) => String(1e9 - number);
    const versions = this.getSecret(parent).versions.filter(wants);
    return { ...pageOf(versions, rank, page, LARGEST_PAGE), totalSize: versions.length };
  }

  /** The payload of an enabled version, by number, alias or `latest`. */
  access(name: string): { readonly name: string; readonly payload: SecretPayload } {
    const { version } = this.#find(name);
    return { name: version.name, payload: payloadOf(version) };
  }

  setVersionState(name: string, state: VersionState, etag = ''): SecretVersion {
    const { secret, version } = this.#find(name);
    return secret.setState(version, state, etag, this.#clock.now());
  }

  #find(name: string): { readonly secret: Secret; readonly version: SecretVersion } {
    const wanted = splitVersionName(name);
    this.#settle();
    const secret = this.#secrets.get(wanted.secret);
    const version = secret?.find(wanted.version);
    if (secret !== undefined && version !== undefined) return { secret, version };
    if (secret === undefined || secret.versions.length === 0) {
      throw new StatusError('NOT_FOUND', `Secret [${wanted.secret}] not found or has no versions.`);
    }
    throw new StatusError('NOT_FOUND', `Secret Version [${name}] not found.`);
  }

  /** Deletes what has expired, and destroys what was to be by now. */
  #settle(): void {
    const now = this.#clock.now();
    for (const [name, secret] of this.#secrets) {
      const { expireMs } = secret.settings;
      if (expireMs !== undefined && expireMs <= now) this.#drop(name);
      else secret.settle(now);
    }
  }

  #drop(name: string): void {
    this.#secrets.delete(name);
    this.#onDeleted(name);
  }

  /** An etag's quotes are part of it (https://google.aip.dev/154). */
  #newEtag(): string {
    return `"${(++this.#etags).toString(16).padStart(12, '0')}"`;
  }
}
