import type { Serve } from '../wire/api.ts';
import { StatusError } from '../wire/status.ts';
import type { AccessControl } from './access-control.ts';
import type { Policy } from './policy.ts';
import { principalOf } from './principal.ts';

export interface IamOptions {
  readonly access: AccessControl;
  /** Throws as the service does where there is no such resource. */
  requireResource(name: string): unknown;
}

interface OnResource {
  readonly resource?: string;
}

/** The methods of `google.iam.v1.IAMPolicy`, which every service has for its own resources. */
export function iamMethods({ access, requireResource }: IamOptions) {
  return {
    GetIamPolicy({ resource = '' }: OnResource) {
      requireResource(resource);
      return access.getPolicy(resource);
    },
    SetIamPolicy({ resource = '', policy }: OnResource & { policy?: Policy }) {
      requireResource(resource);
      if (!policy) throw new StatusError('INVALID_ARGUMENT', 'The policy is missing in the request.');
      return access.setPolicy(resource, policy);
    },
    TestIamPermissions(
      { resource = '', permissions = [] }: OnResource & { permissions?: string[] },
      { header },
    ) {
      requireResource(resource);
      for (const permission of permissions) {
        if (!/^[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+$/.test(permission)) {
          throw new StatusError(
            'INVALID_ARGUMENT',
            `Permission ${permission} is not valid for this resource.`,
          );
        }
      }
      const principal = principalOf(header);
      if (!access.enforce) return { permissions };
      return {
        permissions: permissions.filter((each) => principal && access.allows(principal, each, resource)),
      };
    },
  } satisfies Record<string, Serve>;
}
