import type { ServeBidi } from './grpc/bidi-call.ts';
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

/** The methods of a service, by name. */
export interface Methods {
  /** Those with one answer. */
  readonly methods: Readonly<Record<string, Serve>>;
  /** Those that stream answers which are known all at once: they give a list, which REST answers with. */
  readonly lists?: Readonly<Record<string, Serve>> | undefined;
  /** Those whose two sides both stream, for gRPC alone. */
  readonly streams?: Readonly<Record<string, ServeBidi>> | undefined;
}

/** A service, whatever wire it is called by. */
export interface Api extends Methods {
  readonly protocol: Protocol;
  /** Its full name: `google.pubsub.v1.Publisher`. */
  readonly service: string;
}
