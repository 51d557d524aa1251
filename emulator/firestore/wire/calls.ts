import type { ServiceDefinition } from '@grpc/grpc-js';
import { StatusError } from '../../wire/status.ts';
import { MAX_REQUEST_BYTES } from '../limits.ts';

/** How often each method was called, by name: `Commit`, `BatchGetDocuments`, … A stream counts when it opens. */
export class CallCounter {
  readonly calls: Record<string, number> = {};

  readonly count = (method: string): void => {
    this.calls[method] = (this.calls[method] ?? 0) + 1;
  };

  reset(): void {
    for (const method of Object.keys(this.calls)) delete this.calls[method];
  }
}

/** The service with the size of requests limited as in production: the call fails, not the connection. */
export function limitRequests(service: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      {
        ...method,
        requestDeserialize: (bytes: Buffer): object => {
          if (bytes.length > MAX_REQUEST_BYTES)
            throw new StatusError(
              'INVALID_ARGUMENT',
              `Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes.`,
            );
          return method.requestDeserialize(bytes);
        },
      },
    ]),
  );
}
