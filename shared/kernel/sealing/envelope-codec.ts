import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { Clock } from '../../contract/clock.ts';
import { type KeyService, type PayloadCodec, payloadErased } from '../../contract/encryption.ts';
import { hasCode, MeshError } from '../../contract/errors.ts';
import { dataKeyPath } from '../../contract/names.ts';
import type { Store } from '../../contract/store.ts';

/**
 * Envelope encryption: a tenant has one data key of 256 bits, kept in `dataKeys/{tenant}` as the key service wrapped it. Invariants:
 *
 * - Each payload has a key of its own, derived from the data key and a random salt: AES-256-GCM never meets one key and nonce twice.
 * - What is sealed names its tenant and is bound to it and to where it stands: it opens nowhere else.
 * - A data key is in memory for `KEPT_MS` at most: by then an instance has noticed that the tenant was erased.
 *
 * | bytes | what |
 * |---|---|
 * | 4 | `MSH1` |
 * | 1 | length of the tenant's name |
 * | … | the tenant's name |
 * | 16 | salt |
 * | 12 | nonce |
 * | 16 | tag |
 * | … | ciphertext |
 */

const MAGIC = Buffer.from('MSH1');
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const CIPHER = 'aes-256-gcm';
const KEPT_MS = 300_000;
const MOST_KEYS = 1_000;

/** Whether these bytes are what a codec of this kind sealed. */
export function isSealed(bytes: Uint8Array): boolean {
  return bytes.length > MAGIC.length + 1 && Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) === 0;
}

/** The tenant whose key opens these bytes. */
function tenantIn(sealed: Uint8Array): string {
  const length = sealed[MAGIC.length] ?? 0;
  return Buffer.from(sealed.subarray(MAGIC.length + 1, MAGIC.length + 1 + length)).toString();
}

interface KeptKey {
  readonly key: Promise<Buffer>;
  readonly until: number;
}

export interface EnvelopeCodecOptions {
  readonly keys: KeyService;
  /** Where data keys are kept. */
  readonly store: Pick<Store, 'read' | 'commit'>;
  readonly clock: Clock;
}

/** A codec over a key service: Cloud KMS, or keys in memory. */
export class EnvelopeCodec implements PayloadCodec {
  readonly #options: EnvelopeCodecOptions;
  /** In the order of use. */
  readonly #kept = new Map<string, KeptKey>();

  constructor(options: EnvelopeCodecOptions) {
    this.#options = options;
  }

  async seal(tenant: string, plain: Uint8Array, context: string): Promise<Uint8Array> {
    const dataKey = await this.#dataKey(tenant, true);
    const name = Buffer.from(tenant);
    const head = Buffer.concat([MAGIC, Buffer.of(name.length), name]);
    const salt = randomBytes(SALT_BYTES);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, payloadKey(dataKey, salt), nonce);
    cipher.setAAD(Buffer.concat([head, Buffer.from(context)]));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([head, salt, nonce, cipher.getAuthTag(), sealed]);
  }

  async open(sealed: Uint8Array, context: string): Promise<Uint8Array> {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const tenant = isSealed(bytes) ? tenantIn(bytes) : '';
    const saltAt = MAGIC.length + 1 + Buffer.byteLength(tenant);
    const nonceAt = saltAt + SALT_BYTES;
    const tagAt = nonceAt + NONCE_BYTES;
    const textAt = tagAt + TAG_BYTES;
    if (tenant === '' || bytes.length < textAt) throw damaged();
    const dataKey = await this.#dataKey(tenant, false);
    const key = payloadKey(dataKey, bytes.subarray(saltAt, nonceAt));
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(nonceAt, tagAt));
    decipher.setAAD(Buffer.concat([bytes.subarray(0, saltAt), Buffer.from(context)]));
    decipher.setAuthTag(bytes.subarray(tagAt, textAt));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(textAt)), decipher.final()]);
    } catch {
      throw damaged();
    }
  }

  async name(tenant: string, text: string): Promise<string> {
    const dataKey = await this.#dataKey(tenant, true);
    return createHmac('sha256', derived(dataKey, Buffer.alloc(0), 'names'))
      .update(text)
      .digest('hex');
  }

  /** Lets go of the keys that are in memory. */
  forget(): void {
    this.#kept.clear();
  }

  /** What it failed with is forgotten: the next asks again. */
  #dataKey(tenant: string, make: boolean): Promise<Buffer> {
    const now = this.#options.clock.now();
    const known = this.#kept.get(tenant);
    if (known && known.until > now) return known.key;
    const key = this.#load(tenant, make);
    this.#kept.delete(tenant);
    this.#kept.set(tenant, { key, until: now + KEPT_MS });
    key.catch(() => {
      if (this.#kept.get(tenant)?.key === key) this.#kept.delete(tenant);
    });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEYS && oldest !== undefined) this.#kept.delete(oldest);
    return key;
  }

  async #load(tenant: string, make: boolean): Promise<Buffer> {
    const { store, keys, clock } = this.#options;
    const path = dataKeyPath(tenant);
    const [document] = await store.read([path]);
    if (!document && make) {
      const fresh = randomBytes(KEY_BYTES);
      const wrapped = await keys.wrap(tenant, fresh);
      const fields = { tenant, wrapped, createdAt: new Date(clock.now()) };
      try {
        await store.commit([{ kind: 'create', path, fields }]);
        return fresh;
      } catch (error) {
        // Another instance was faster, or this one was and did not hear of it.
        if (hasCode(error, 'AlreadyExists')) return this.#load(tenant, false);
        throw error;
      }
    }
    const { wrapped } = document?.fields ?? {};
    if (!(wrapped instanceof Uint8Array)) throw payloadErased(tenant);
    return Buffer.from(await keys.unwrap(tenant, wrapped));
  }
}

function payloadKey(dataKey: Buffer, salt: Uint8Array): Uint8Array {
  return derived(dataKey, salt, 'payload');
}

function derived(dataKey: Buffer, salt: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', dataKey, salt, `agent-mesh ${purpose}`, KEY_BYTES));
}

function damaged(): MeshError {
  return new MeshError(
    'PayloadDamaged',
    'what is encrypted was changed, or stands where it was not written',
    {
      field: 'data',
    },
  );
}
