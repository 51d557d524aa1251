import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import { createGrpcServer, openPort } from '../wire/port.ts';
import type { OnRequest } from '../wire/request-log.ts';
import { Broker } from './broker.ts';
import type { Faults } from './faults.ts';
import { addPubSubServices } from './grpc.ts';
import { createHttpPush } from './http-push.ts';
import type { PushTransport } from './push-transport.ts';
import { createRest } from './rest.ts';
import { createTokenIssuer } from './token-issuer.ts';

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

/** Starts a local Pub/Sub that speaks gRPC and REST on one port. Rejects with Node's error when the port cannot be had. */
export async function startPubSub(options: PubSubOptions = {}): Promise<PubSubServer> {
  const { clock = systemClock, pushTransport, faults = {}, ...place } = options;
  const push = createHttpPush();
  const issuer = createTokenIssuer();
  const broker = new Broker({
    clock,
    pushTransport: pushTransport ?? push.send,
    signToken: issuer.sign,
    faults,
  });
  const grpc = createGrpcServer(options.onRequest);
  addPubSubServices(grpc, broker);
  const port = await openPort({ ...place, grpc, rest: createRest(broker, issuer) });
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
