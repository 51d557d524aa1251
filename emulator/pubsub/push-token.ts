import type { Clock } from '../../shared/contract/clock.ts';
import type { PushConfig } from './push-config.ts';

/** The claims of a push request's token (https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions). */
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

/** Makes the signed token of some claims. */
export type TokenSigner = (claims: TokenClaims) => string | Promise<string>;

const LIFETIME_SECONDS = 3600;
/** A token is used again until this long before it expires. */
const REFRESH_SECONDS = 300;

/** The tokens of push subscriptions, each signed once and used for most of its hour. */
export class PushTokens {
  readonly #clock: Clock;
  readonly #sign: TokenSigner;
  readonly #tokens = new Map<string, { token: string | Promise<string>; refreshAt: number }>();

  constructor(clock: Clock, sign: TokenSigner) {
    this.#clock = clock;
    this.#sign = sign;
  }

  tokenFor({ endpoint, oidcToken }: PushConfig): string | Promise<string> | undefined {
    if (!oidcToken) return undefined;
    const { serviceAccountEmail: email, audience = endpoint } = oidcToken;
    const key = `${email} ${audience}`;
    const now = Math.floor(this.#clock.now() / 1000);
    let cached = this.#tokens.get(key);
    if (!cached || now >= cached.refreshAt) {
      cached = {
        token: this.#sign({
          iss: 'https://accounts.google.com',
          aud: audience,
          sub: email,
          azp: email,
          email,
          email_verified: true,
          iat: now,
          exp: now + LIFETIME_SECONDS,
        }),
        refreshAt: now + LIFETIME_SECONDS - REFRESH_SECONDS,
      };
      this.#tokens.set(key, cached);
    }
    return cached.token;
  }
}
