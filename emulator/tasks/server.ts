import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import { AccessControl } from '../iam/access-control.ts';
import { CERTS_PATH, createTokenIssuer, type TokenIssuer } from '../identity/token-issuer.ts';
import { addApi, GrpcServer } from '../wire/grpc/server.ts';
import { openPort } from '../wire/port.ts';
import type { OnRequest } from '../wire/request-log.ts';
import { createRest } from '../wire/rest/rest-api.ts';
import { tasksApi } from './api.ts';
import type { Transport } from './dispatch.ts';
import { httpTransport } from './http-transport.ts';
import type { TaskKeeper } from './keeper.ts';
import { signedTokens } from './signer.ts';
import { type TaskFaults, TaskQueues, type TaskQueuesOptions } from './task-queues.ts';

export interface TasksServerOptions extends Partial<TaskQueuesOptions> {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly clock?: Clock;
  /** How tasks reach their targets; HTTP by default. */
  readonly transport?: Transport;
  readonly faults?: TaskFaults;
  /** Told of each request when it is answered. */
  readonly onRequest?: OnRequest;
  /** Who may do what; keeps policies and refuses nobody unless given. */
  readonly access?: AccessControl;
  /** Signs the tokens that tasks carry; one of its own unless given. Its keys are at `/oauth2/v3/certs`. */
  readonly issuer?: TokenIssuer;
  readonly keeper?: QueuesKeeper;
  /** The port opens when this resolves: when what was kept is there again, say. */
  readonly restored?: Promise<void>;
}

/** A keeper that is told which queues it keeps. */
export interface QueuesKeeper extends TaskKeeper {
  keeps(queues: TaskQueues): void;
}

export interface TasksServer {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly port: number;
  readonly core: TaskQueues;
  close(): Promise<void>;
}

/**
 * Starts a local Cloud Tasks that `@google-cloud/tasks` talks to. The client is pointed at it by
 * `{ apiEndpoint: '127.0.0.1', port, sslCreds: credentials.createInsecure(), universeDomain: 'googleapis.com' }`; without the last, the
 * client looks for credentials to learn its universe, down to the metadata server.
 */
export async function startTasks(options: TasksServerOptions = {}): Promise<TasksServer> {
  const http = httpTransport();
  const { clock = systemClock, access = new AccessControl(), issuer = createTokenIssuer() } = options;
  const core = new TaskQueues({
    signer: signedTokens(clock, issuer.sign),
    onDeleted: (name) => access.forget(name),
    ...options,
    clock,
    transport: options.transport ?? http,
  });
  const grpc = new GrpcServer(options.onRequest);
  const api = tasksApi(core, access);
  addApi(grpc, api);
  const rest = createRest({ apis: [api], paths: { [CERTS_PATH]: () => issuer.jwks() } });
  const { port: wanted = 0, host = '127.0.0.1' } = options;
  options.keeper?.keeps(core);
  await options.restored;
  const { address, port, close } = await openPort({
    port: wanted,
    host,
    grpc,
    rest,
    onRequest: options.onRequest,
  });
  return {
    address,
    port,
    core,
    async close() {
      core.close();
      http.close();
      await close();
    },
  };
}
