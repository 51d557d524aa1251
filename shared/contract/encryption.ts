import type { Contract } from './agent.ts';
import { MeshError } from './errors.ts';
import type { Json } from './json.ts';

/**
 * Encryption of payloads: what messages and documents hold beside what routes them. Each belongs to a tenant, whose key it is encrypted
 * with; who drops the key erases all of it.
 */
export interface PayloadCodec {
  /**
   * Encrypts.
   *
   * @param context where the result stands; it opens nowhere else
   * @throws MeshError `KeysUnavailable`, `PayloadErased`
   */
  seal(tenant: string, plain: Uint8Array, context: string): Promise<Uint8Array>;
  /**
   * Decrypts what `seal` made in the same context.
   *
   * @throws MeshError `KeysUnavailable`, `PayloadErased`, `PayloadDamaged`
   */
  open(sealed: Uint8Array, context: string): Promise<Uint8Array>;
  /**
   * Names something of the tenant: the same for the same text, and without the key nobody can tell which text it was.
   *
   * @throws MeshError `KeysUnavailable`, `PayloadErased`
   */
  name(tenant: string, text: string): Promise<string>;
}

/** Keys that encrypt data keys, as a port. Implementations: Cloud KMS; a key service in memory. */
export interface KeyService {
  /**
   * Encrypts a data key with the key of a tenant.
   *
   * @throws MeshError `KeysUnavailable`, `PayloadErased` where the key is disabled or destroyed
   */
  wrap(tenant: string, dataKey: Uint8Array): Promise<Uint8Array>;
  /**
   * Decrypts what `wrap` made for the same tenant.
   *
   * @throws MeshError `KeysUnavailable`, `PayloadErased`, `PayloadDamaged`
   */
  unwrap(tenant: string, wrapped: Uint8Array): Promise<Uint8Array>;
}

/** The tenant of what belongs to nobody in particular. */
export const DEFAULT_TENANT = 'default';
/** What the id of a key of Cloud KMS may be (https://docs.cloud.google.com/kms/docs/resource-hierarchy#key_ring_ids). */
const TENANT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

export const isTenant = (text: string) => TENANT.test(text);

/** The attribute that says that the data of a message is encrypted. Whose it is stands in `meshtenant`. */
export const SEALED = 'meshsealed';

/** Names the tenant of a message that came without one. */
export function tenantOf({ encryption, name }: Contract, type: string, data: Json): string | undefined {
  if (!encryption) return undefined;
  const { tenant: field } = encryption;
  if (field === undefined || !type.startsWith(`${name}.`)) return DEFAULT_TENANT;
  const value =
    typeof data === 'object' && data !== null && !Array.isArray(data) && Object.hasOwn(data, field)
      ? data[field]
      : undefined;
  if (value === undefined) return DEFAULT_TENANT;
  if (typeof value === 'string' && isTenant(value)) return value;
  throw new MeshError(
    'SchemaMismatch',
    `${type}: ${field} names a tenant: 1 to 63 letters, digits, dashes and underscores`,
    { field },
  );
}

/** When a message is tried again that the key service could not be asked for. */
const KEYS_RETRY_MS = 10_000;

export function keysUnavailable(why: string, cause?: unknown): MeshError {
  return new MeshError('KeysUnavailable', why, {
    retryAfterMs: KEYS_RETRY_MS,
    ...(cause !== undefined && { cause }),
  });
}

export function payloadErased(tenant: string): MeshError {
  return new MeshError('PayloadErased', `the key of the tenant ${JSON.stringify(tenant)} was dropped`, {
    field: 'meshtenant',
  });
}
