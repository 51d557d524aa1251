import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import type { CallInfo, Serve } from '../../wire/api.ts';
import { GONE } from '../../wire/gone.ts';
import { StatusError, toServiceError } from '../../wire/status.ts';
import { MAX_REQUEST_BYTES } from '../limits.ts';

/** How often each method was called, by name: `Commit`, `BatchGetDocuments`, … A stream counts when it opens. */
export class CallCounter {
  readonly calls: Record<string, number> = {};

  count(method: string): void {
    this.calls[method] = (this.calls[method] ?? 0) + 1;
  }

  reset(): void {
    for (const method of Object.keys(this.calls)) delete this.calls[method];
  }
}

/** Stands in for a request that cannot be read. */
class UnreadableRequest {
  readonly reason: StatusError;

  constructor(reason: StatusError) {
    this.reason = reason;
  }
}

/** The service with requests that are too large or malformed refused as in production: the call fails, not the connection. */
export function limitRequests(service: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      {
        ...method,
        requestDeserialize: (bytes: Buffer): object => {
          if (bytes.length > MAX_REQUEST_BYTES) return new UnreadableRequest(oversized());
          try {
            return method.requestDeserialize(bytes);
          } catch (error) {
            if (error instanceof StatusError) return new UnreadableRequest(error);
            throw error;
          }
        },
      },
    ]),
  );
}

function oversized(): StatusError {
  return new StatusError(
    'INVALID_ARGUMENT',
    `Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes.`,
  );
}

/** @throws StatusError INVALID_ARGUMENT */
export function checkRequest(request: unknown): void {
  if (request instanceof UnreadableRequest) throw request.reason;
}

/** A method with one answer. */
export function unary(serve: Serve): handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    const respond = async () => {
      checkRequest(call.request);
      return serve(call.request as never, infoOf(call));
    };
    respond().then(
      (response) => callback(null, response),
      (error) => callback(toServiceError(error)),
    );
  };
}

/** A method with a stream of answers, which are known all at once. */
export function streaming(serve: Serve): handleServerStreamingCall<unknown, unknown> {
  return (call) => {
    const respond = async () => {
      checkRequest(call.request);
      const answers = await serve(call.request as never, infoOf(call));
      for (const answer of answers as Iterable<unknown>) call.write(answer);
      call.end();
    };
    respond().catch((error) => failStream(call, error));
  };
}

/** Ends a stream with an error. */
export function failStream(
  call: Pick<ServerWritableStream<unknown, unknown>, 'sendMetadata' | 'emit'>,
  error: unknown,
): void {
  // Headers first: a stream that fails without any is taken for unanswered by Google's clients, which then ask twice more,
  // seconds apart, whatever the error says.
  call.sendMetadata(new Metadata());
  call.emit('error', toServiceError(error));
}

/** `signal` aborts when the client has gone. */
function infoOf(call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>): CallInfo {
  const abandoned = new AbortController();
  call.on('cancelled', () => abandoned.abort(GONE));
  return { signal: abandoned.signal, header: headerOf(call.metadata) };
}

export function headerOf(metadata: Metadata): CallInfo['header'] {
  return (name) => metadata.get(name)[0]?.toString();
}
