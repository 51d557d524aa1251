import { type KeyService, keysUnavailable, type PayloadCodec } from '../../contract/encryption.ts';
import type { Ports } from '../../contract/ports.ts';
import type { Store } from '../../contract/store.ts';
import { EnvelopeCodec } from './envelope-codec.ts';
import { SealedStore } from './sealed-store.ts';

/**
 * A store for who looks at a mesh from outside: payloads are decrypted where the caller has keys and may use them, and are left out elsewhere, as
 * the document then says (`closed`).
 */
export function readingStore({
  store,
  clock,
  keys,
}: Pick<Ports, 'store' | 'clock'> & { readonly keys?: KeyService }): Store {
  const codec = keys ? new EnvelopeCodec({ keys, store, clock }) : WITHOUT_KEYS;
  return new SealedStore({ store, codec, closedWithoutKeys: true });
}

const refused = async (): Promise<never> => {
  throw keysUnavailable('payloads are encrypted, and there are no keys here: set MESH_KEY_RING');
};
const WITHOUT_KEYS: PayloadCodec = { seal: refused, open: refused, name: refused };
