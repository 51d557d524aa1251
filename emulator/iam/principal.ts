import type { Principal } from './access-control.ts';

/** Says on whose behalf a call is made: `serviceAccount:orders@p.iam.gserviceaccount.com`, or the address alone. */
const PRINCIPAL_HEADER = 'x-emulator-principal';

/** The same in a user agent: what any gRPC client can be told to send first (`grpc.primary_user_agent`). */
const AGENT = /(?:^|\s)emulator-principal\/(\S+)/;

/**
 * Who calls: named by the header or the user agent, or by the `email` of a bearer token (whose signature nobody looks at: this is no
 * protection, it shows who would be refused). `Bearer owner`, as Google's own emulators have it, may do everything.
 */
export function principalOf(header: (name: string) => string | undefined): Principal | undefined {
  const named = header(PRINCIPAL_HEADER);
  if (named) return named;
  const agent = AGENT.exec(header('user-agent') ?? '')?.[1];
  if (agent) return agent;
  const [scheme = '', token = ''] = (header('authorization') ?? '').split(' ');
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  return token === 'owner' ? 'owner' : emailOf(token);
}

function emailOf(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const { email } = claims as { email?: unknown };
    return typeof email === 'string' ? email : undefined;
  } catch {
    return undefined;
  }
}
