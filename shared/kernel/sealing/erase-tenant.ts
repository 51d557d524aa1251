import type { Clock } from '../../contract/clock.ts';
import { dataKeyPath } from '../../contract/names.ts';
import type { Store } from '../../contract/store.ts';

/**
 * Drops the data key of a tenant: all that was encrypted with it can't be read any more, and nothing new is encrypted for the tenant. Instances
 * notice within five minutes. A backup of the database still holds the wrapped key: only dropping the key that wraps it makes that useless.
 *
 * @throws MeshError `StoreUnavailable`
 */
export async function eraseTenant(
  { store, clock }: { readonly store: Pick<Store, 'commit'>; readonly clock: Clock },
  tenant: string,
): Promise<void> {
  const fields = { tenant, erasedAt: new Date(clock.now()) };
  await store.commit([{ kind: 'put', path: dataKeyPath(tenant), fields }]);
}
