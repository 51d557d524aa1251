import type { Clock } from '../contract/clock.ts';
import { sleep } from '../contract/clock.ts';
import { DEFAULT_TENANT, type KeyService, keysUnavailable, payloadErased } from '../contract/encryption.ts';
import { MeshError } from '../contract/errors.ts';
import { emulatorUrl, type LocalHost } from './endpoint.ts';

/** A key ring of Cloud KMS, and which of its keys a tenant's data key is wrapped by. */
export interface KmsKeys {
  /** `projects/<p>/locations/<l>/keyRings/<r>`. */
  readonly ring: string;
  /** `mesh`: one key for all tenants, `mesh`. `tenant`: a key for each, named as the tenant. */
  readonly per: 'mesh' | 'tenant';
}

export interface CloudKmsOptions {
  readonly keys: KmsKeys;
  readonly local: LocalHost;
  readonly clock: Clock;
  /** The token that calls are made with; not asked for at a local server. */
  readonly token: () => Promise<string>;
}

const MOST_ATTEMPTS = 3;
const BACKOFF_MS = 50;
const CALL_TIMEOUT_MS = 10_000;
/** The key that wraps those of all tenants. */
const SHARED_KEY = 'mesh';

/** https://docs.cloud.google.com/kms/docs/reference/rest */
export class CloudKms implements KeyService {
  readonly #options: CloudKmsOptions;

  constructor(options: CloudKmsOptions) {
    this.#options = options;
  }

  async wrap(tenant: string, dataKey: Uint8Array): Promise<Uint8Array> {
    const { ciphertext } = await this.#call(tenant, 'encrypt', { plaintext: base64(dataKey) });
    const wrapped = Buffer.from(ciphertext ?? '', 'base64');
    // What was garbled on its way would never be read again.
    if (!Buffer.from(await this.unwrap(tenant, wrapped)).equals(dataKey))
      throw keysUnavailable('Cloud KMS gave back another key than it was given');
    return wrapped;
  }

  async unwrap(tenant: string, wrapped: Uint8Array): Promise<Uint8Array> {
    const { plaintext } = await this.#call(tenant, 'decrypt', { ciphertext: base64(wrapped) });
    return Buffer.from(plaintext ?? '', 'base64');
  }

  async #call(
    tenant: string,
    verb: 'encrypt' | 'decrypt',
    body: Readonly<Record<string, string>>,
  ): Promise<{ readonly ciphertext?: string; readonly plaintext?: string }> {
    const { keys, clock } = this.#options;
    const key = `${keys.ring}/cryptoKeys/${keys.per === 'mesh' ? SHARED_KEY : tenant}`;
    // A data key opens for its own tenant only, whichever key wraps it.
    const bound = { ...body, additionalAuthenticatedData: base64(Buffer.from(tenant)) };
    for (let attempt = 1; ; attempt++) {
      const { ok, status, text } = await this.#post(`${key}:${verb}`, bound);
      if (ok) return JSON.parse(text) as { ciphertext?: string; plaintext?: string };
      const passing = status === 0 || status === 429 || status >= 500;
      if (!passing || attempt === MOST_ATTEMPTS) throw failureOf(tenant, key, status, text);
      await sleep(clock, BACKOFF_MS * 2 ** attempt);
    }
  }

  /** Status 0: there was no answer. */
  async #post(
    path: string,
    body: object,
  ): Promise<{ readonly ok: boolean; readonly status: number; readonly text: string }> {
    const { local, token } = this.#options;
    try {
      const origin = local.host ? emulatorUrl(local.host).origin : 'https://cloudkms.googleapis.com';
      const response = await fetch(`${origin}/v1/${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(local.host
            ? local.principal && { 'x-emulator-principal': local.principal }
            : { authorization: `Bearer ${await token()}` }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      return { ok: response.ok, status: response.status, text: await response.text() };
    } catch (error) {
      return { ok: false, status: 0, text: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** A key that is disabled can be enabled again, and one that is not there can be made: only what is destroyed is gone. */
function failureOf(tenant: string, key: string, status: number, text: string): MeshError {
  const message = messageIn(text);
  if (/current state is: (DESTROYED|DESTROY_SCHEDULED)/.test(message)) return payloadErased(tenant);
  if (status === 400 && /ciphertext is invalid/i.test(message))
    return new MeshError('PayloadDamaged', `the data key of ${JSON.stringify(tenant)} was changed`);
  const whose = tenant === DEFAULT_TENANT ? '' : ` for the tenant ${JSON.stringify(tenant)}`;
  return keysUnavailable(`Cloud KMS can't be asked for ${key}${whose}: ${message || `status ${status}`}`);
}

function messageIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: string } };
    return error?.message ?? '';
  } catch {
    return text.split('\n', 1)[0] ?? '';
  }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
