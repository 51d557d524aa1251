import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import { AccessControl } from '../iam/access-control.ts';
import { addApi, GrpcServer } from '../wire/grpc/server.ts';
import { openPort } from '../wire/port.ts';
import type { OnRequest } from '../wire/request-log.ts';
import { createRest } from '../wire/rest/rest-api.ts';
import { secretsApi } from './api.ts';
import type { SecretKeeper } from './keeper.ts';
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
  /** Who may do what; keeps policies and refuses nobody unless given. */
  readonly access?: AccessControl;
  /** Keeps what there is beyond the process. */
  readonly keeper?: VaultKeeper;
  /** The port opens when this resolves: when what was kept is there again, say. */
  readonly restored?: Promise<void>;
}

/** A keeper that is told which vault it keeps. */
export interface VaultKeeper extends SecretKeeper {
  keeps(vault: SecretVault): void;
}

export interface SecretsServer {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly port: number;
  readonly core: SecretVault;
  close(): Promise<void>;
}

/**
 * Starts a local Secret Manager that `@google-cloud/secret-manager` talks to. The client is pointed at it by
 * `{ apiEndpoint: '127.0.0.1', port, sslCreds: credentials.createInsecure(), universeDomain: 'googleapis.com' }`; without the last, the
 * client looks for credentials to learn its universe, down to the metadata server.
 */
export async function startSecrets(options: SecretsServerOptions = {}): Promise<SecretsServer> {
  const { port: wanted = 0, host = '127.0.0.1', clock = systemClock, secrets = {} } = options;
  const { access = new AccessControl() } = options;
  const core = new SecretVault(clock, secrets, (name) => access.forget(name), options.keeper);
  options.keeper?.keeps(core);
  const grpc = new GrpcServer(options.onRequest);
  const api = secretsApi(core, access);
  addApi(grpc, api);
  const rest = createRest({ apis: [api] });
  if (options.restored) {
    await options.restored;
    core.reseed();
  }
  const { address, port, close } = await openPort({
    port: wanted,
    host,
    grpc,
    rest,
    onRequest: options.onRequest,
  });
  return { address, port, core, close };
}
