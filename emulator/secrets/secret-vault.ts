import type { Clock } from '../../shared/contract/clock.ts';
import { type Page, type PageRequest, pageOf } from '../wire/page.ts';
import { StatusError } from '../wire/status.ts';
import { checkProjectName, checkSecretId, checkSecretName, splitVersionName } from './names.ts';
import {
  checkEtag,
  payloadOf,
  Secret,
  type SecretPayload,
  type SecretSettings,
  type SecretVersion,
  type VersionState,
} from './secret.ts';

/** Secrets to begin with: project id, then secret id, then the value of version 1. */
export type SeedSecrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

const LARGEST_PAGE = 25_000;

/**
 * Secret Manager, without a wire. What it throws are `StatusError`s with the service's codes and messages; no message holds a
 * value (I12). Names carry the project's id where production writes its number.
 */
export class SecretVault {
  readonly #clock: Clock;
  readonly #seed: SeedSecrets;
  readonly #secrets = new Map<string, Secret>();
  #etags = 0;

  constructor(clock: Clock, seed: SeedSecrets = {}) {
    this.#clock = clock;
    this.#seed = seed;
    this.reset();
  }

  /** Forgets every secret but those that it began with. */
  reset(): void {
    this.#secrets.clear();
    for (const [project, secrets] of Object.entries(this.#seed)) {
      for (const [id, value] of Object.entries(secrets)) {
        const { name } = this.createSecret(`projects/${project}`, id);
        this.addVersion(name, Buffer.from(value));
      }
    }
  }

  createSecret(parent: string, id: string, settings: SecretSettings = {}): Secret {
    const name = `${checkProjectName(parent)}/secrets/${checkSecretId(id)}`;
    if (this.#secrets.has(name)) throw new StatusError('ALREADY_EXISTS', `Secret [${name}] already exists.`);
    const secret = new Secret(name, settings, this.#clock.now(), () => this.#newEtag());
    this.#secrets.set(name, secret);
    return secret;
  }

  getSecret(name: string): Secret {
    const secret = this.#secrets.get(checkSecretName(name));
    if (secret !== undefined) return secret;
    throw new StatusError('NOT_FOUND', `Secret [${name}] not found.`);
  }

  listSecrets(parent: string, page: PageRequest = {}): Page<Secret> {
    const prefix = `${checkProjectName(parent)}/`;
    const secrets = [...this.#secrets.values()].filter(({ name }) => name.startsWith(prefix));
    return pageOf(secrets, ({ name }) => name, page, LARGEST_PAGE);
  }

  updateSecret(name: string, settings: SecretSettings, etag = ''): Secret {
    const secret = this.getSecret(name);
    secret.update(settings, etag);
    return secret;
  }

  /** Deletes the secret and all its versions. */
  deleteSecret(name: string, etag = ''): void {
    checkEtag(name, this.getSecret(name).etag, etag);
    this.#secrets.delete(name);
  }

  /** `checksum` is the CRC32C of the data, verified where it is given. */
  addVersion(parent: string, data: Buffer, checksum?: number): SecretVersion {
    return this.getSecret(parent).addVersion(data, checksum, this.#clock.now());
  }

  getVersion(name: string): SecretVersion {
    return this.#find(name).version;
  }

  /** The newest version first. */
  listVersions(parent: string, page: PageRequest = {}): Page<SecretVersion> {
    const rank = ({ number }: SecretVersion) => String(1e9 - number);
    return pageOf(this.getSecret(parent).versions, rank, page, LARGEST_PAGE);
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
    const secret = this.#secrets.get(wanted.secret);
    const version = secret?.find(wanted.version);
    if (secret !== undefined && version !== undefined) return { secret, version };
    if (secret === undefined || secret.versions.length === 0) {
      throw new StatusError('NOT_FOUND', `Secret [${wanted.secret}] not found or has no versions.`);
    }
    throw new StatusError('NOT_FOUND', `Secret Version [${name}] not found.`);
  }

  /** An etag's quotes are part of it (https://google.aip.dev/154). */
  #newEtag(): string {
    return `"${(++this.#etags).toString(16).padStart(12, '0')}"`;
  }
}
