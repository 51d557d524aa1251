import type { Clock } from '../../shared/contract/clock.ts';
import { type Page, type PageRequest, pageOf } from '../wire/page.ts';
import { StatusError } from '../wire/status.ts';
import type { SecretKeeper } from './keeper.ts';
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
  readonly #keeper: SecretKeeper | undefined;
  #etags = 0;

  /** `onDeleted` is told of each secret that is gone. */
  constructor(
    clock: Clock,
    seed: SeedSecrets = {},
    onDeleted: (name: string) => void = () => {},
    keeper?: SecretKeeper,
  ) {
    this.#clock = clock;
    this.#keeper = keeper;
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

  /** A value to begin with that what was kept does not have, is a new version of its secret: the newest word is the program's. */
  reseed(): void {
    for (const [project, secrets] of Object.entries(this.#seed)) {
      for (const [id, text] of Object.entries(secrets)) {
        const kept = this.#secrets.get(`projects/${project}/secrets/${id}`);
        const { name, versions } = kept ?? this.createSecret(`projects/${project}`, id);
        const value = Buffer.from(text);
        if (!versions.some(({ data }) => data?.equals(value))) this.addVersion(name, value);
      }
    }
  }

  all(): Iterable<Secret> {
    return this.#secrets.values();
  }

  /** Takes up a secret as it was kept, in place of one of its name; nobody is told. Etags are new from here on. */
  restore(kept: Pick<Secret, 'name' | 'createMs' | 'kind' | 'settings' | 'etag' | 'versions'>): void {
    const secret = new Secret(
      checkSecretName(kept.name),
      {},
      kept.createMs,
      () => this.#newEtag(),
      kept.kind,
    );
    secret.restore(kept);
    const etags = [kept.etag, ...kept.versions.map(({ etag }) => etag)];
    this.#etags = Math.max(this.#etags, ...etags.map((etag) => Number.parseInt(etag.slice(1), 16) || 0));
    this.#secrets.set(kept.name, secret);
  }

  /** Takes up that a secret was deleted. */
  restoreGone(name: string): void {
    this.#secrets.delete(name);
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
    this.#keeper?.secret(secret);
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
    this.#keeper?.secret(secret);
    return secret;
  }

  /** Deletes the secret and all its versions. */
  deleteSecret(name: string, etag = ''): void {
    checkEtag(name, this.getSecret(name).etag, etag);
    this.#drop(name);
  }

  /** `checksum` is the CRC32C of the data, verified where it is given. */
  addVersion(parent: string, data: Buffer, checksum?: number): SecretVersion {
    const secret = this.getSecret(parent);
    const version = secret.addVersion(data, checksum, this.#clock.now());
    this.#keeper?.secret(secret);
    return version;
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
    const changed = secret.setState(version, state, etag, this.#clock.now());
    this.#keeper?.secret(secret);
    return changed;
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
    this.#keeper?.secretDeleted(name);
    this.#onDeleted(name);
  }

  /** An etag's quotes are part of it (https://google.aip.dev/154). */
  #newEtag(): string {
    return `"${(++this.#etags).toString(16).padStart(12, '0')}"`;
  }
}
