import type { Serve } from '../wire/api.ts';
import type { StatusError } from '../wire/status.ts';
import type { AccessControl } from './access-control.ts';
import { principalOf } from './principal.ts';

/** The permissions that a request takes, each with the resource. */
export type Needs = (request: never) => readonly (readonly [permission: string, resource: string])[];

/** The methods, each asking first whether the caller may, where access is enforced. */
export function guarded(
  methods: Readonly<Record<string, Serve>>,
  needs: Readonly<Record<string, Needs>>,
  access: AccessControl,
  denied: (permission: string, resource: string) => StatusError,
): Readonly<Record<string, Serve>> {
  if (!access.enforce) return methods;
  const guard = (name: string, serve: Serve): Serve => {
    const need = needs[name];
    if (!need) throw new Error(`nobody says which permissions ${name} takes`);
    return (request, info) => {
      const principal = principalOf(info.header);
      for (const [permission, resource] of need(request))
        access.require(principal, permission, resource, denied);
      return serve(request, info);
    };
  };
  return Object.fromEntries(Object.entries(methods).map(([name, serve]) => [name, guard(name, serve)]));
}
