import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import { AccessControl } from '../iam/access-control.ts';
import { accountName, serviceAgent } from '../iam/principal.ts';
import { CERTS_PATH, createTokenIssuer, type TokenIssuer } from '../identity/token-issuer.ts';
import { addApi, GrpcServer } from '../wire/grpc/server.ts';
import { openPort } from '../wire/port.ts';
import type { OnRequest } from '../wire/request-log.ts';
import { createRest } from '../wire/rest/rest-api.ts';
import { StatusError } from '../wire/status.ts';
import { iamRules, pubsubApis } from './api.ts';
import { Broker } from './broker.ts';
import type { Faults } from './faults.ts';
import { createHttpPush } from './http-push.ts';
import type { PubSubKeeper } from './keeper.ts';
import type { PushTransport } from './push-transport.ts';

export interface PubSubOptions {
  /** 0 or none takes any free port. */
  readonly port?: number;
  /** `127.0.0.1` unless given. */
  readonly host?: string;
  readonly clock?: Clock;
  /** How pushes leave; HTTP unless given. */
  readonly pushTransport?: PushTransport;
  readonly faults?: Faults;
  /** Told of each request when it is answered. */
  readonly onRequest?: OnRequest;
  /** Who may do what; keeps policies and refuses nobody unless given. */
  readonly access?: AccessControl;
  /** Keeps what there is beyond the process. */
  readonly keeper?: BrokerKeeper;
  /** The port opens when this resolves: when what was kept is there again, say. */
  readonly restored?: Promise<void>;
  /** Signs the tokens of pushes; one of its own unless given. */
  readonly issuer?: TokenIssuer;
}

/** A keeper that is told which broker it keeps. */
export interface BrokerKeeper extends PubSubKeeper {
  /** Whether it wants to be told of changes. */
  readonly live: boolean;
  keeps(broker: Broker): void;
}

/** A running local Pub/Sub. */
export interface PubSubServer {
  /** What `PUBSUB_EMULATOR_HOST` takes. */
  readonly address: string;
  readonly port: number;
  readonly broker: Broker;
  /** Ends every stream and push, and frees the port. */
  close(): Promise<void>;
}

/** Far more than a publish may have: which limit it passes is told by the broker, with INVALID_ARGUMENT. */
const LARGEST_REQUEST_BYTES = 256 * 1024 * 1024;

/** The account by which the service itself acts in a project. */
const SERVICE_AGENT = serviceAgent('gcp-sa-pubsub');

/** Starts a local Pub/Sub that speaks gRPC and REST on one port. Rejects with Node's error when the port cannot be had. */
export async function startPubSub(options: PubSubOptions = {}): Promise<PubSubServer> {
  const { clock = systemClock, pushTransport, faults = {}, access = new AccessControl() } = options;
  const { keeper, restored, ...place } = options;
  const push = createHttpPush();
  const { issuer = createTokenIssuer() } = options;
  const broker = new Broker({
    clock,
    pushTransport: pushTransport ?? push.send,
    signToken: (claims) => {
      requireTokenCreator(access, claims.email);
      return issuer.sign(claims);
    },
    faults,
    ...(keeper?.live && { keeper }),
    mayForward: (subscription, topic) => mayForward(access, subscription, topic),
    onDeleted: (name) => access.forget(name),
  });
  const grpc = new GrpcServer(options.onRequest, LARGEST_REQUEST_BYTES);
  const apis = pubsubApis(broker, access);
  for (const api of apis) addApi(grpc, api);
  const rest = createRest({ apis, rules: iamRules, paths: { [CERTS_PATH]: () => issuer.jwks() } });
  keeper?.keeps(broker);
  await restored;
  const port = await openPort({ ...place, grpc, rest });
  return {
    address: port.address,
    port: port.port,
    broker,
    async close() {
      broker.close();
      await port.close();
      push.close();
    },
  };
}

/** https://cloud.google.com/pubsub/docs/handling-failures#grant_forwarding_permissions: without these grants nothing is forwarded, silently. */
function mayForward(access: AccessControl, subscription: string, topic: string): boolean {
  return (
    access.decide(SERVICE_AGENT, 'pubsub.topics.publish', topic) &&
    access.decide(SERVICE_AGENT, 'pubsub.subscriptions.consume', subscription)
  );
}

/**
 * https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions: without this grant no token is made, and nothing is pushed.
 *
 * @throws StatusError PERMISSION_DENIED
 */
function requireTokenCreator(access: AccessControl, email: string): void {
  const permission = 'iam.serviceAccounts.getOpenIdToken';
  access.require(SERVICE_AGENT, permission, accountName(email), () => {
    return new StatusError('PERMISSION_DENIED', `Permission '${permission}' denied on ${email}.`);
  });
}
