import type { Clock } from '../../shared/contract/clock.ts';
import { claimsOf, type TokenClaims } from '../identity/token-claims.ts';
import type { PushConfig } from './push-config.ts';

/** Makes the signed token of some claims. */
export type TokenSigner = (claims: TokenClaims) => string | Promise<string>;

/** A token is used again until this long before it expires. */
const REFRESH_SECONDS = 300;

/** The tokens of push subscriptions, each signed once and used for most of its hour. */
export class PushTokens {
  readonly #clock: Clock;
  readonly #sign: TokenSigner;
  readonly #tokens = new Map<string, { token: string | Promise<string>; refreshAtMs: number }>();

  constructor(clock: Clock, sign: TokenSigner) {
    this.#clock = clock;
    this.#sign = sign;
  }

  tokenFor({ endpoint, oidcToken }: PushConfig): string | Promise<string> | undefined {
    if (!oidcToken) return undefined;
    const { serviceAccountEmail: email, audience = endpoint } = oidcToken;
    const key = `${email} ${audience}`;
    const nowMs = this.#clock.now();
    let cached = this.#tokens.get(key);
    if (!cached || nowMs >= cached.refreshAtMs) {
      const claims = claimsOf(email, audience, nowMs);
      cached = { token: this.#sign(claims), refreshAtMs: (claims.exp - REFRESH_SECONDS) * 1000 };
      this.#tokens.set(key, cached);
    }
    return cached.token;
  }
}
