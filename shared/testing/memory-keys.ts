import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type KeyService, keysUnavailable, payloadErased } from '../contract/encryption.ts';
import { MeshError } from '../contract/errors.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The KeyService port in memory: each tenant has a key of its own, made when it is first asked for. */
export class MemoryKeys implements KeyService {
  /** While true, nothing can be asked for. */
  down = false;
  /** How often it was asked. */
  asked = 0;
  readonly #keys = new Map<string, Buffer | 'dropped'>();

  /** Drops the key of a tenant, for good. */
  drop(tenant: string): void {
    this.#keys.set(tenant, 'dropped');
  }

  async wrap(tenant: string, dataKey: Uint8Array): Promise<Uint8Array> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#keyOf(tenant), nonce);
    const wrapped = Buffer.concat([cipher.update(dataKey), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), wrapped]);
  }

  async unwrap(tenant: string, wrapped: Uint8Array): Promise<Uint8Array> {
    const key = this.#keyOf(tenant);
    const textAt = NONCE_BYTES + TAG_BYTES;
    try {
      const decipher = createDecipheriv(CIPHER, key, wrapped.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(wrapped.subarray(NONCE_BYTES, textAt));
      return Buffer.concat([decipher.update(wrapped.subarray(textAt)), decipher.final()]);
    } catch {
      throw new MeshError('PayloadDamaged', `the data key of ${JSON.stringify(tenant)} was changed`);
    }
  }

  #keyOf(tenant: string): Buffer {
    if (this.down) throw keysUnavailable('the key service is down');
    this.asked += 1;
    const key = this.#keys.get(tenant) ?? randomBytes(32);
    if (key === 'dropped') throw payloadErased(tenant);
    this.#keys.set(tenant, key);
    return key;
  }
}
