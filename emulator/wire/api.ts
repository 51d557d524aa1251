import type { GrpcMethods, GrpcServer } from './grpc/server.ts';
import type { Protocol } from './protocol.ts';

/** Who calls and how, beside the request. */
export interface CallInfo {
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
  /** A header of the call, by its lower-case name. */
  header(name: string): string | undefined;
  /** Has something done when the answer has been sent. Absent where nobody can tell: it may be done at once then. */
  afterAnswer?(then: () => void): void;
}

/** Answers one method. What it throws becomes the call's status. */
export type Serve = (request: never, info: CallInfo) => unknown;

/**
 * A service's methods, whatever wire they are called by: REST answers with a list where gRPC streams one. What both sides stream is for
 * gRPC alone.
 */
export interface Api extends GrpcMethods {
  readonly protocol: Protocol;
  /** Its full name: `google.pubsub.v1.Publisher`. */
  readonly service: string;
}

/** Serves an API over gRPC. */
export function addApi(server: GrpcServer, { protocol, service, ...methods }: Api): void {
  server.add(protocol.service(service), methods);
}
