import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import type { Clock } from '../contract/clock.ts';
import { MeshError } from '../contract/errors.ts';
import type { Secrets } from '../contract/secrets.ts';
import { attempts, callOptions, TRANSIENT_IDEMPOTENT } from './attempts.ts';
import { endpoint, type LocalHost } from './endpoint.ts';
import { LazyClient } from './lazy-client.ts';
import type { Redactor } from './redaction.ts';
import { STATUS, statusOf } from './status.ts';

/** How long a value is remembered, in milliseconds: a new version is in use everywhere five minutes after it was added. */
const REMEMBERED_MS = 300_000;

interface Remembered {
  readonly value: string;
  readonly until: number;
}

export interface SecretsOptions {
  readonly project: string;
  readonly local: LocalHost;
  readonly clock: Clock;
  readonly redactor: Redactor;
  /** Of a secret that is not named, the newest version is read. */
  readonly versions?: Readonly<Record<string, number>> | undefined;
}

/** The Secrets over Secret Manager. Each value is made known to the redactor before anybody gets it (I12). */
export class SecretManagerSecrets implements Secrets {
  readonly #options: SecretsOptions;
  readonly #client: LazyClient<SecretManagerServiceClient>;
  readonly #remembered = new Map<string, Remembered>();
  readonly #pending = new Map<string, Promise<string>>();

  constructor(options: SecretsOptions) {
    this.#options = options;
    this.#client = new LazyClient(async () => {
      const { SecretManagerServiceClient } = await import('@google-cloud/secret-manager');
      return new SecretManagerServiceClient(await endpoint(options.project, options.local));
    });
  }

  async get(name: string): Promise<string> {
    const known = this.#remembered.get(name);
    if (known && known.until > this.#options.clock.now()) return known.value;
    const pending = this.#pending.get(name);
    if (pending) return pending;
    const asked = this.#fetch(name).finally(() => this.#pending.delete(name));
    this.#pending.set(name, asked);
    return asked;
  }

  redact(text: string): string {
    return this.#options.redactor.text(text);
  }

  async #fetch(name: string): Promise<string> {
    const { project, clock, redactor, versions } = this.#options;
    const wanted = versions && Object.hasOwn(versions, name) ? versions[name] : 'latest';
    try {
      const payload = await attempts(clock, TRANSIENT_IDEMPOTENT, async () => {
        const client = await this.#client.get();
        const request = { name: `projects/${project}/secrets/${name}/versions/${wanted}` };
        const [version] = await client.accessSecretVersion(request, callOptions());
        return version.payload?.data ?? '';
      });
      const value = typeof payload === 'string' ? payload : Buffer.from(payload).toString('utf8');
      redactor.learn(value);
      this.#remembered.set(name, { value, until: clock.now() + REMEMBERED_MS });
      return value;
    } catch (error) {
      // Secret Manager is down: the last value known is better than none.
      const known = this.#remembered.get(name);
      if (known && TRANSIENT_IDEMPOTENT.has(statusOf(error) ?? -1)) return known.value;
      throw missing(name, project, error);
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** Says nothing of what the service answered but its status: an answer might quote what it was sent (I12). */
function missing(name: string, project: string, error: unknown): MeshError {
  const status = statusOf(error);
  const quoted = JSON.stringify(name);
  const add = `printf %s "$VALUE" | gcloud secrets versions add ${name} --project=${project} --data-file=-`;
  const at = { field: name };
  switch (status) {
    case STATUS.NOT_FOUND:
      return new MeshError('SecretMissing', `the secret ${quoted} does not exist or has no version`, {
        ...at,
        hint: `Add its value with: ${add}`,
      });
    case STATUS.FAILED_PRECONDITION:
      return new MeshError(
        'SecretMissing',
        `the newest version of the secret ${quoted} is disabled or destroyed`,
        {
          ...at,
          hint: `Add a new version with: ${add}`,
        },
      );
    case STATUS.PERMISSION_DENIED:
      return new MeshError('SecretMissing', `this agent's account may not read the secret ${quoted}`, {
        ...at,
        hint: 'Add it to `secrets` of the contract and deploy: the grant is computed from it.',
      });
    default:
      return new MeshError(
        'SecretMissing',
        `the secret ${quoted} could not be read: Secret Manager ${status === undefined ? 'could not be called' : `answered with status ${status}`}`,
        at,
      );
  }
}
