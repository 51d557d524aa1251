import { AsyncLocalStorage } from 'node:async_hooks';

/** Whose payloads are being handled. */
interface TenantScope {
  tenant: string | undefined;
}

const scopes = new AsyncLocalStorage<TenantScope>();

/** Runs the handling of a message as that of a tenant; undefined: of nobody's, and nothing is encrypted. */
export function inTenantScope<Result>(tenant: string | undefined, work: () => Result): Result {
  return scopes.run({ tenant }, work);
}

/** The tenant of the handling that this code is part of. */
export function currentTenant(): string | undefined {
  return scopes.getStore()?.tenant;
}

/** From here on the handling is that of this tenant: what a run is given and sends is its own tenant's, whoever brings it on. */
export function useTenant(tenant: string | undefined): void {
  const scope = scopes.getStore();
  if (scope) scope.tenant = tenant;
}
