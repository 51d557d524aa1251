import type { Clock } from '../../shared/contract/clock.ts';
import type { Authorization } from './task.ts';

/** Makes the token that goes into a task's `Authorization: Bearer` header. */
export type TokenSigner = (authorization: Authorization) => string;

const LIFETIME_SECONDS = 3600;

/**
 * Tokens with the claims that Google's have, not signed by anybody (`alg: none`): enough for a local receiver to see who
 * calls and for which audience. Inject a signer of your own where the receiver verifies signatures.
 */
export function unsignedTokens(clock: Clock): TokenSigner {
  return (authorization) => {
    const { serviceAccountEmail } = authorization;
    if (authorization.kind === 'oauth') {
      return `local.${encode({ email: serviceAccountEmail, scope: authorization.scope })}`;
    }
    const issuedAt = Math.floor(clock.now() / 1000);
    const claims = {
      iss: 'https://accounts.google.com',
      aud: authorization.audience,
      sub: serviceAccountEmail,
      email: serviceAccountEmail,
      email_verified: true,
      iat: issuedAt,
      exp: issuedAt + LIFETIME_SECONDS,
    };
    return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`;
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
