import { AccessControl, type Grant } from '../../emulator/iam/access-control.ts';
import { check } from '../sample/checks.ts';
import type { Reconciliation } from '../sample/reconcile.ts';

/** A call that was refused for want of a grant. */
export interface Denial {
  readonly principal: string;
  readonly permission: string;
  readonly resource: string;
}

/** Holds a local mesh to grants, and keeps what was refused. */
export interface Enforcement {
  readonly access: AccessControl;
  /** Each but once. */
  readonly denials: readonly Denial[];
}

/** `onDenial` is told of each denial when it comes for the first time: calls are made again, and are refused again. */
export function enforce(grants: readonly Grant[], onDenial: (denial: Denial) => void): Enforcement {
  const denials = new Map<string, Denial>();
  const access = new AccessControl({
    enforce: true,
    grants,
    onDecision({ principal, permission, resource, allowedBy }) {
      if (allowedBy.length > 0) return;
      const denial = { principal, permission, resource };
      const text = denialText(denial);
      if (denials.has(text)) return;
      denials.set(text, denial);
      onDenial(denial);
    },
  });
  return {
    access,
    get denials() {
      return [...denials.values()];
    },
  };
}

export const denialText = ({ principal, permission, resource }: Denial) =>
  `${principal} lacks ${permission} on ${resource}`;

/** The books, with whether anybody was refused anything. */
export function withDenials(books: Reconciliation, denials: readonly Denial[]): Reconciliation {
  const checks = [...books.checks, check('calls denied', 0, denials.length, denials.map(denialText))];
  return { ...books, checks, balanced: checks.every(({ ok }) => ok) };
}
