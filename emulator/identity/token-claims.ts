/** The claims of an OIDC token by which a service of Google's calls (https://cloud.google.com/docs/authentication/token-types#id). */
export interface TokenClaims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly azp: string;
  readonly email: string;
  readonly email_verified: true;
  /** Seconds since the epoch. */
  readonly iat: number;
  readonly exp: number;
}

const LIFETIME_SECONDS = 3600;

/** The claims of a token that the account calls `audience` with, good for an hour from `nowMs`. */
export function claimsOf(email: string, audience: string, nowMs: number): TokenClaims {
  const now = Math.floor(nowMs / 1000);
  return {
    iss: 'https://accounts.google.com',
    aud: audience,
    sub: email,
    azp: email,
    email,
    email_verified: true,
    iat: now,
    exp: now + LIFETIME_SECONDS,
  };
}
