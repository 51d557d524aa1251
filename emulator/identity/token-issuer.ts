import { createHash, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { TokenClaims } from './token-claims.ts';

/** Where servers publish the keys, as at Google's https://www.googleapis.com/oauth2/v3/certs. */
export const CERTS_PATH = '/oauth2/v3/certs';

/** Signs the tokens by which local services call, with a key of its own, in place of Google's. */
export interface TokenIssuer {
  sign(claims: TokenClaims): Promise<string>;
  /** The public keys, in the form of https://www.googleapis.com/oauth2/v3/certs. */
  jwks(): Promise<{ keys: object[] }>;
}

/** The key is made when it is first needed: making one takes longer than starting everything else. */
export function createTokenIssuer(): TokenIssuer {
  let made: ReturnType<typeof makeKey> | undefined;
  const key = () => {
    made ??= makeKey();
    return made;
  };
  return {
    async sign(claims) {
      const { privateKey, kid } = await key();
      const head = `${encode({ alg: 'RS256', kid, typ: 'JWT' })}.${encode(claims)}`;
      return `${head}.${sign('RSA-SHA256', Buffer.from(head), privateKey).toString('base64url')}`;
    },
    async jwks() {
      const { publicKey, kid } = await key();
      return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] };
    },
  };
}

async function makeKey(): Promise<{ privateKey: KeyObject; publicKey: KeyObject; kid: string }> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const der = pair.publicKey.export({ type: 'spki', format: 'der' });
  return { ...pair, kid: createHash('sha256').update(der).digest('hex').slice(0, 40) };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
