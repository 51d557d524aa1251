import type { ChannelCredentials } from '@grpc/grpc-js';

/** Where a client finds its service. */
export type Endpoint =
  | { projectId: string }
  | {
      projectId: string;
      apiEndpoint: string;
      port: number;
      sslCreds: ChannelCredentials;
      universeDomain: string;
      'grpc.primary_user_agent'?: string;
    };

/** A local server, and who its caller says that it is. */
export interface LocalHost {
  readonly host?: string | undefined;
  /** `serviceAccount:orders@p.iam.gserviceaccount.com`, or `owner`, who may do everything; undefined for nobody in particular. */
  readonly principal?: string | undefined;
}

/** The variables that put a local server in place of a service of Google's. */
export const EMULATOR_HOST = {
  pubsub: 'PUBSUB_EMULATOR_HOST',
  firestore: 'FIRESTORE_EMULATOR_HOST',
  tasks: 'CLOUD_TASKS_EMULATOR_HOST',
  secrets: 'SECRET_MANAGER_EMULATOR_HOST',
  kms: 'CLOUD_KMS_EMULATOR_HOST',
} as const;

/** Tells a process on whose behalf it calls local servers that enforce access. Google's own services know it by its credentials. */
export const EMULATOR_PRINCIPAL = 'EMULATOR_PRINCIPAL';

export type Env = Readonly<Record<string, string | undefined>>;

/** Whether any service is local. */
export function isLocal(env: Env): boolean {
  return Object.values(EMULATOR_HOST).some((variable) => env[variable]);
}

/** The local server of a service, as the environment tells of it. */
export function localHost(service: keyof typeof EMULATOR_HOST, env: Env): LocalHost {
  return { host: env[EMULATOR_HOST[service]], principal: env[EMULATOR_PRINCIPAL] };
}

/** `host:port`, with or without a scheme, as a URL without a path. */
export function emulatorUrl(host: string): URL {
  return new URL(/^https?:\/\//.test(host) ? host : `http://${host}`);
}

/** The service at the local host, or Google's own where there is no host. */
export async function endpoint(projectId: string, { host, principal }: LocalHost): Promise<Endpoint> {
  if (!host) return { projectId };
  // Loaded by the Google clients in any case, but exported by none of them.
  const { credentials } = await import('@grpc/grpc-js');
  const { hostname, port } = emulatorUrl(host);
  return {
    projectId,
    apiEndpoint: hostname,
    port: Number(port || 80),
    sslCreds: credentials.createInsecure(),
    // Said outright, or the client looks for credentials, down to the metadata server, to learn it.
    universeDomain: 'googleapis.com',
    // Over an insecure connection no credentials are sent.
    ...(principal && { 'grpc.primary_user_agent': `emulator-principal/${principal}` }),
  };
}
