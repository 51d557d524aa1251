import { StatusError } from '../wire/status.ts';
import { type Binding, checkBindings, type Policy } from './policy.ts';
import { type Principal, serviceOf } from './principal.ts';
import { roleHolds } from './roles.ts';

/** A role that a principal holds on a resource and all below it, as an infrastructure program grants it. */
export interface Grant {
  /** `serviceAccount:orders@p.iam.gserviceaccount.com`, `allUsers`, … */
  readonly member: string;
  /** `roles/pubsub.publisher` */
  readonly role: string;
  /** `projects/p`, `projects/p/topics/orders`, … */
  readonly resource: string;
}

export interface AccessControlOptions {
  /** Unless true, policies are kept and shown and nobody is refused. */
  readonly enforce?: boolean;
  readonly grants?: readonly Grant[];
  /** Told of each decision about somebody who is held to grants, as it is made. */
  readonly onDecision?: (decision: Decision) => void;
}

/** What was decided, where access is enforced. */
export interface Decision {
  readonly principal: Principal;
  readonly permission: string;
  readonly resource: string;
  /** Every grant that allows it; of a decision to refuse, none. */
  readonly allowedBy: readonly Grant[];
}

/** What no one set a policy on shows this etag in production. */
const EMPTY_ETAG = Buffer.from('ACAB', 'base64');

/**
 * Who may do what: grants that came with the infrastructure, and the policies that callers set, of all services. A role on a
 * resource holds for everything whose name continues that resource's.
 */
export class AccessControl {
  readonly enforce: boolean;
  readonly #onDecision: AccessControlOptions['onDecision'];
  readonly #grants: Map<string, Binding[]> = new Map();
  readonly #policies = new Map<string, Policy>();
  #etags = 0;

  constructor({ enforce = false, grants = [], onDecision }: AccessControlOptions = {}) {
    this.enforce = enforce;
    this.#onDecision = onDecision;
    for (const { member, role, resource } of grants) {
      const held = this.#grants.get(resource) ?? [];
      this.#grants.set(resource, [...held, { role, members: [member] }]);
    }
  }

  getPolicy(resource: string): Policy {
    const policy = this.#policies.get(resource);
    if (policy) return policy;
    const bindings = this.#grants.get(resource);
    return bindings ? { version: 1, bindings, etag: EMPTY_ETAG } : { etag: EMPTY_ETAG };
  }

  /** Replaces the policy, grants included. @throws StatusError ABORTED for an etag that is not the current one. */
  setPolicy(resource: string, { bindings = [], etag }: Policy): Policy {
    const checked = checkBindings(bindings);
    const current = this.getPolicy(resource).etag ?? EMPTY_ETAG;
    if (etag !== undefined && etag.length > 0 && !Buffer.from(current).equals(etag)) {
      throw new StatusError(
        'ABORTED',
        'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.',
      );
    }
    this.#etags += 1;
    const next = Buffer.alloc(8);
    next.writeUInt32BE(0x07060000);
    next.writeUInt32BE(this.#etags, 4);
    const policy: Policy = { version: 1, bindings: checked, etag: next };
    this.#policies.set(resource, policy);
    this.#grants.delete(resource);
    return policy;
  }

  /** A resource is gone: one that is made later by its name begins without its policy. */
  forget(resource: string): void {
    this.#policies.delete(resource);
  }

  /** Whether the principal holds the permission on the resource or on one above it. */
  allows(principal: Principal, permission: string, resource: string): boolean {
    return principal === 'owner' || !this.#allowing(principal, permission, resource).next().done;
  }

  /** Whether the principal may, where access is enforced; the decision is told of. */
  decide(principal: Principal, permission: string, resource: string): boolean {
    if (!this.enforce) return true;
    if (principal === 'owner' || !this.#onDecision) return this.allows(principal, permission, resource);
    const allowedBy = [...this.#allowing(principal, permission, resource)];
    this.#onDecision({ principal, permission, resource, allowedBy });
    return allowedBy.length > 0;
  }

  *#allowing(principal: Principal, permission: string, resource: string): Generator<Grant> {
    for (const name of selfAndAbove(resource)) {
      for (const { role, members } of this.#policies.get(name)?.bindings ?? this.#grants.get(name) ?? []) {
        if (!roleHolds(role, permission)) continue;
        for (const member of members) if (isMember(principal, member)) yield { member, role, resource: name };
      }
    }
  }

  /**
   * Throws what `denied` makes unless the caller holds the permission; UNAUTHENTICATED for nobody. Does nothing where access is not
   * enforced.
   */
  require(
    principal: Principal | undefined,
    permission: string,
    resource: string,
    denied: (permission: string, resource: string) => StatusError,
  ): void {
    if (!this.enforce) return;
    if (principal === undefined) {
      throw new StatusError(
        'UNAUTHENTICATED',
        'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
      );
    }
    if (!this.decide(principal, permission, resource)) throw denied(permission, resource);
  }
}

function isMember(principal: Principal, member: string): boolean {
  if (member === principal || member === 'allUsers') return true;
  // Nobody in particular, as who calls a function without a token, is one of all users.
  if (member === 'allAuthenticatedUsers') return principal !== 'allUsers';
  const service = serviceOf(principal);
  if (service !== undefined) return serviceOf(member) === service;
  const [kind = '', name = ''] = splitAt(member, member.indexOf(':'));
  const email = principal.slice(principal.indexOf(':') + 1);
  if (kind === 'domain') return email.endsWith(`@${name}`);
  // A principal may come as its bare address.
  return !principal.includes(':') && name === principal && (kind === 'user' || kind === 'serviceAccount');
}

function splitAt(text: string, at: number): [string, string] {
  return [text.slice(0, at), text.slice(at + 1)];
}

/** `projects/p/secrets/s/versions/1`, `projects/p/secrets/s`, `projects/p`. */
function* selfAndAbove(resource: string): Generator<string> {
  const parts = resource.split('/');
  for (let length = parts.length; length >= 2; length -= 2) yield parts.slice(0, length).join('/');
}
