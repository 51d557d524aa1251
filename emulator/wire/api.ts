import type { Server, ServerUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { afterAnswer } from './after-answer.ts';
import { GONE } from './gone.ts';
import type { Protocol } from './protocol.ts';
import { toServiceError } from './status.ts';

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

/** A service's unary methods, whatever wire they are called by. */
export interface Api {
  readonly protocol: Protocol;
  /** Its full name: `google.pubsub.v1.Publisher`. */
  readonly service: string;
  readonly methods: Readonly<Record<string, Serve>>;
  /** Its methods that stream an answer known at once: they give a list, which REST answers with. */
  readonly lists?: Readonly<Record<string, Serve>>;
  /** Its streaming methods, for gRPC alone. */
  readonly streams?: UntypedServiceImplementation;
}

/** Serves an API over gRPC. */
export function addApi(server: Server, { protocol, service, methods, streams }: Api): void {
  const handlers: UntypedServiceImplementation = { ...streams };
  for (const [name, serve] of Object.entries(methods)) handlers[name] = unaryCall(serve);
  server.addService(protocol.service(service), handlers);
}

function unaryCall(serve: Serve) {
  return async (
    call: ServerUnaryCall<unknown, unknown>,
    answer: (error: ReturnType<typeof toServiceError> | null, response?: unknown) => void,
  ) => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort(GONE));
    const header = (name: string) => call.metadata.get(name)[0]?.toString();
    try {
      const later = (then: () => void) => afterAnswer(gone.signal, then);
      answer(null, await serve(call.request as never, { signal: gone.signal, header, afterAnswer: later }));
    } catch (error) {
      answer(toServiceError(error));
    }
  };
}
