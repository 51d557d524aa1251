import type { Server, ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadProtocol, serviceOf } from '../wire/service.ts';
import { toServiceError } from '../wire/status.ts';
import type { Broker } from './broker.ts';
import { grpcDialect } from './dialect.ts';
import { Fields } from './fields.ts';
import { METHODS, type Method } from './methods.ts';
import { streamingPull } from './streaming-pull.ts';

/** Serves google.pubsub.v1's Publisher and Subscriber over gRPC. */
export function addPubSubServices(server: Server, broker: Broker): void {
  const protocol = loadProtocol('@google-cloud/pubsub-api/build/protos/protos.json');
  for (const name of ['google.pubsub.v1.Publisher', 'google.pubsub.v1.Subscriber']) {
    const service = serviceOf(protocol, name);
    const handlers: UntypedServiceImplementation = {};
    for (const method of Object.keys(service)) {
      const serve = METHODS[method];
      if (serve) handlers[method] = unaryCall(broker, serve);
    }
    if (service.StreamingPull) handlers.StreamingPull = streamingPull(broker);
    server.addService(service, handlers);
  }
}

function unaryCall(broker: Broker, serve: Method) {
  return async (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    try {
      const request = new Fields(call.request);
      answer(null, await serve({ broker, request, dialect: grpcDialect, signal: gone.signal }));
    } catch (error) {
      answer(toServiceError(error));
    }
  };
}
