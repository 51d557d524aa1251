import { StatusError } from '../wire/status.ts';
import { CryptoKey } from './crypto-key.ts';

const RING = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[A-Za-z0-9_-]{1,63}$/;
const KEY_ID = /^[A-Za-z0-9_-]{1,63}$/;

/** The keys of a local Cloud KMS: the core, which knows no wire. Rings and keys are never deleted, as in production. */
export class KeyRings {
  readonly #rings = new Map<string, number>();
  readonly #keys = new Map<string, CryptoKey>();

  /** @throws StatusError `INVALID_ARGUMENT`, `ALREADY_EXISTS` */
  createRing(name: string, now: number): void {
    if (!RING.test(name)) throw new StatusError('INVALID_ARGUMENT', `${name} is no name of a key ring.`);
    if (this.#rings.has(name)) throw new StatusError('ALREADY_EXISTS', `KeyRing ${name} already exists.`);
    this.#rings.set(name, now);
  }

  /** @throws StatusError `NOT_FOUND` */
  ring(name: string): { readonly name: string; readonly createTime: number } {
    const createTime = this.#rings.get(name);
    if (createTime === undefined) throw new StatusError('NOT_FOUND', `KeyRing ${name} not found.`);
    return { name, createTime };
  }

  /** @throws StatusError `NOT_FOUND`, `INVALID_ARGUMENT`, `ALREADY_EXISTS` */
  createKey(ring: string, id: string, now: number): CryptoKey {
    this.ring(ring);
    if (!KEY_ID.test(id)) throw new StatusError('INVALID_ARGUMENT', `${id} is no id of a key.`);
    const name = `${ring}/cryptoKeys/${id}`;
    if (this.#keys.has(name)) throw new StatusError('ALREADY_EXISTS', `CryptoKey ${name} already exists.`);
    const key = new CryptoKey(name, now);
    this.#keys.set(name, key);
    return key;
  }

  /** @throws StatusError `NOT_FOUND` */
  key(name: string): CryptoKey {
    const key = this.#keys.get(name);
    if (!key) throw new StatusError('NOT_FOUND', `CryptoKey ${name} not found.`);
    return key;
  }

  clear(): void {
    this.#rings.clear();
    this.#keys.clear();
  }

  keysOf(ring: string): CryptoKey[] {
    this.ring(ring);
    return [...this.#keys.values()].filter(({ name }) => name.startsWith(`${ring}/`));
  }
}
