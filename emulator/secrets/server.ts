import { createRequire } from 'node:module';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import type { PageRequest } from '../wire/page.ts';
import { createGrpcServer, openPort } from '../wire/port.ts';
import type { OnRequest } from '../wire/request-log.ts';
import { loadProtocol, serviceOf } from '../wire/service.ts';
import { StatusError } from '../wire/status.ts';
import { unary } from '../wire/unary.ts';
import { type SecretMessage, secretMessage, settingsOf, versionMessage } from './messages.ts';
import type { VersionState } from './secret.ts';
import { SecretVault, type SeedSecrets } from './secret-vault.ts';

export interface SecretsServerOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly clock?: Clock;
  /** Secrets to begin with: project id, then secret id, then value. */
  readonly secrets?: SeedSecrets;
  /** Told of each request when it is answered. */
  readonly onRequest?: OnRequest;
}

export interface SecretsServer {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly port: number;
  readonly core: SecretVault;
  close(): Promise<void>;
}

interface Named {
  readonly name: string;
  readonly etag?: string;
}

interface Listing extends PageRequest {
  readonly parent: string;
  readonly filter?: string;
}

/**
 * Starts a local Secret Manager that `@google-cloud/secret-manager` talks to. The client is pointed at it by
 * `{ apiEndpoint: '127.0.0.1', port, sslCreds: credentials.createInsecure(), universeDomain: 'googleapis.com' }`; without the last, the
 * client looks for credentials to learn its universe, down to the metadata server.
 */
export async function startSecrets(options: SecretsServerOptions = {}): Promise<SecretsServer> {
  const { port: wanted = 0, host = '127.0.0.1', clock = systemClock, secrets = {} } = options;
  const core = new SecretVault(clock, secrets);
  const grpc = createGrpcServer(options.onRequest);
  const protocol = loadProtocol(
    createRequire(import.meta.url).resolve('@google-cloud/secret-manager/build/protos/protos.json'),
  );
  grpc.addService(serviceOf(protocol, 'google.cloud.secretmanager.v1.SecretManagerService'), methodsOf(core));
  const { address, port, close } = await openPort({ port: wanted, host, grpc, onRequest: options.onRequest });
  return { address, port, core, close };
}

function methodsOf(core: SecretVault): UntypedServiceImplementation {
  const setState = (state: VersionState) =>
    unary(({ name, etag }: Named) => versionMessage(core.setVersionState(name, state, etag)));
  return {
    CreateSecret: unary((request: { parent: string; secretId: string; secret?: SecretMessage }) =>
      secretMessage(core.createSecret(request.parent, request.secretId, settingsOf(request.secret ?? {}))),
    ),
    GetSecret: unary(({ name }: Named) => secretMessage(core.getSecret(name))),
    ListSecrets: unary(({ parent, filter, ...request }: Listing) => {
      refuseFilter(filter);
      const { items, nextPageToken } = core.listSecrets(parent, request);
      return { secrets: items.map(secretMessage), nextPageToken };
    }),
    UpdateSecret: unary(
      ({ secret, updateMask }: { secret: SecretMessage; updateMask?: { paths?: string[] } }) =>
        secretMessage(
          core.updateSecret(secret.name ?? '', settingsOf(secret, updateMask?.paths), secret.etag),
        ),
    ),
    DeleteSecret: unary(({ name, etag }: Named) => {
      core.deleteSecret(name, etag);
      return {};
    }),
    AddSecretVersion: unary(({ parent, payload }: { parent: string; payload?: PayloadMessage }) => {
      const { data = Buffer.alloc(0), dataCrc32c } = payload ?? {};
      const checksum = dataCrc32c === undefined ? undefined : Number(dataCrc32c);
      return versionMessage(core.addVersion(parent, data, checksum));
    }),
    GetSecretVersion: unary(({ name }: Named) => versionMessage(core.getVersion(name))),
    ListSecretVersions: unary(({ parent, filter, ...request }: Listing) => {
      refuseFilter(filter);
      const { items, nextPageToken } = core.listVersions(parent, request);
      return { versions: items.map(versionMessage), nextPageToken };
    }),
    AccessSecretVersion: unary(({ name: wanted }: Named) => {
      const { name, payload } = core.access(wanted);
      return { name, payload: { data: payload.data, dataCrc32c: String(payload.checksum) } };
    }),
    EnableSecretVersion: setState('ENABLED'),
    DisableSecretVersion: setState('DISABLED'),
    DestroySecretVersion: setState('DESTROYED'),
  };
}

interface PayloadMessage {
  readonly data?: Buffer;
  readonly dataCrc32c?: string;
}

function refuseFilter(filter = ''): void {
  if (filter !== '') throw new StatusError('UNIMPLEMENTED', 'Filters on lists are not served locally.');
}
