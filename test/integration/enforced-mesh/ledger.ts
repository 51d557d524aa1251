import { AccessControl, type Decision, type Grant } from '../../../emulator/iam/access-control.ts';

const nameOf = ({ member, role, resource }: Grant) => `${member} ${role} ${resource}`;
const textOf = ({ principal, permission, resource }: Decision) => `${principal} ${permission} ${resource}`;

/** Grants, and what was decided by them. */
export class Ledger {
  readonly grants: readonly Grant[];
  readonly access: AccessControl;
  /** Of the grants, those without which something would have been refused. */
  readonly needed = new Set<string>();
  /** What more than one grant allowed: the one or the other is superfluous. */
  readonly doubly = new Set<string>();
  readonly denied = new Set<string>();
  /** What was allowed, each but once. */
  readonly #allowed = new Map<string, Decision>();

  constructor(grants: readonly Grant[]) {
    this.grants = grants;
    this.access = new AccessControl({ enforce: true, grants, onDecision: (one) => this.#note(one) });
  }

  #note(decision: Decision): void {
    const [only, ...others] = decision.allowedBy;
    if (only) this.#allowed.set(textOf(decision), decision);
    if (!only) this.denied.add(textOf(decision));
    else if (others.length > 0) this.doubly.add(textOf(decision));
    else this.needed.add(nameOf(only));
  }

  /** The grants that nothing needed so far. */
  get idle(): Grant[] {
    return this.grants.filter((grant) => !this.needed.has(nameOf(grant)));
  }

  /** The grants of which a mesh could lack any one, and nothing of what was done would have been refused. */
  get superfluous(): Grant[] {
    return this.grants.filter((grant) => {
      const lesser = new AccessControl({
        enforce: true,
        grants: this.grants.filter((other) => other !== grant),
      });
      return [...this.#allowed.values()].every(({ principal, permission, resource }) =>
        lesser.allows(principal, permission, resource),
      );
    });
  }

  /** Takes a grant away, as an operator does by the resource's policy. Returns what gives it back. */
  revoke(grant: Grant): () => void {
    const { bindings = [] } = this.access.getPolicy(grant.resource);
    const rest = bindings.filter(({ role, members }) => role !== grant.role || members[0] !== grant.member);
    if (rest.length !== bindings.length - 1) throw new Error(`there is no one grant ${nameOf(grant)}`);
    this.access.setPolicy(grant.resource, { bindings: rest });
    return () => this.access.setPolicy(grant.resource, { bindings });
  }
}
