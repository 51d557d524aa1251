import type { Clock } from '../../shared/contract/clock.ts';
import { claimsOf, type TokenClaims } from '../identity/token-claims.ts';
import type { Authorization } from './task.ts';

/** Makes the token that goes into a task's `Authorization: Bearer` header. */
export type TokenSigner = (authorization: Authorization) => string | Promise<string>;

/** OIDC tokens as `sign` makes them of their claims; OAuth tokens, which only Google reads, are made up. */
export function signedTokens(
  clock: Clock,
  sign: (claims: TokenClaims) => string | Promise<string>,
): TokenSigner {
  return (authorization) => {
    const { serviceAccountEmail: email } = authorization;
    return authorization.kind === 'oauth'
      ? `local.${encode({ email, scope: authorization.scope })}`
      : sign(claimsOf(email, authorization.audience, clock.now()));
  };
}

/** Tokens that nobody signs (`alg: none`): enough for a receiver to see who calls and for which audience. */
export function unsignedTokens(clock: Clock): TokenSigner {
  return signedTokens(clock, (claims) => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
