/** Who calls: a member such as `serviceAccount:a@b`, or `owner`, whom nothing is refused. */
export type Principal = string;

/** Says on whose behalf a call is made: `serviceAccount:orders@p.iam.gserviceaccount.com`, or the address alone. */
export const PRINCIPAL_HEADER = 'x-emulator-principal';

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

/**
 * The account by which one of Google's services itself acts, such as `gcp-sa-pubsub`
 * (https://docs.cloud.google.com/iam/docs/service-agents). In production it bears the project's number, of which nothing is known here: a
 * grant to the agent with any number is a grant to it.
 */
export const serviceAgent = (service: string): Principal =>
  `serviceAccount:service-local@${service}.iam.gserviceaccount.com`;

/** Of a service agent, its service. */
export function serviceOf(member: string): string | undefined {
  return /^serviceAccount:service-[^@]+@(gcp-sa-[a-z-]+)\.iam\.gserviceaccount\.com$/.exec(member)?.[1];
}

/** A service account's resource name, of its address. */
export function accountName(email: string): string {
  const project = /@([^@]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? '-';
  return `projects/${project}/serviceAccounts/${email}`;
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
